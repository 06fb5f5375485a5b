"""DER -> Certificate. With staple.py the only importer of cryptography.

A certificate is hostile input: OpenSSL accepts many that `cryptography` refuses to read to the end, and any text in
one may be markup, control characters or 30 kB long. Nothing in here raises for what a server sent.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
import warnings
from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from webapp.probe.finding import Certificate, Link
from webapp.probe.hostname import matches

log = logging.getLogger(__name__)

MOST_NAMES = 100
MOST_CHARACTERS = 200
MOST_ADDRESSES = 3  # of those where an issuer's certificate can be had
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format (bidi, zero width), surrogates, unassigned

T = TypeVar("T")

# `cryptography` warns whoever reads an odd certificate. Strangers make them; what is odd is in `readable`.
warnings.filterwarnings("ignore", category=UserWarning, module=__name__)


def read(der: bytes) -> Certificate:
    """The facts of a certificate. What cannot be read is left out, and `readable` is False."""
    fingerprint = hashlib.sha256(der).hexdigest()
    try:
        parsed = x509.load_der_x509_certificate(der)
    except Exception as error:  # noqa: BLE001 - the parser may raise anything on what a stranger made
        log.info("certificate %s cannot be read: %s", fingerprint, error)
        return Certificate(fingerprint=fingerprint, readable=False)

    failed: list[str] = []

    def part(what: str, get: Callable[[], T], otherwise: T) -> T:
        try:
            return get()
        except Exception as error:  # noqa: BLE001 - as above: one part that cannot be read must not hide the others
            failed.append(what)
            log.info("certificate %s: its %s cannot be read: %s", fingerprint, what, error)
            return otherwise

    nobody: tuple[str, ...] = ()
    names = part("names", lambda: _names(parsed), nobody)
    return Certificate(
        fingerprint=fingerprint,
        subject=part("subject", lambda: _common_name(parsed.subject), "") or next(iter(names), ""),
        issuer=part("issuer", lambda: _full_name(parsed.issuer), ""),
        names=names,
        serial=part("serial", lambda: f"{parsed.serial_number:x}", "")[:MOST_CHARACTERS],
        not_before=part("start", lambda: parsed.not_valid_before_utc, None),
        not_after=part("end", lambda: parsed.not_valid_after_utc, None),
        key=part("key", lambda: _key(parsed), ""),
        signature=part("signature", lambda: _digest(parsed), ""),
        readable=not failed,
    )


def read_link(der: bytes) -> Link:
    """The facts of a certificate as a part of a chain. What cannot be read is left out."""
    certificate = read(der)
    try:
        parsed = x509.load_der_x509_certificate(der)
        subject, self_issued = _full_name(parsed.subject), parsed.subject == parsed.issuer
    except Exception as error:  # noqa: BLE001 - as in `read`
        log.info("certificate %s cannot be read as a link: %s", certificate.fingerprint, error)
        return Link(certificate, certificate.subject, self_issued=False)
    try:
        issuers_at = _issuers_at(parsed)
    except Exception as error:  # noqa: BLE001 - as above
        log.info("certificate %s: its extensions cannot be read: %s", certificate.fingerprint, error)
        return Link(certificate, subject, self_issued, key_id=_key_id(parsed))
    return Link(certificate, subject, self_issued, issuers_at, _key_id(parsed))


def is_signed_by(der: bytes, issuer: bytes) -> bool:
    """Whether the key of `issuer` made the signature on `der`, and its subject is the name of the issuer there. False
    where that cannot be told."""
    try:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    except Exception as error:  # noqa: BLE001 - as in `read`; a signature that does not fit is one of many ends
        log.debug("no signature by that key: %r", error)
        return False
    return True


def _key_id(parsed: x509.Certificate) -> str:
    try:
        return hashlib.sha256(
            parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).hexdigest()
    except Exception as error:  # noqa: BLE001 - as in `read`
        log.info("a public key cannot be read: %s", error)
        return ""


def _issuers_at(parsed: x509.Certificate) -> tuple[str, ...]:
    try:
        access = parsed.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ()
    places = (one.access_location for one in access if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS)
    urls = [clean(place.value) for place in places if isinstance(place, x509.UniformResourceIdentifier)]
    return tuple(urls[:MOST_ADDRESSES])


_TLS_FEATURE = bytes.fromhex("06082b06010505070118")  # the OID of RFC 7633's extension, 1.3.6.1.5.5.7.1.24, in DER


def must_staple(der: bytes) -> bool:
    """Whether this certificate demands a stapled OCSP answer of its server (RFC 7633)."""
    if _TLS_FEATURE not in der:  # nearly every certificate there is, and a hundred times quicker than reading it
        return False
    try:
        features = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.TLSFeature).value
    except Exception as error:  # noqa: BLE001 - as in `read`
        log.info("what a certificate demands of TLS cannot be read: %s", error)
        return False
    return x509.TLSFeatureType.status_request in features


def covers(der: bytes, hostname: str) -> bool:
    """Whether a certificate is for this host name, as curl and browsers see it. All its names count; those of a SAN
    that cannot be read do not."""
    try:
        san = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return any(matches(name, hostname) for name in san.get_values_for_type(x509.DNSName))
    except Exception as error:  # noqa: BLE001 - as in `read`: it may raise anything, and what cannot be read covers nothing
        log.info("the names of a certificate for %s cannot be read: %s", hostname, error)
        return False


def clean(text: str, most: int = MOST_CHARACTERS) -> str:
    """A stranger's text on one line, without characters that hide or reorder, at most `most` of them.

    Cleaned text is no markup-safe text: it still has to be escaped where it is shown.
    """
    if len(text) <= most and text.isascii() and text.isprintable():
        return text.strip()  # nearly every text there is
    text = " ".join(text[: 4 * most].split())
    text = "".join(c for c in text if unicodedata.category(c) not in _HIDDEN)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _names(parsed: x509.Certificate) -> tuple[str, ...]:
    """The DNS names of the SAN; RFC 9525 looks at no other place."""
    try:
        san = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(clean(name, 253) for name in san.get_values_for_type(x509.DNSName)[:MOST_NAMES])


def _common_name(name: x509.Name) -> str:
    return clean(" ".join(str(a.value) for a in name.get_attributes_for_oid(NameOID.COMMON_NAME)))


def _full_name(name: x509.Name) -> str:
    organization = clean(" ".join(str(a.value) for a in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)), 90)
    common = clean(_common_name(name), 100)
    if not (organization or common):
        return clean(name.rfc4514_string())
    return ", ".join(dict.fromkeys(part for part in (common, organization) if part))


def _key(parsed: x509.Certificate) -> str:
    key = parsed.public_key()
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}"
        case dsa.DSAPublicKey():
            return f"DSA {key.key_size}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
    return type(key).__name__.removesuffix("PublicKey")


def _digest(parsed: x509.Certificate) -> str:
    digest = parsed.signature_hash_algorithm
    return digest.name if digest is not None else "built in"  # Ed25519 and ML-DSA bring their own
