"""What Chromium refuses of a chain that curl takes. No I/O.

Chromium reads certificates more strictly than OpenSSL, and takes fewer kinds of keys. The rules stand on what a real
Chromium says to each row of "Differences from browsers" in docs/verdicts.md; a test asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from webapp.probe.der import encoded as oid
from webapp.probe.finding import Note

_BOOLEAN, _INTEGER, _BIT_STRING, _OCTET_STRING, _NULL, _OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
_UTF8, _PRINTABLE, _TELETEX, _IA5, _UNIVERSAL, _BMP = 0x0C, 0x13, 0x14, 0x16, 0x1C, 0x1E
_SEQUENCE, _SET = 0x30, 0x31
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_EMAIL, _DNS, _DIRECTORY, _URI, _IP, _REGISTERED = 0x81, 0x82, 0xA4, 0x86, 0x87, 0x88
_GENERAL_NAMES = frozenset({0xA0, _EMAIL, _DNS, 0xA3, _DIRECTORY, 0xA5, _URI, _IP, _REGISTERED})  # RFC 5280, 4.2.1.6

MOST_BITS = 8192  # of an RSA key
_MOST_REMEMBERED = 256  # bytes of a part that is remembered as good
_DIGITAL_SIGNATURE, _KEY_ENCIPHERMENT = 0x80, 0x20  # bits of a key usage's first byte
_PRINTABLE_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?*")

_RSA, _EC = oid("1.2.840.113549.1.1.1"), oid("1.2.840.10045.2.1")
_P256, _P384, _P521 = oid("1.2.840.10045.3.1.7"), oid("1.3.132.0.34"), oid("1.3.132.0.35")
_LEAF_CURVES, _ISSUER_CURVES = frozenset({_P256, _P384}), frozenset({_P256, _P384, _P521})
_RSA_SIGNATURES = frozenset(oid(f"1.2.840.113549.1.1.{last}") for last in (11, 12, 13))  # SHA-256, -384, -512
_EC_SIGNATURES = frozenset(oid(f"1.2.840.10045.4.3.{last}") for last in (2, 3, 4))
_PSS = oid("1.2.840.113549.1.1.10")
_DIGESTS = frozenset(oid(f"2.16.840.1.101.3.4.2.{last}") for last in (1, 2, 3))
_SERVER_AUTH, _ANY_PURPOSE = oid("1.3.6.1.5.5.7.3.1"), oid("2.5.29.37.0")
_KEY_USAGE, _SAN, _PURPOSES, _POLICIES = oid("2.5.29.15"), oid("2.5.29.17"), oid("2.5.29.37"), oid("2.5.29.32")
_KNOWN_QUALIFIERS = frozenset(oid(f"1.3.6.1.5.5.7.2.{last}") for last in (1, 2))


class _Refused(ValueError):
    """Not as the standard has it (X.690, RFC 5280)."""


_MALFORMED = (_Refused, ValueError, LookupError)


class _Element(NamedTuple):
    """One element of DER: its tag, what is inside, and the whole of it."""

    tag: int
    body: bytes
    whole: bytes


class _Extension(NamedTuple):
    kind: bytes
    critical: bool
    value: bytes


def refusals(path: Sequence[bytes], *, rsa_exchange: bool = False) -> frozenset[Note]:
    """Why Chromium may refuse a chain that was verified; empty where it takes it.

    `path` is the chain in DER from the leaf to the trusted root. `rsa_exchange`: the key exchange had no forward
    secrecy, so that the server's key decrypts and does not sign (RFC 5246, 7.4.2).
    """
    if not path:
        return frozenset()
    leaf, *issuers = path
    found = _of_leaf(leaf, rsa_exchange)
    # A root is trusted as it is: only its key has to be one that can be used.
    return found.union(*(_of_issuer(issuer, root=issuer is issuers[-1]) for issuer in issuers))


def _of_leaf(certificate: bytes, rsa_exchange: bool) -> frozenset[Note]:
    read = _Reader(certificate)
    read.look(Note.BROWSERS_REFUSE_KEY, lambda: _key(read.field("key"), _LEAF_CURVES))
    wanted = _KEY_ENCIPHERMENT if rsa_exchange else _DIGITAL_SIGNATURE
    usage = read.extension(_KEY_USAGE)
    if usage is not None and not _first_bits(usage) & wanted:
        read.found.add(Note.BROWSERS_REFUSE_KEY_USAGE)
    return frozenset(read.found)


@lru_cache(1024)  # few issuers, many leaves
def _of_issuer(certificate: bytes, *, root: bool) -> frozenset[Note]:
    read = _Reader(certificate)
    found = set() if root else read.found
    try:
        _key(read.field("key"), _ISSUER_CURVES)
    except _MALFORMED:
        found.add(Note.BROWSERS_REFUSE_SIGNATURE)  # of what it has signed
    return frozenset(found)


class _Reader:
    """A certificate with what Chromium refuses of it, whatever its place in a chain. Never raises."""

    def __init__(self, certificate: bytes) -> None:
        self.found: set[Note] = set()
        self._fields: dict[str, _Element] = {}
        self._extensions: tuple[_Extension, ...] = ()
        self.look(Note.BROWSERS_REFUSE_FORM, lambda: self._open(certificate))
        for name in ("issuer", "subject"):
            if name in self._fields:
                self.look(Note.BROWSERS_REFUSE_TEXT, lambda name=name: _fit(_texts, self._fields[name].body))  # type: ignore[misc]
        self.look(Note.BROWSERS_REFUSE_FORM, self._form)
        purposes = self.extension(_PURPOSES)
        if purposes is not None:
            self.look(Note.BROWSERS_REFUSE_PURPOSE, lambda: _fit(_purposes, purposes))

    def look(self, note: Note, at: Callable[[], None]) -> None:
        try:
            at()
        except _MALFORMED:
            self.found.add(note)

    def field(self, name: str) -> _Element:
        return self._fields[name]

    def extension(self, kind: bytes) -> bytes | None:
        return next((each.value for each in self._extensions if each.kind == kind), None)

    def _open(self, certificate: bytes) -> None:
        content, outer, _ = _three(_only(certificate, _SEQUENCE))
        parts = _elements(content.body)
        version = 1
        if parts[0].tag == _VERSION:
            version = int.from_bytes(_only(parts.pop(0).body, _INTEGER), "big") + 1
        names = ("serial", "signature", "issuer", "validity", "subject", "key")
        self._fields = dict(zip(names, parts, strict=False))
        self.look(Note.BROWSERS_REFUSE_SIGNATURE, lambda: _fit(_signature, self._fields["signature"].body))
        _must(self._fields["signature"].whole == outer.whole)
        extensions = [part for part in parts[len(names) :] if part.tag == _EXTENSIONS]
        if extensions:
            self._extensions = tuple(_extension(each.whole) for each in _elements(_only(extensions[0].body, _SEQUENCE)))
        _must(version == 3 if extensions else version <= 3)

    def _form(self) -> None:
        kinds = [each.kind for each in self._extensions]
        _must(len(kinds) == len(set(kinds)))
        for each in self._extensions:
            if each.kind in _FORMS:
                _fit(_FORMS[each.kind], each.value)
            if each.kind == _POLICIES and each.critical:
                _must(all(kind in _KNOWN_QUALIFIERS for kind in _qualifiers(each.value)))
        critical_names = any(each.kind == _SAN and each.critical for each in self._extensions)
        _must(self._fields["issuer"].body != b"")
        _must(self._fields["subject"].body != b"" or critical_names)


def _must(so: bool) -> None:
    if not so:
        raise _Refused


def _fit(check: Callable[[bytes], None], data: bytes) -> None:
    """Raises where this check does. Authorities say the same in each of their certificates: what has passed once and
    is short is remembered."""
    if len(data) > _MOST_REMEMBERED:
        check(data)
    else:
        _fits(check, data)


@lru_cache(4096)
def _fits(check: Callable[[bytes], None], data: bytes) -> None:
    check(data)


def _elements(data: bytes) -> list[_Element]:
    """The elements in these bytes, as DER wants them (X.690, 10.1): lengths of the shortest form. Raises."""
    found, at, end = [], 0, len(data)
    while at < end:
        tag, length, start = data[at], data[at + 1], at + 2
        if length >= 0x80:
            start, length = _long_length(data, start, length & 0x7F)
        stop = start + length
        if stop > end or tag & 0x1F == 0x1F:
            raise _Refused
        found.append(_Element(tag, data[start:stop], data[at:stop]))
        at = stop
    return found


def _long_length(data: bytes, at: int, size: int) -> tuple[int, int]:
    """Where the content begins, and how long it is, where that takes `size` bytes to say."""
    length = int.from_bytes(data[at : at + size], "big")
    _must(length >= 0x80 and length.bit_length() > 8 * (size - 1))
    return at + size, length


def _only(data: bytes, tag: int) -> bytes:
    """What is inside the one element that these bytes are."""
    (element,) = _elements(data)
    _must(element.tag == tag)
    return element.body


def _three(data: bytes) -> tuple[_Element, _Element, _Element]:
    first, second, third = _elements(data)
    return first, second, third


def _extension(whole: bytes) -> _Extension:
    return _opened(whole) if len(whole) > _MOST_REMEMBERED else _opened_once(whole)


def _opened(whole: bytes) -> _Extension:
    kind, *flag, value = _elements(_only(whole, _SEQUENCE))
    _must(kind.tag == _OID and value.tag == _OCTET_STRING)
    _must([each.whole for each in flag] in ([], [b"\x01\x01\xff"]))  # what is not critical says nothing
    return _Extension(kind.body, bool(flag), value.body)


_opened_once = lru_cache(4096)(_opened)


def _key(key: _Element, curves: frozenset[bytes]) -> None:
    algorithm, bits = _elements(key.body)
    kind, *parameters = _elements(algorithm.body)
    if kind.body == _RSA:
        _must([each.tag for each in parameters] == [_NULL])
        modulus, _ = _elements(_only(bits.body[1:], _SEQUENCE))
        _must(int.from_bytes(modulus.body, "big").bit_length() <= MOST_BITS)
    else:
        _must(kind.body == _EC)
        _must([each.body for each in parameters if each.tag == _OID] in [[curve] for curve in curves])


def _signature(algorithm: bytes) -> None:
    kind, *parameters = _elements(algorithm)
    if kind.body == _PSS:
        (digest,) = (each for each in _elements(parameters[0].body) if each.tag == 0xA0)  # else SHA-1: RFC 4055, 3.1
        _must(_elements(_only(digest.body, _SEQUENCE))[0].body in _DIGESTS)
    elif kind.body in _RSA_SIGNATURES:
        _must([each.tag for each in parameters] == [_NULL])
    else:
        _must(kind.body in _EC_SIGNATURES and not parameters)


def _texts(name: bytes) -> None:
    for together in _elements(name):
        attributes = _elements(together.body)
        _must(together.tag == _SET and bool(attributes))
        for attribute in attributes:
            _, value = _elements(attribute.body)
            _must(value.tag in _TEXTS and _TEXTS[value.tag](value.body))


def _is_ucs(text: bytes, encoding: str) -> bool:
    """Whether these are characters, and none of the numbers that Unicode has set aside (23.7)."""
    return not any(0xFDD0 <= ord(c) <= 0xFDEF or ord(c) & 0xFFFE == 0xFFFE for c in text.decode(encoding))


def _is_bmp(text: bytes) -> bool:
    units = [int.from_bytes(text[at : at + 2], "big") for at in range(0, len(text), 2)]
    return not any(0xD800 <= unit <= 0xDFFF for unit in units) and _is_ucs(text, "utf-16-be")


_TEXTS: Mapping[int, Callable[[bytes], bool]] = MappingProxyType(
    {
        _UTF8: lambda text: text.decode() is not None,
        _PRINTABLE: lambda text: _PRINTABLE_CHARACTERS.issuperset(text),
        _TELETEX: lambda _: True,  # read as Latin-1
        _IA5: lambda text: text.isascii(),
        _BMP: _is_bmp,
        _UNIVERSAL: lambda text: _is_ucs(text, "utf-32-be"),
    }
)


def _first_bits(usage: bytes) -> int:
    try:
        return _only(usage, _BIT_STRING)[1]
    except _MALFORMED:
        return 0


def _purposes(value: bytes) -> None:
    given = {each.body for each in _elements(_only(value, _SEQUENCE))}
    _must(bool(given & {_SERVER_AUTH, _ANY_PURPOSE}))


def _general_names(value: bytes) -> None:
    names = _elements(_only(value, _SEQUENCE))
    _must(bool(names))
    for each in names:
        _general_name(each)


def _general_name(name: _Element) -> None:
    _must(name.tag in _GENERAL_NAMES)
    if name.tag in (_EMAIL, _DNS, _URI):
        _must(name.body.isascii())
    if name.tag == _IP:
        _must(len(name.body) in (4, 16))


def _access(value: bytes) -> None:
    descriptions = _elements(_only(value, _SEQUENCE))
    _must(bool(descriptions))
    for each in descriptions:
        method, place = _elements(each.body)
        _must(each.tag == _SEQUENCE and method.tag == _OID)
        _general_name(place)


def _policies(value: bytes) -> None:
    policies = [_elements(each.body)[0].whole for each in _elements(_only(value, _SEQUENCE))]
    _must(bool(policies) and len(policies) == len(set(policies)))
    for _ in _qualifiers(value):
        pass


def _qualifiers(value: bytes) -> Iterator[bytes]:
    """The kinds of qualifiers of the policies (RFC 5280, 4.2.1.4)."""
    for policy in _elements(_only(value, _SEQUENCE)):
        policy_id, *qualifiers = _elements(policy.body)
        _must(policy_id.tag == _OID and len(qualifiers) <= 1)
        for each in qualifiers:
            given = _elements(each.body)
            _must(each.tag == _SEQUENCE and bool(given))
            yield from (_elements(one.body)[0].body for one in given)


def _some(value: bytes) -> None:
    """A sequence with something in it."""
    _must(bool(_elements(_only(value, _SEQUENCE))))


def _small_number(value: bytes) -> None:
    number = _only(value, _INTEGER)
    _must(0 <= int.from_bytes(number, "big", signed=True) <= 255 and bool(number))


def _usage(value: bytes) -> None:
    """The bits behind the last one are zero (X.690, 11.2.1)."""
    unused, *octets = _only(value, _BIT_STRING)
    _must(unused <= 7 and bool(octets) and not octets[-1] & (1 << unused) - 1)


def _basic_constraints(value: bytes) -> None:
    for part in _elements(_only(value, _SEQUENCE)):
        if part.tag == _BOOLEAN:
            _must(part.body in (b"\x00", b"\xff"))
        else:
            _small_number(part.whole)


def _name_constraints(value: bytes) -> None:
    parts = _elements(_only(value, _SEQUENCE))
    _must(bool(parts))
    for part in parts:
        for tree in _elements(part.body):
            (base,) = _elements(tree.body)
            _must(base.tag in _GENERAL_NAMES and (base.tag != _IP or len(base.body) in (8, 32)))  # with its mask


def _policy_constraints(value: bytes) -> None:
    """A certificate that demands a policy at once gets none: browsers ask for no policy."""
    parts = _elements(_only(value, _SEQUENCE))
    _must(bool(parts) and all(part.whole != b"\x80\x01\x00" for part in parts))


# How the extensions that Chromium reads have to be made.
_FORMS: Mapping[bytes, Callable[[bytes], None]] = MappingProxyType(
    {
        _SAN: _general_names,
        _KEY_USAGE: _usage,
        oid("2.5.29.19"): _basic_constraints,
        oid("2.5.29.30"): _name_constraints,
        _POLICIES: _policies,
        oid("2.5.29.33"): _some,  # policy mappings
        oid("2.5.29.36"): _policy_constraints,
        oid("2.5.29.54"): _small_number,  # inhibit anyPolicy
        oid("1.3.6.1.5.5.7.1.1"): _access,  # AIA
    }
)
