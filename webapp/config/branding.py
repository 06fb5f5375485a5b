"""Settings for the name and the logo of the site."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from webapp.config.parsers import existing_file

MAX_LOGO_BYTES = 256 * 1024  # bytes
_UPLOADED = "data:;base64,"


@dataclass(frozen=True)
class Logo:
    """The provider's logo: its bytes, and their type by what they are rather than by what the file
    is called."""

    data: bytes = field(repr=False)
    type: str

    def __str__(self) -> str:
        return f"{self.type}, {len(self.data):,} bytes"


def as_text(data: bytes) -> str:
    """An uploaded file as `logo` takes it: a data URL."""
    return _UPLOADED + base64.b64encode(data).decode()


def logo(text: str) -> Logo | None:
    """The logo in the file of this name, or in a data URL."""
    if text.startswith(_UPLOADED):
        try:
            return _logo_of(base64.b64decode(text.removeprefix(_UPLOADED), validate=True))
        except binascii.Error:
            raise ValueError("it must be an SVG or PNG file") from None
    path = existing_file(text)
    try:
        return None if path is None else _logo_of(path.read_bytes())
    except OSError:
        raise ValueError("it must be a file that can be read") from None


def _logo_of(data: bytes) -> Logo:
    if len(data) > MAX_LOGO_BYTES:
        raise ValueError(f"it must be a file of at most {MAX_LOGO_BYTES // 1024} KiB")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Logo(data, "image/png")
    if re.match(rb"(\xef\xbb\xbf)?\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)", data) and b"<svg" in data:
        return Logo(data, "image/svg+xml")
    raise ValueError("it must be an SVG or PNG file")


def site_name(text: str) -> str:
    if len(text) > 40 or not text.isprintable():
        raise ValueError("it must have at most 40 characters, on one line")
    return text
