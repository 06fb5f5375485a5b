"""ASN.1 in DER (X.690), put together by hand, right or wrong."""

from __future__ import annotations

import base64
import textwrap

from cryptography import x509

from webapp.probe.der import INTEGER, OID

# Tags that `probe.der` does not know by name.
UTF8_STRING = 0x0C
NUMERIC_STRING = 0x12
GENERALIZED_TIME = 0x18
VERSION_FIELD = 0xA0
EXTENSIONS_FIELD = 0xA3


def integer(value: int) -> bytes:
    """An INTEGER in DER, of any size and either sign."""
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def der(tag: int, *contents: bytes) -> bytes:
    """One element in DER (X.690): tag, length, contents."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def pem(label: str, content: bytes) -> str:
    """DER in the armour of RFC 7468."""
    lines = textwrap.wrap(base64.b64encode(content).decode(), 64)
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


def object_identifier(kind: x509.ObjectIdentifier) -> bytes:
    first, second, *rest = map(int, kind.dotted_string.split("."))
    content = bytearray((first * 40 + second,))
    for number in rest:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return der(OID, bytes(content))
