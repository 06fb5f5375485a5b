"""The elements of DER as browsers read it: lengths of the shortest form, tags of one byte (X.690,
10.1). No I/O.

`der` reads the same data as tolerantly as OpenSSL does.
"""

from __future__ import annotations

from typing import NamedTuple

from webapp.probe.der import Malformed

MALFORMED = (ValueError, LookupError)  # what the functions here raise, and those built on them


class Element(NamedTuple):
    """One element of DER: its tag, what is inside, and the whole of it."""

    tag: int
    body: bytes
    whole: bytes


def must(so: bool) -> None:
    """Raises `Malformed` where this does not hold."""
    if not so:
        raise Malformed("no DER")


def elements(data: bytes) -> list[Element]:
    """The elements in these bytes, as DER wants them (X.690, 10.1): lengths of the shortest form.

    Raises.
    """
    found = []
    at = 0
    end = len(data)
    while at < end:
        tag = data[at]
        length = data[at + 1]
        start = at + 2
        if length >= 0x80:
            start, length = _long_length(data, start, length & 0x7F)
        stop = start + length
        if stop > end or tag & 0x1F == 0x1F:
            raise Malformed("no DER")
        found.append(Element(tag, data[start:stop], data[at:stop]))
        at = stop
    return found


def _long_length(data: bytes, at: int, size: int) -> tuple[int, int]:
    """Where the content begins, and how long it is, where that takes `size` bytes to say."""
    length = int.from_bytes(data[at : at + size], "big")
    must(length >= 0x80 and length.bit_length() > 8 * (size - 1))
    return at + size, length


def only(data: bytes, tag: int) -> bytes:
    """What is inside the one element that these bytes are."""
    (element,) = elements(data)
    must(element.tag == tag)
    return element.body
