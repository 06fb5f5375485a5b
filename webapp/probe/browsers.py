"""What Chromium refuses of a chain that curl takes. No I/O.

Chromium reads certificates more strictly than OpenSSL, and takes fewer kinds of keys. The rules
stand on what a real Chromium says to each row of "Differences from browsers" in docs/verdicts.md; a
test asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from webapp.probe import der
from webapp.probe.browser_forms import FORMS, KEY_USAGE, POLICIES, SAN, qualifiers, texts
from webapp.probe.der import encoded as oid
from webapp.probe.notes import Note
from webapp.probe.remember import MOST_USUAL_BYTES, remembered
from webapp.probe.strict_der import MALFORMED, Element, elements, must, only

MOST_BITS = 8192  # of an RSA key
_SHORT = 256  # bytes of a part of a certificate that is remembered as good
# bits of a key usage's first byte
_DIGITAL_SIGNATURE = 0x80
_KEY_ENCIPHERMENT = 0x20
_RSA = oid("1.2.840.113549.1.1.1")
_EC = oid("1.2.840.10045.2.1")
_P256 = oid("1.2.840.10045.3.1.7")
_P384 = oid("1.3.132.0.34")
_P521 = oid("1.3.132.0.35")
_LEAF_CURVES = frozenset({_P256, _P384})
_ISSUER_CURVES = frozenset({_P256, _P384, _P521})
# SHA-256, -384, -512
_RSA_SIGNATURES = frozenset(oid(f"1.2.840.113549.1.1.{last}") for last in (11, 12, 13))
_EC_SIGNATURES = frozenset(oid(f"1.2.840.10045.4.3.{last}") for last in (2, 3, 4))
_PSS = oid("1.2.840.113549.1.1.10")
_DIGESTS = frozenset(oid(f"2.16.840.1.101.3.4.2.{last}") for last in (1, 2, 3))
_SERVER_AUTH = oid("1.3.6.1.5.5.7.3.1")
_ANY_PURPOSE = oid("2.5.29.37.0")
_PURPOSES = oid("2.5.29.37")
_VERSION = 0xA0
_EXTENSIONS = 0xA3
_KNOWN_QUALIFIERS = frozenset(oid(f"1.3.6.1.5.5.7.2.{last}") for last in (1, 2))


class _Extension(NamedTuple):
    kind: bytes
    critical: bool
    value: bytes


def refusals(path: Sequence[bytes], *, rsa_exchange: bool = False) -> frozenset[Note]:
    """Why Chromium may refuse a chain that was verified; empty where it takes it.

    `path` is the chain in DER from the leaf to the trusted root. `rsa_exchange`: the key exchange
    had no forward secrecy, so that the server's key decrypts and does not sign (RFC 5246, 7.4.2).
    """
    if not path:
        return frozenset()
    leaf, *issuers = path
    found = _of_leaf(leaf, rsa_exchange)
    # A root is trusted as it is: only its key has to be one that can be used.
    return found.union(*(_of_issuer(issuer, root=issuer is issuers[-1]) for issuer in issuers))


@remembered(256, MOST_USUAL_BYTES)  # one often serves several names
def _of_leaf(certificate: bytes, rsa_exchange: bool) -> frozenset[Note]:
    read = _Reader(certificate)
    read.check(Note.BROWSERS_REFUSE_KEY, lambda: _key(read.field("key"), _LEAF_CURVES))
    wanted = _KEY_ENCIPHERMENT if rsa_exchange else _DIGITAL_SIGNATURE
    usage = read.extension(KEY_USAGE)
    if usage is not None and not _first_bits(usage) & wanted:
        read.found.add(Note.BROWSERS_REFUSE_KEY_USAGE)
    return frozenset(read.found)


@remembered(1024, MOST_USUAL_BYTES)  # few issuers, many leaves
def _of_issuer(certificate: bytes, *, root: bool) -> frozenset[Note]:
    read = _Reader(certificate)
    found = set() if root else read.found
    try:
        _key(read.field("key"), _ISSUER_CURVES)
    except MALFORMED:
        found.add(Note.BROWSERS_REFUSE_SIGNATURE)  # of what it has signed
    return frozenset(found)


class _Reader:
    """A certificate with what Chromium refuses of it, whatever its place in a chain.

    Never raises.
    """

    def __init__(self, certificate: bytes) -> None:
        self.found: set[Note] = set()
        self._fields: dict[str, Element] = {}
        self._extensions: tuple[_Extension, ...] = ()
        self.check(Note.BROWSERS_REFUSE_FORM, lambda: self._open(certificate))
        for name in ("issuer", "subject"):
            if name in self._fields:
                self.check(Note.BROWSERS_REFUSE_TEXT, partial(_fit, self._fields[name].body, texts))
        self.check(Note.BROWSERS_REFUSE_FORM, self._form)
        purposes = self.extension(_PURPOSES)
        if purposes is not None:
            self.check(Note.BROWSERS_REFUSE_PURPOSE, lambda: _fit(purposes, _purposes))

    def check(self, note: Note, at: Callable[[], None]) -> None:
        try:
            at()
        except MALFORMED:
            self.found.add(note)

    def field(self, name: str) -> Element:
        return self._fields[name]

    def extension(self, kind: bytes) -> bytes | None:
        return next((each.value for each in self._extensions if each.kind == kind), None)

    def _open(self, certificate: bytes) -> None:
        content, outer, _ = elements(only(certificate, der.SEQUENCE))
        parts = elements(content.body)
        version = 1
        if parts[0].tag == _VERSION:
            version = int.from_bytes(only(parts.pop(0).body, der.INTEGER), "big") + 1
        names = ("serial", "signature", "issuer", "validity", "subject", "key")
        self._fields = dict(zip(names, parts, strict=False))
        self.check(
            Note.BROWSERS_REFUSE_SIGNATURE, lambda: _fit(self._fields["signature"].body, _signature)
        )
        must(self._fields["signature"].whole == outer.whole)
        extensions = [part for part in parts[len(names) :] if part.tag == _EXTENSIONS]
        if extensions:
            self._extensions = tuple(
                _extension(each.whole) for each in elements(only(extensions[0].body, der.SEQUENCE))
            )
        must(version == 3 if extensions else version <= 3)

    def _form(self) -> None:
        kinds = [each.kind for each in self._extensions]
        must(len(kinds) == len(set(kinds)))
        for each in self._extensions:
            if each.kind in FORMS:
                _fit(each.value, FORMS[each.kind])
            if each.kind == POLICIES and each.critical:
                must(all(kind in _KNOWN_QUALIFIERS for kind in qualifiers(each.value)))
        critical_names = any(each.kind == SAN and each.critical for each in self._extensions)
        must(self._fields["issuer"].body != b"")
        must(self._fields["subject"].body != b"" or critical_names)


@remembered(4096, _SHORT)
def _fit(data: bytes, check: Callable[[bytes], None]) -> None:
    """Raises where this check does.

    Authorities say the same in each of their certificates: what has passed once and is short is
    remembered.
    """
    check(data)


@remembered(4096, _SHORT)
def _extension(whole: bytes) -> _Extension:
    kind, *flag, value = elements(only(whole, der.SEQUENCE))
    must(kind.tag == der.OID and value.tag == der.OCTET_STRING)
    # What is not critical says nothing
    must([each.whole for each in flag] in ([], [b"\x01\x01\xff"]))
    return _Extension(kind.body, bool(flag), value.body)


def _key(key: Element, curves: frozenset[bytes]) -> None:
    algorithm, bits = elements(key.body)
    kind, *parameters = elements(algorithm.body)
    if kind.body == _RSA:
        must([each.tag for each in parameters] == [der.NULL])
        modulus, _ = elements(only(bits.body[1:], der.SEQUENCE))
        must(int.from_bytes(modulus.body, "big").bit_length() <= MOST_BITS)
    else:
        must(kind.body == _EC)
        must(
            [each.body for each in parameters if each.tag == der.OID]
            in [[curve] for curve in curves]
        )


def _signature(algorithm: bytes) -> None:
    kind, *parameters = elements(algorithm)
    if kind.body == _PSS:
        # Else SHA-1: RFC 4055, 3.1
        (digest,) = (each for each in elements(parameters[0].body) if each.tag == 0xA0)
        must(elements(only(digest.body, der.SEQUENCE))[0].body in _DIGESTS)
    elif kind.body in _RSA_SIGNATURES:
        must([each.tag for each in parameters] == [der.NULL])
    else:
        must(kind.body in _EC_SIGNATURES and not parameters)


def _first_bits(usage: bytes) -> int:
    try:
        return only(usage, der.BIT_STRING)[1]
    except MALFORMED:
        return 0


def _purposes(value: bytes) -> None:
    given = {each.body for each in elements(only(value, der.SEQUENCE))}
    must(bool(given & {_SERVER_AUTH, _ANY_PURPOSE}))
