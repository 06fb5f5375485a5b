"""Settings for networks and addresses: which ones are checked, and where the site listens."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from webapp.config.parsers import is_port


def network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            "it must be networks such as 10.0.0.0/8 or fd00::/8, separated by commas"
        ) from None


def ports(text: str) -> tuple[int, ...]:
    """The ports that may be asked, each once, in the order given. 443 is always one of them."""
    each = [part.strip() for part in text.split(",") if part.strip()]
    if not all(map(is_port, each)):
        raise ValueError("it must be ports from 1 to 65535, separated by commas")
    return tuple(dict.fromkeys([443, *map(int, each)]))


# A scheme and a host, which may be all below a domain, with or without a port: as CSP has it
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


def site_origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text.lower()):
        raise ValueError(
            "it must be sites such as https://billing.example.com, separated by commas"
        )
    return text.lower()


def connect_to(text: str) -> tuple[str, str, int]:
    pattern, _, where = text.partition("=")
    address, _, port = where.rpartition(":")
    if not (pattern.strip() and is_port(port)):
        raise ValueError("it must be pattern=address:port, separated by commas")
    try:
        literal = str(ip_address(address.strip().removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError(f"{address!r} is not an IP address") from None
    return pattern.strip().lower().removesuffix("."), literal, int(port)


def listen_address(text: str) -> str:
    address, _, port = text.rpartition(":")
    if not (re.fullmatch(r"[0-9A-Za-z.-]+|\[[0-9A-Fa-f:]+\]", address) and is_port(port)):
        raise ValueError("it must be address:port, such as 127.0.0.1:8000")
    return text


def is_taken(listen: str) -> bool:
    """Whether this address:port is taken already."""
    address, _, port = listen.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as sock:
        return sock.connect_ex((address.strip("[]"), int(port))) == 0
