"""The elements that ASN.1 data is made of (X.690), read as tolerantly as OpenSSL reads them.

No I/O.

Servers may send BER where a standard asks for DER: lengths of no fixed form, indefinite lengths,
strings in parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OID = 0x06
UTC_TIME = 0x17
UNIVERSAL_STRING = 0x1C
BMP_STRING = 0x1E
SEQUENCE = 0x30
SET = 0x31
CONSTRUCTED = 0x20  # the bit of a tag that says: there are elements inside
# As OpenSSL has it (ASN1_MAX_CONSTRUCTED_NEST, ASN1_MAX_STRING_NEST).
_MOST_DEEP = 30  # elements inside each other
_MOST_PARTS_DEEP = 5  # parts of a string inside each other


class Malformed(ValueError):
    """These bytes are no ASN.1, or end too soon."""


class Element(NamedTuple):
    """One element: the first byte of its tag, and what is inside."""

    tag: int
    body: bytes


def elements(data: bytes) -> Iterator[Element]:
    """The elements in these bytes, one after the other.

    Raises `Malformed` when it comes to one that is none.
    """
    at = 0
    end = len(data)
    while at < end:
        stop = at + 2 + data[at + 1] if at + 1 < end else end + 1
        # Nearly every element there is
        if stop <= end and data[at + 1] < 0x80 and data[at] & 0x1F != 0x1F:
            yield Element(data[at], data[at + 2 : stop])
            at = stop
        else:
            element, at = _one(data, at)
            yield element


def first(data: bytes) -> Element:
    """The first element in these bytes; raises `Malformed` where there is none."""
    return _one(data, 0)[0]


def inside(element: Element, tag: int, at_least: int = 0) -> list[Element]:
    """The elements inside of one that has to have this tag, and so many of them; raises
    `Malformed`."""
    if element.tag != tag:
        raise Malformed(f"tag {element.tag:#x} in place of {tag:#x}")
    found = list(elements(element.body))
    if len(found) < at_least:
        raise Malformed(f"{len(found)} elements in place of {at_least}")
    return found


def content(element: Element, deep: int = 0) -> bytes:
    """The bytes of a string or a time, put together where they come in parts (X.690, 8.7.3)."""
    if not element.tag & CONSTRUCTED:
        return element.body
    if deep > _MOST_PARTS_DEEP:
        raise Malformed("too deep")
    return b"".join(content(part, deep + 1) for part in elements(element.body))


@lru_cache(256)
def dotted(body: bytes) -> str:
    """ "2.5.4.3": an object identifier (X.690, 8.19). Raises `Malformed`."""
    if not body or body[-1] & 0x80 or len(body) > 40:
        raise Malformed("no object identifier")
    numbers = []
    number = 0
    for octet in body:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    head = min(numbers[0] // 40, 2)
    return ".".join(map(str, (head, numbers[0] - 40 * head, *numbers[1:])))


def encoded(oid: str) -> bytes:
    """The content of an object identifier: the reverse of `dotted`."""
    first, second, *rest = map(int, oid.split("."))
    content = bytearray()
    for number in (first * 40 + second, *rest):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return bytes(content)


def whole(element: Element) -> bytes:
    """An element with its tag and its length, in DER."""
    size = len(element.body)
    if size < 0x80:
        return bytes((element.tag, size)) + element.body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((element.tag, 0x80 | len(length))) + length + element.body


def check(data: bytes) -> None:
    """Raises `Malformed` where these bytes are not elements down to the innermost.

    Reads each byte once.
    """
    at = 0
    # Where each element around `at` ends; True: two zero bytes end it before that
    around = [(len(data), False)]
    while around:
        end, needs_zeros = around[-1]
        if needs_zeros and at + 2 <= end and data[at : at + 2] == b"\0\0":
            at += 2
            around.pop()
        elif not needs_zeros and at == end:
            around.pop()
        else:
            tag, at, length = _head(data, at)
            stop = end if length is None else at + length
            if max(at, stop) > end:
                raise Malformed("cut off")
            if not tag & CONSTRUCTED:
                at = stop
            elif len(around) > _MOST_DEEP:
                raise Malformed("too deep")
            else:
                around.append((stop, length is None))


def _head(data: bytes, at: int) -> tuple[int, int, int | None]:
    """The tag of the element that begins at `at`, where its content begins, and the length of that;
    None where it is indefinite (X.690, 8.1.3.6)."""
    try:
        tag = data[at]
        at += 1
        if tag & 0x1F == 0x1F:  # a tag of several bytes
            while data[at] & 0x80:
                at += 1
            at += 1
        length = data[at]
    except IndexError:
        raise Malformed("cut off") from None
    at += 1
    if length < 0x80:
        return tag, at, length
    size = length & 0x7F
    if size == 0 and not tag & CONSTRUCTED:
        raise Malformed("no length")
    if at + size > len(data):
        raise Malformed("cut off")
    return tag, at + size, int.from_bytes(data[at : at + size], "big") if size else None


def _one(data: bytes, at: int) -> tuple[Element, int]:
    """The element that begins at `at`, and where the next one does."""
    tag, at, length = _head(data, at)
    if length is None:
        stop = _zeros_after(data, at)
        return Element(tag, data[at:stop]), stop + 2
    end = at + length
    if end > len(data):
        raise Malformed("cut off")
    return Element(tag, data[at:end]), end


def _zeros_after(data: bytes, at: int) -> int:
    """Where the two zero bytes are that end the content of indefinite length which begins at
    `at`."""
    still_open = 1
    while True:
        if data[at : at + 2] == b"\0\0":
            still_open -= 1
            if not still_open:
                return at
            at += 2
            continue
        _, at, length = _head(data, at)
        if length is not None:
            at += length
        elif still_open > _MOST_DEEP:
            raise Malformed("too deep")
        else:
            still_open += 1
