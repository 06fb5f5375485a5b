"""DER -> Certificate.

With staple.py the only importer of cryptography, which verifies signatures here, no more.

A certificate is hostile input, and OpenSSL verifies many that break a standard. So each field is
read by itself: one that cannot be read takes no other with it, and is named in
`Certificate.unreadable`. Any text may be markup, control characters or 30 kB long. Nothing in here
raises for what a server sent; OpenSSL takes no certificate beyond 100 kB.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TypeVar

from cryptography import x509

from webapp.probe import der, fields
from webapp.probe.clean_text import MOST_CHARACTERS, clean
from webapp.probe.der import Element, Malformed
from webapp.probe.fields import Name, Opened, take_apart
from webapp.probe.finding import Certificate, Field, Link
from webapp.probe.hostname import matches
from webapp.probe.memory import raise_if_short
from webapp.probe.remember import MOST_USUAL_BYTES, remembered

log = logging.getLogger(__name__)

MOST_NAMES = 100  # of those shown and stored; all of them count
MOST_OF_A_KIND = 40  # characters of a kind of key or signature
MOST_ADDRESSES = 3  # of those where an issuer's certificate can be had
_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"
# of a GeneralName (RFC 5280, 4.2.1.6)
_DNS_NAME = 0x82
_URI = 0x86
_STATUS_REQUEST = Element(der.INTEGER, b"\x05")  # RFC 7633
_TLS_FEATURE = der.encoded(fields.TLS_FEATURE)
_NIST_SIGNATURES = der.encoded("2.16.840.1.101.3.4.3")  # how the OIDs of NIST's signatures begin
# ecdsa-with-SHA3-224 to -512
_SHA3_BY_EC = frozenset(f"2.16.840.1.101.3.4.3.{last}" for last in range(9, 13))
UNREADABLE = (LookupError, ValueError)
T = TypeVar("T")

# `cryptography` warns when an odd certificate is loaded. Strangers make them.
warnings.filterwarnings("ignore", category=UserWarning, module=__name__)


@remembered(256, MOST_USUAL_BYTES)  # most serve two names at least: the bare one, and www
def read(certificate: bytes) -> Certificate:
    """The facts of a certificate. What cannot be read is empty or None, and is in `unreadable`."""
    return _read(certificate, take_apart(certificate))


def _read(certificate: bytes, opened: Opened) -> Certificate:
    fingerprint = hashlib.sha256(certificate).hexdigest()
    unreadable: list[Field] = []

    def part(what: Field, get: Callable[[], T], otherwise: T) -> T:
        try:
            return get()
        except UNREADABLE as error:
            unreadable.append(what)
            log.info("certificate %s: its %s cannot be read: %r", fingerprint, what, error)
            return otherwise

    parts = opened.fields
    names, all_read = _dns_names(opened)
    shown = tuple(clean(name, 253) for name in names[:MOST_NAMES])
    if not all_read:
        unreadable.append(Field.NAMES)
        log.info("certificate %s: not all of its names can be read", fingerprint)
    return Certificate(
        fingerprint=fingerprint,
        subject=part(Field.SUBJECT, lambda: _common_name(fields.name(parts["subject"])), "")
        or next(iter(shown), ""),
        issuer=part(Field.ISSUER, lambda: _full_name(fields.name(parts["issuer"])), ""),
        names=shown,
        names_total=len(names),
        serial=part(Field.SERIAL, lambda: fields.serial(parts["serial"]), "")[:MOST_CHARACTERS],
        not_before=part(Field.NOT_BEFORE, lambda: fields.moment(parts["validity"], 0), None),
        not_after=part(Field.NOT_AFTER, lambda: fields.moment(parts["validity"], 1), None),
        key=part(Field.KEY, lambda: fields.key(parts["key"]), "")[:MOST_OF_A_KIND],
        signature=part(Field.SIGNATURE, lambda: fields.digest(parts["signature"]), "")[
            :MOST_OF_A_KIND
        ],
        unreadable=tuple(unreadable),
    )


@lru_cache(64)  # one look at a chain asks for each of them several times
def read_link(certificate: bytes) -> Link:
    """The facts of a certificate as a part of a chain. What cannot be read is left out."""
    opened = take_apart(certificate)
    facts = _read(certificate, opened)
    subject = facts.subject
    self_issued = False
    with suppress(*UNREADABLE):
        name = fields.name(opened.fields["subject"])
        subject = _full_name(name)
        self_issued = fields.canonical(name) == fields.canonical(
            fields.name(opened.fields["issuer"])
        )
    key = opened.fields.get("key")
    key_id = hashlib.sha256(key.body).hexdigest() if key is not None else ""
    return Link(facts, subject, self_issued, _issuers_at(opened), key_id)


def is_signed_by(certificate: bytes, issuer: bytes) -> bool:
    """Whether the key of `issuer` made the signature on a certificate, and its subject is the name
    of the issuer there. False where that cannot be told."""
    try:
        x509.load_der_x509_certificate(certificate).verify_directly_issued_by(
            x509.load_der_x509_certificate(issuer)
        )
    # The parser may raise anything; a signature that does not fit is one end
    except Exception as error:  # noqa: BLE001
        raise_if_short(error)
        log.debug("no signature by that key: %r", error)
        return False
    return True


def _issuers_at(opened: Opened) -> tuple[str, ...]:
    urls = []
    for value in opened.values(fields.AUTHORITY_ACCESS):
        with suppress(Malformed):
            for access in der.elements(der.first(value).body):
                method, place = der.inside(access, der.SEQUENCE, at_least=2)[:2]
                if place.tag == _URI and der.dotted(method.body) == _CA_ISSUERS:
                    urls.append(clean(fields.text(place)))
    return tuple(urls[:MOST_ADDRESSES])


def must_staple(certificate: bytes) -> bool:
    """Whether this certificate demands a stapled OCSP answer of its server (RFC 7633)."""
    # Nearly every certificate there is, and much quicker than taking it apart
    if _TLS_FEATURE not in certificate:
        return False
    with suppress(Malformed):
        values = take_apart(certificate).values(fields.TLS_FEATURE)
        return _STATUS_REQUEST in [
            each for value in values for each in der.elements(der.first(value).body)
        ]
    return False


def covers(certificate: bytes, hostname: str) -> bool:
    """Whether a certificate is for this host name, as curl and browsers see it.

    All its names count, as far as they can be read.
    """
    names, _ = _dns_names(take_apart(certificate))
    return any(matches(name, hostname) for name in names)


def constraint_checks(path: Sequence[bytes]) -> int:
    """How many pairs of a name and a constraint on names OpenSSL compares on this path, leaf first
    (RFC 5280, 4.2.1.10, 6.1): those of every issuer with all names below it."""
    checks = names = 0
    for opened in map(take_apart, path):
        with suppress(Malformed):  # OpenSSL does not compare what it cannot read
            trees = _inside(opened, fields.NAME_CONSTRAINTS)
            checks += names * sum(len(list(der.elements(each.body))) for each in trees)
        with suppress(*UNREADABLE):
            names += len(list(der.elements(opened.fields["subject"].body)))
            names += len(_inside(opened, fields.SUBJECT_ALT_NAME))
    return checks


def _inside(opened: Opened, kind: str) -> list[Element]:
    return [each for value in opened.values(kind) for each in der.elements(der.first(value).body)]


def algorithms_differ(certificate: bytes) -> bool:
    """Whether a certificate names two algorithms for its signature, one inside and one beside it.

    RFC 5280, 4.1.1.2, rules that out.
    """
    with suppress(*UNREADABLE):
        beside = der.inside(der.first(certificate), der.SEQUENCE, at_least=2)[1]
        return take_apart(certificate).fields["signature"] != beside
    return False


def signed_with_sha3_by_ec(certificate: bytes) -> bool:
    """Whether an issuer with an EC key signed this certificate with SHA-3."""
    if _NIST_SIGNATURES not in certificate:  # nearly every certificate there is
        return False
    with suppress(*UNREADABLE):
        return (
            der.dotted(der.first(take_apart(certificate).fields["signature"].body).body)
            in _SHA3_BY_EC
        )
    return False


def _dns_names(opened: Opened) -> tuple[list[str], bool]:
    """The DNS names of the SAN, as they are written; RFC 9525 looks at no other place.

    And whether that is all.
    """
    names = []
    all_read = opened.whole
    for value in opened.values(fields.SUBJECT_ALT_NAME):
        try:
            for entry in der.elements(der.first(value).body):
                if entry.tag & ~der.CONSTRUCTED != _DNS_NAME:
                    continue
                name = fields.text(entry)
                if clean(name, 253):
                    names.append(name)
                else:
                    all_read = False
        except Malformed:
            all_read = False
    return names, all_read


def _common_name(name: Name) -> str:
    return clean(" ".join(text for kind, text in name if kind == fields.COMMON_NAME))


def _full_name(name: Name) -> str:
    organization = clean(" ".join(text for kind, text in name if kind == fields.ORGANIZATION), 90)
    common = clean(_common_name(name), 100)
    if organization or common:
        return ", ".join(dict.fromkeys(part for part in (common, organization) if part))
    cleaned = [(kind, clean(text)) for kind, text in name]
    return clean(
        ", ".join(
            f"{fields.attribute_label(kind)}={text}" for kind, text in reversed(cleaned) if text
        )
    )
