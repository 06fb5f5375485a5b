"""The protocols whose TLS is checked, and the ports where they are.

What a protocol says before TLS would stand here, one entry a protocol: HTTPS says nothing.
"""

from __future__ import annotations

from enum import StrEnum

HTTPS_PORT = 443
# Those of a web server's usual second site, of cPanel, WHM, Webmail, Proxmox and Webmin
DEFAULT_PORTS = (HTTPS_PORT, 8443, 2083, 2087, 2096, 8006, 10000)


class Protocol(StrEnum):
    HTTPS = "https"  # TLS from the first byte on


def authority(hostname: str, port: int) -> str:
    """A host name with its port where that is another than 443 (RFC 3986, 3.2): the text that
    `check` takes for it."""
    return hostname if port == HTTPS_PORT else f"{hostname}:{port}"
