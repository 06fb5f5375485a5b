"""Files that are no CSV: what they are, by how they begin."""

from __future__ import annotations

import re
from typing import TextIO

MAGIC = {
    b"PK\x03\x04": "spreadsheet or zip",
    b"PK\x05\x06": "empty zip",
    b"PK\x07\x08": "part of a zip",
    b"Rar!": "rar",
    b"7z\xbc\xaf": "7-zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"%PDF": "pdf",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"SQLite f": "sqlite",
    b"\xd0\xcf\x11\xe0": "old excel",
}
# How texts of other formats begin; told only where the first line does not name the columns.
_OTHER_TEXTS = (
    (re.compile(r"\{\\rtf"), "rtf"),
    (re.compile(r"""\{\s*["'}]|\[\s*([]["{0-9-]|true|false|null)"""), "json"),
    (re.compile(r"<(!doctype html|html|head|body|table|!--)", re.IGNORECASE), "html"),
    (re.compile(r"<"), "xml"),
    (re.compile(r"---(\s|$)"), "yaml"),
    (re.compile(r"-----BEGIN "), "pem"),
    (re.compile(r"--|/\*|(create|drop|alter) table\b|insert into\b", re.IGNORECASE), "sql"),
)


def other_file(start: bytes) -> str:
    """What kind of file begins with these eight bytes, a key of `FORMAT_NAMES` in
    `words.imports`; empty where it may be a text."""
    return next((what for magic, what in MAGIC.items() if start.startswith(magic)), "")


def other_text(text: TextIO) -> str:
    """What kind of text this is by its beginning, a key of `FORMAT_NAMES` in `words.imports`;
    empty where it may well be meant as a table."""
    text.seek(0)
    start = text.read(4096).lstrip()
    return next((what for pattern, what in _OTHER_TEXTS if pattern.match(start)), "")
