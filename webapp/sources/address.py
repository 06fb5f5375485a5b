"""The addresses of sources: which may be entered, and which may be asked."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app

from webapp.monitor.probing import probe_settings
from webapp.sources.fault import BadValue, Fault
from webapp.sources.loopback import is_loopback
from webapp.words import sources as say

MOST_URL_CHARACTERS = 500
LOOKUP_SECONDS = 5.0  # in which DNS has to say where a name leads


def server_of(url: str) -> tuple[str, str]:
    """What is asked at this address: credentials are only for it."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def read(text: str, kind: str) -> tuple[str, str]:
    """The address that was entered, and for a CSV what stands behind its "?": a key may be in
    there. Raises `BadValue`."""
    try:
        parts = urlsplit(text)
        web = parts.scheme in ("http", "https") and bool(parts.hostname)
        known = web and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or not text.isprintable() or " " in text or len(text) > MOST_URL_CHARACTERS:
        raise BadValue("url", say.bad_url())
    if parts.username is not None or parts.password is not None:
        raise BadValue("url", say.url_with_login())
    if parts.fragment:
        raise BadValue("url", say.url_with_fragment())
    if parts.query and kind != "csv":
        raise BadValue("url", say.url_with_query())
    if not may_be_asked(text) or not _leads_to_allowed(text):
        raise BadValue("url", say.fault_text("plain", {}))
    path = parts.path if kind == "csv" else parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}", parts.query


def may_be_asked(url: str) -> bool:
    """Whether a source may be asked at this address: without TLS only on this machine and in
    `PADLOCK_ALLOWED_NETWORKS`. Where a name leads is checked at each connection."""
    parts = urlsplit(url)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return True
    networks = current_app.config["PADLOCK_ALLOWED_NETWORKS"]
    try:
        address = ip_address(parts.hostname or "")
    except ValueError:
        return bool(networks)
    return any(address in network for network in networks)


def _leads_to_allowed(url: str) -> bool:
    """Whether a name that is asked without TLS leads to allowed networks, as far as is known now;
    it is seen again at each connection."""
    from webapp.sources.guarded import Guard  # an HTTP client, which no start needs

    parts = urlsplit(url)
    if parts.scheme == "https":
        return True

    guard = Guard(replace(probe_settings(current_app.config), timeout=LOOKUP_SECONDS))
    try:
        guard.plain_endpoints(parts.hostname or "", parts.port or 80)
    except Fault:
        return False
    return True
