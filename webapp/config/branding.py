"""Settings for the name and the logo of the site."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from webapp.config.parsers import existing_file

MAX_LOGO_BYTES = 256 * 1024  # bytes


@dataclass(frozen=True)
class Logo:
    """The provider's logo: its bytes, and their type by what they are rather than by what the file
    is called."""

    data: bytes = field(repr=False)
    type: str


def logo(text: str) -> Logo | None:
    path = existing_file(text)
    if path is None:
        return None
    data = path.read_bytes()
    if len(data) > MAX_LOGO_BYTES:
        raise ValueError(f"it takes a file of {MAX_LOGO_BYTES // 1024} KiB at most")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Logo(data, "image/png")
    if re.match(rb"(\xef\xbb\xbf)?\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)", data) and b"<svg" in data:
        return Logo(data, "image/svg+xml")
    raise ValueError("it takes an SVG or PNG file")


def site_name(text: str) -> str:
    if len(text) > 40 or not text.isprintable():
        raise ValueError("it takes at most 40 characters, on one line")
    return text
