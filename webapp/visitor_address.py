"""Where a request comes from, behind `PADLOCK_TRUSTED_PROXIES`."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import request


def address() -> str:
    """The visitor's IP address, as people write it."""
    return str(parsed_address() or "unknown")


def network() -> str:
    """The network that requests are counted for.

    One household has 2**64 addresses of IPv6: they count as one.
    """
    found = parsed_address()
    if found is None:
        return "nowhere"
    return str(ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def parsed_address() -> IPv4Address | IPv6Address | None:
    """The visitor's IP address; None where what the server or a proxy says is none.

    One of IPv4 may come dressed as one of IPv6; what may stand behind a "%" is no part of it, and
    can be any text.
    """
    try:
        found = ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
