"""Settings for the broker (Redis)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import certifi


def broker_url(text: str) -> str:
    if text and not re.fullmatch(r"rediss?://[^\s/?#]+(/[0-9]{1,3})?/?", text):
        raise ValueError(
            "it must be redis[s]://host:6379/0, with :password@ before the host if it has one"
        )
    return text


def broker_tls(settings: Mapping[str, Any]) -> dict[str, Any]:
    """How the broker's certificate is verified, as redis-py, and Celery's transport through it, are
    told; the latter would take any if it were not. Nothing for redis://."""
    if not settings["PADLOCK_BROKER_URL"].startswith("rediss://"):
        return {}
    roots = settings["PADLOCK_BROKER_CA"] or certifi.where()
    return {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": str(roots)}
