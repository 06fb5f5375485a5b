"""How this site asks: the engine's settings from the site's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.probe import ConnectTo, Settings


def probe_settings(config: Mapping[str, Any]) -> Settings:
    """The engine's settings, from the PADLOCK_* values in `config`."""
    return Settings(
        timeout=config["PADLOCK_PROBE_TIMEOUT"],
        ca_bundle=config["PADLOCK_CA_BUNDLE"],
        allowed_networks=config["PADLOCK_ALLOWED_NETWORKS"],
        connect_to=tuple(ConnectTo(*entry) for entry in config["PADLOCK_CONNECT_TO"]),
    )
