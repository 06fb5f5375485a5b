"""Host names in the script that people write them in."""

from __future__ import annotations

import idna


def to_unicode(authority: str) -> str:
    """An A-label as people write it, with the port where there is one; a label that no current rule
    decodes stays as it is."""
    if "xn--" not in authority:
        return authority
    hostname, colon, port = authority.partition(":")
    return ".".join(_shown(label) for label in hostname.split(".")) + colon + port


def _shown(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except UnicodeError:
        return label
