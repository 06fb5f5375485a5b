"""Files that are no CSV: what they are, by how they begin."""

from __future__ import annotations

import re
from typing import TextIO

MAGIC = {
    b"PK\x03\x04": "a spreadsheet or a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"PK\x07\x08": "a part of a ZIP archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x1f\x8b": "compressed (gzip)",
    b"BZh": "compressed (bzip2)",
    b"\xfd7zXZ\0": "compressed (xz)",
    b"\x28\xb5\x2f\xfd": "compressed (Zstandard)",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"SQLite f": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
# How texts of other formats begin; told only where the first line does not name the columns.
_OTHER_TEXTS = (
    (re.compile(r"\{\\rtf"), "a text document (RTF)"),
    (re.compile(r"""\{\s*["'}]|\[\s*([]["{0-9-]|true|false|null)"""), "JSON"),
    (re.compile(r"<(!doctype html|html|head|body|table|!--)", re.IGNORECASE), "a web page (HTML)"),
    (re.compile(r"<"), "XML"),
    (re.compile(r"---(\s|$)"), "YAML"),
    (re.compile(r"-----BEGIN "), "a certificate or key (PEM)"),
    (re.compile(r"--|/\*|(create|drop|alter) table\b|insert into\b", re.IGNORECASE), "SQL"),
)


def other_file(start: bytes) -> str:
    """What kind of file begins with these eight bytes; empty where it may be a text."""
    return next((what for magic, what in MAGIC.items() if start.startswith(magic)), "")


def other_text(text: TextIO) -> str:
    """What kind of text this is by its beginning; empty where it may well be meant as a table."""
    text.seek(0)
    start = text.read(4096).lstrip()
    return next((what for pattern, what in _OTHER_TEXTS if pattern.match(start)), "")
