"""Which encoding the bytes of a file are in: what they prove, or else a guess that says so.

A guess is never trusted with a host name: bytes of a Cyrillic name are a Western name, too, and
that one would be asked.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from webapp.imports.table_errors import NotATable
from webapp.words import imports as say

# What can be chosen, most used first. `words.imports.ENCODINGS` says what they are called.
CHOICES = (
    *("utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("koi8-r", "cp866", "mac-roman", "utf-16", "gb18030", "big5", "shift_jis", "euc-kr"),
)
_MOSTLY_LATIN = ("cp1252", "cp1250", "cp1254")
_OTHER_SCRIPTS = (
    *("cp1251", "koi8-r", "cp866", "cp1253", "cp1255", "cp1256"),
    *("gb18030", "big5", "shift_jis", "euc-kr"),
)
_MOST_SAMPLE_BYTES = 1 << 16
_HIGH_WORD = re.compile(rb"[\x80-\xff]{3,}")
_WORD_WITH_HIGH = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a file as Python calls it; `guessed` where its bytes do not prove it."""

    name: str
    guessed: bool = False


def encoding_of(file: BinaryIO, chosen: str) -> Encoding:
    """The encoding of this file: `chosen`, where a person has chosen one of `CHOICES`.

    Raises `NotATable` where the file holds bytes that it does not have.
    """
    file.seek(0)
    start = file.read(64)
    if start.startswith(codecs.BOM_UTF8):
        return _certain(file, "utf-8-sig", "UTF-8")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _certain(file, "utf-16", "UTF-16")
    if chosen:
        if not _decodes(file, chosen):
            raise NotATable(say.not_in_encoding(say.ENCODINGS[chosen]))
        return Encoding(chosen)
    # Every second byte of a text in UTF-16 without its mark is a NUL, where it is English
    for name, nuls in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if len(nuls) > 3 and not any(nuls) and _decodes(file, name):
            return Encoding(name)
    if _decodes(file, "utf-8"):
        return Encoding("utf-8")
    return Encoding(_guess(file), guessed=True)


def _certain(file: BinaryIO, name: str, marked: str) -> Encoding:
    if not _decodes(file, name):
        raise NotATable(say.not_as_marked(marked))
    return Encoding(name)


def _guess(file: BinaryIO) -> str:
    """The likeliest of `CHOICES`: letters beyond ASCII stand alone in Latin scripts, and fill whole
    words in the others."""
    # Its tables are 2 MB, which most processes never need
    from charset_normalizer import from_bytes

    sample = _telling_lines(file)
    words = _WORD_WITH_HIGH.findall(sample)
    whole = sum(1 for word in words if _HIGH_WORD.fullmatch(word))
    likely = _OTHER_SCRIPTS if 2 * whole > len(words) else _MOSTLY_LATIN
    best = from_bytes(sample, cp_isolation=list(likely)).best()
    found = codecs.lookup(best.encoding) if best else None
    ours = [name for name in CHOICES if codecs.lookup(name) == found]
    candidates: tuple[str, ...] = (*ours, *likely, "cp1252", "latin-1")
    return next(name for name in candidates if _decodes(file, name))


def _telling_lines(file: BinaryIO) -> bytes:
    """The first lines that hold more than ASCII: only they tell one encoding from another."""
    file.seek(0)
    sample = b""
    while len(sample) < _MOST_SAMPLE_BYTES and (line := file.readline(_MOST_SAMPLE_BYTES)):
        if not line.isascii():
            sample += line
    return sample


def _decodes(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := file.read(1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
