"""Certificates for the lab, good and bad, with the dates they need.

They are put together in DER by hand: half of them must be wrong in ways that an honest certificate
builder refuses (a negative serial, two extensions of one kind, a CN of 10 kB, a signature that does
not fit).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, SignatureAlgorithmOID

from webapp.demo.der import (
    EXTENSIONS_FIELD,
    GENERALIZED_TIME,
    UTF8_STRING,
    VERSION_FIELD,
    der,
    integer,
    object_identifier,
    pem,
)
from webapp.probe.der import BIT_STRING, BOOLEAN, NULL, OCTET_STRING, SEQUENCE, SET, UTC_TIME

PrivateKey = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)
Digest = hashes.SHA1 | hashes.SHA224 | hashes.SHA256 | hashes.SHA3_256


_SIGNATURES = {
    (rsa.RSAPrivateKey, "sha1"): SignatureAlgorithmOID.RSA_WITH_SHA1,
    (rsa.RSAPrivateKey, "sha224"): SignatureAlgorithmOID.RSA_WITH_SHA224,
    (rsa.RSAPrivateKey, "sha256"): SignatureAlgorithmOID.RSA_WITH_SHA256,
    (ec.EllipticCurvePrivateKey, "sha1"): SignatureAlgorithmOID.ECDSA_WITH_SHA1,
    (ec.EllipticCurvePrivateKey, "sha224"): SignatureAlgorithmOID.ECDSA_WITH_SHA224,
    (ec.EllipticCurvePrivateKey, "sha256"): SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    (rsa.RSAPrivateKey, "sha3-256"): SignatureAlgorithmOID.RSA_WITH_SHA3_256,
    (ec.EllipticCurvePrivateKey, "sha3-256"): SignatureAlgorithmOID.ECDSA_WITH_SHA3_256,
}

LEAF_USAGE = bytes.fromhex("030205a0")  # digitalSignature, keyEncipherment
ENCIPHER_ONLY = bytes.fromhex("03020520")  # keyEncipherment
CA_USAGE = bytes.fromhex("03020106")  # keyCertSign, cRLSign


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its private key: something that can be served, or that can issue
    others."""

    der: bytes
    key: PrivateKey
    name: bytes  # the subject, in DER

    @property
    def pem(self) -> str:
        return pem("CERTIFICATE", self.der)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def issue(
    names: str | Sequence[str],
    *,
    issuer: Identity | None = None,
    subject: bytes | None = None,
    not_before: datetime | bytes | None = None,
    not_after: datetime | bytes | None = None,
    key: PrivateKey | None = None,
    serial: int | None = None,
    eku: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH,),
    san: bytes | None = None,
    usage: bytes = LEAF_USAGE,
    spki: bytes | None = None,
    version: int = 3,
    extensions: Sequence[bytes] = (),
    authority_id: bytes | None = None,
    digest: Digest | None = None,
) -> Identity:
    """Issue a leaf for these DNS names; without an issuer it signs itself.

    It is good in every way for the next 60 days unless an argument says otherwise. `subject` is DER
    (see `name`), a date may be DER too, `san` is the value to put in place of the proper one (b"":
    no SAN at all), `usage` that of the key usage (b"": none), `spki` is another way to write the
    public key, `authority_id` is the value of the authority key identifier, and `extensions` (see
    `extension`) come on top, even where that makes two of a kind.
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    if san is None:
        san = x509.SubjectAlternativeName([x509.DNSName(each) for each in names]).public_bytes()
    own = [
        extension(ExtensionOID.BASIC_CONSTRAINTS, der(SEQUENCE), critical=True),
    ]
    if usage:
        own.append(extension(ExtensionOID.KEY_USAGE, usage, critical=True))
    if eku:
        own.append(
            extension(ExtensionOID.EXTENDED_KEY_USAGE, x509.ExtendedKeyUsage(eku).public_bytes())
        )
    if san:
        own.append(extension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, san))
    subject = name(cn=names[0]) if subject is None else subject
    extensions = [*own, *extensions]
    return _certificate(
        subject,
        issuer,
        not_before,
        not_after,
        key,
        serial,
        extensions,
        digest,
        spki,
        version,
        authority_id,
    )


def issue_ca(
    subject: str | bytes,
    *,
    issuer: Identity | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    key: PrivateKey | None = None,
    path_length: int | None = None,
    extensions: Sequence[bytes] = (),
) -> Identity:
    """Issue a certificate authority with this CN (or whole name in DER): a root, or an intermediate
    of `issuer`."""
    constraints = x509.BasicConstraints(ca=True, path_length=path_length).public_bytes()
    own = [
        extension(ExtensionOID.BASIC_CONSTRAINTS, constraints, critical=True),
        extension(ExtensionOID.KEY_USAGE, CA_USAGE, critical=True),
    ]
    subject = name(cn=subject) if isinstance(subject, str) else subject
    return _certificate(
        subject,
        issuer,
        not_before or days(-900),
        not_after or days(900),
        key,
        None,
        [*own, *extensions],
        None,
    )


def revocation_list(issuer: Identity, serials: Sequence[int] = ()) -> str:
    """A CRL of this issuer in PEM that revokes these serials; it holds for a year."""
    revoked = [der(SEQUENCE, integer(serial), _time(days(-1))) for serial in serials]
    content = der(
        SEQUENCE,
        integer(1),
        _algorithm(issuer.key, hashes.SHA256()),
        issuer.name,
        _time(days(-1)),
        _time(days(365)),
        *([der(SEQUENCE, *revoked)] if revoked else []),
    )
    return pem("X509 CRL", _signed(content, issuer.key, hashes.SHA256()))


def days(count: float) -> datetime:
    """The instant so many days from now; before now where `count` is negative."""
    return datetime.now(UTC) + timedelta(days=count)


def name(*, cn: str = "", o: str = "", kind: int = UTF8_STRING) -> bytes:
    """A distinguished name in DER, of any length and with any characters; `kind` is the tag of its
    texts."""
    given = ((NameOID.ORGANIZATION_NAME, o), (NameOID.COMMON_NAME, cn))
    parts = [
        der(SEQUENCE, object_identifier(what), der(kind, text.encode()))
        for what, text in given
        if text
    ]
    return der(SEQUENCE, *(der(SET, part) for part in parts))


def extension(kind: x509.ObjectIdentifier, value: bytes, *, critical: bool = False) -> bytes:
    """One extension in DER, whatever its value holds."""
    flag = der(BOOLEAN, b"\xff") if critical else b""
    return der(SEQUENCE, object_identifier(kind), flag, der(OCTET_STRING, value))


def _certificate(
    subject: bytes,
    issuer: Identity | None,
    not_before: datetime | bytes | None,
    not_after: datetime | bytes | None,
    key: PrivateKey | None,
    serial: int | None,
    extensions: Sequence[bytes],
    digest: Digest | None,
    spki: bytes | None = None,
    version: int = 3,
    authority_id: bytes | None = None,
) -> Identity:
    key = key or ec.generate_private_key(ec.SECP256R1())
    digest = digest or hashes.SHA256()
    issued_by, signing_key = (issuer.name, issuer.key) if issuer else (subject, key)
    # Key identifiers are there because Python 3.13 asks for them by default (VERIFY_X509_STRICT).
    own_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
    content = der(
        SEQUENCE,
        der(VERSION_FIELD, integer(version - 1)),
        integer(secrets.randbits(120) if serial is None else serial),
        _algorithm(signing_key, digest),
        issued_by,
        der(SEQUENCE, _time(not_before or days(-30)), _time(not_after or days(60.5))),
        subject,
        spki or key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        der(
            EXTENSIONS_FIELD,
            der(
                SEQUENCE,
                extension(own_id.oid, own_id.public_bytes()),
                extension(issuer_id.oid, authority_id or issuer_id.public_bytes()),
                *extensions,
            ),
        ),
    )
    return Identity(_signed(content, signing_key, digest), key, subject)


def _signed(content: bytes, key: PrivateKey, digest: Digest) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(content, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(content, ec.ECDSA(digest))
    else:
        signature = key.sign(content)
    return der(SEQUENCE, content, _algorithm(key, digest), der(BIT_STRING, b"\0", signature))


def _algorithm(key: PrivateKey, digest: Digest) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return der(SEQUENCE, object_identifier(SignatureAlgorithmOID.ED25519))
    if isinstance(key, ed448.Ed448PrivateKey):
        return der(SEQUENCE, object_identifier(SignatureAlgorithmOID.ED448))
    if isinstance(key, rsa.RSAPrivateKey):
        return der(
            SEQUENCE, object_identifier(_SIGNATURES[rsa.RSAPrivateKey, digest.name]), der(NULL)
        )
    return der(SEQUENCE, object_identifier(_SIGNATURES[ec.EllipticCurvePrivateKey, digest.name]))


def _time(at: datetime | bytes) -> bytes:
    """UTCTime from 1950 to 2049 and GeneralizedTime beyond, as RFC 5280 4.1.2.5 wants it."""
    if isinstance(at, bytes):
        return at
    at = at.astimezone(UTC)
    digits = f"{at.year:04}{at:%m%d%H%M%S}Z".encode()
    return der(UTC_TIME, digits[2:]) if 1950 <= at.year < 2050 else der(GENERALIZED_TIME, digits)
