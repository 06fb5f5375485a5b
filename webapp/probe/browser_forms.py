"""How the names and extensions of a certificate have to be made for Chromium to take it. No I/O.

The rules are those of RFC 5280 (4.1.2.4, 4.2). A check raises one of `strict_der.MALFORMED`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from webapp.probe import der
from webapp.probe.der import encoded as oid
from webapp.probe.strict_der import Element, elements, must, only

_UTF8 = 0x0C
_PRINTABLE = 0x13
_TELETEX = 0x14
_IA5 = 0x16
_EMAIL = 0x81
_DNS = 0x82
_DIRECTORY = 0xA4
_URI = 0x86
_IP = 0x87
_REGISTERED = 0x88
# RFC 5280, 4.2.1.6
_GENERAL_NAMES = frozenset({0xA0, _EMAIL, _DNS, 0xA3, _DIRECTORY, 0xA5, _URI, _IP, _REGISTERED})
_PRINTABLE_CHARACTERS = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?*"
)
SAN = oid("2.5.29.17")
KEY_USAGE = oid("2.5.29.15")
POLICIES = oid("2.5.29.32")


def texts(name: bytes) -> None:
    """Raises where a text in a subject or an issuer has characters that its type does not allow."""
    for together in elements(name):
        attributes = elements(together.body)
        must(together.tag == der.SET and bool(attributes))
        for attribute in attributes:
            _, value = elements(attribute.body)
            must(value.tag in _TEXTS and _TEXTS[value.tag](value.body))


def _is_ucs(text: bytes, encoding: str) -> bool:
    """Whether these are characters, and none of the numbers that Unicode has set aside (23.7)."""
    return not any(
        0xFDD0 <= ord(c) <= 0xFDEF or ord(c) & 0xFFFE == 0xFFFE for c in text.decode(encoding)
    )


def _is_bmp(text: bytes) -> bool:
    units = [int.from_bytes(text[at : at + 2], "big") for at in range(0, len(text), 2)]
    return not any(0xD800 <= unit <= 0xDFFF for unit in units) and _is_ucs(text, "utf-16-be")


_TEXTS: Mapping[int, Callable[[bytes], bool]] = MappingProxyType(
    {
        _UTF8: lambda text: text.decode() is not None,
        _PRINTABLE: lambda text: _PRINTABLE_CHARACTERS.issuperset(text),
        _TELETEX: lambda _: True,  # read as Latin-1
        _IA5: lambda text: text.isascii(),
        der.BMP_STRING: _is_bmp,
        der.UNIVERSAL_STRING: lambda text: _is_ucs(text, "utf-32-be"),
    }
)


def _general_names(value: bytes) -> None:
    names = elements(only(value, der.SEQUENCE))
    must(bool(names))
    for each in names:
        _general_name(each)


def _general_name(name: Element) -> None:
    must(name.tag in _GENERAL_NAMES)
    if name.tag in (_EMAIL, _DNS, _URI):
        must(name.body.isascii())
    if name.tag == _IP:
        must(len(name.body) in (4, 16))


def _access(value: bytes) -> None:
    descriptions = elements(only(value, der.SEQUENCE))
    must(bool(descriptions))
    for each in descriptions:
        method, place = elements(each.body)
        must(each.tag == der.SEQUENCE and method.tag == der.OID)
        _general_name(place)


def _policies(value: bytes) -> None:
    policies = [elements(each.body)[0].whole for each in elements(only(value, der.SEQUENCE))]
    must(bool(policies) and len(policies) == len(set(policies)))
    for _ in qualifiers(value):
        pass


def qualifiers(value: bytes) -> Iterator[bytes]:
    """The kinds of qualifiers of the policies (RFC 5280, 4.2.1.4)."""
    for policy in elements(only(value, der.SEQUENCE)):
        policy_id, *qualifiers = elements(policy.body)
        must(policy_id.tag == der.OID and len(qualifiers) <= 1)
        for each in qualifiers:
            given = elements(each.body)
            must(each.tag == der.SEQUENCE and bool(given))
            yield from (elements(one.body)[0].body for one in given)


def _some(value: bytes) -> None:
    """A sequence with something in it."""
    must(bool(elements(only(value, der.SEQUENCE))))


def _small_number(value: bytes) -> None:
    number = only(value, der.INTEGER)
    must(0 <= int.from_bytes(number, "big", signed=True) <= 255 and bool(number))


def _usage(value: bytes) -> None:
    """The bits behind the last one are zero (X.690, 11.2.1)."""
    unused, *octets = only(value, der.BIT_STRING)
    must(unused <= 7 and bool(octets) and not octets[-1] & (1 << unused) - 1)


def _basic_constraints(value: bytes) -> None:
    for part in elements(only(value, der.SEQUENCE)):
        if part.tag == der.BOOLEAN:
            must(part.body in (b"\x00", b"\xff"))
        else:
            _small_number(part.whole)


def _name_constraints(value: bytes) -> None:
    parts = elements(only(value, der.SEQUENCE))
    must(bool(parts))
    for part in parts:
        for tree in elements(part.body):
            (base,) = elements(tree.body)
            # With its mask
            must(base.tag in _GENERAL_NAMES and (base.tag != _IP or len(base.body) in (8, 32)))


def _policy_constraints(value: bytes) -> None:
    """A certificate that demands a policy at once gets none: browsers ask for no policy."""
    parts = elements(only(value, der.SEQUENCE))
    must(bool(parts) and all(part.whole != b"\x80\x01\x00" for part in parts))


# How the extensions that Chromium reads have to be made.
FORMS: Mapping[bytes, Callable[[bytes], None]] = MappingProxyType(
    {
        SAN: _general_names,
        KEY_USAGE: _usage,
        oid("2.5.29.19"): _basic_constraints,
        oid("2.5.29.30"): _name_constraints,
        POLICIES: _policies,
        oid("2.5.29.33"): _some,  # policy mappings
        oid("2.5.29.36"): _policy_constraints,
        oid("2.5.29.54"): _small_number,  # inhibit anyPolicy
        oid("1.3.6.1.5.5.7.1.1"): _access,  # AIA
    }
)
