"""The protocols whose TLS is checked."""

from __future__ import annotations

from enum import StrEnum

HTTPS_PORT = 443


class Protocol(StrEnum):
    HTTPS = "https"  # TLS from the first byte on
