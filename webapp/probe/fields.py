"""The fields of a certificate (RFC 5280, 4.1), each read by itself. No I/O.

A function for one field raises LookupError or ValueError where that field is missing or malformed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from webapp.probe import der
from webapp.probe.der import Element, Malformed

COMMON_NAME = "2.5.4.3"
ORGANIZATION = "2.5.4.10"
SUBJECT_KEY_ID = "2.5.29.14"
KEY_USAGE = "2.5.29.15"
SUBJECT_ALT_NAME = "2.5.29.17"
AUTHORITY_KEY_ID = "2.5.29.35"
NAME_CONSTRAINTS = "2.5.29.30"
AUTHORITY_ACCESS = "1.3.6.1.5.5.7.1.1"
TLS_FEATURE = "1.3.6.1.5.5.7.1.24"

# The extensions that OpenSSL reads of every certificate, with the tag that their value has to have.
# Where it cannot read one, or meets one twice, it takes no part of a chain to be the issuer of
# another (x509v3_cache_extensions).
READ_BY_OPENSSL: Mapping[str, int] = MappingProxyType(
    {
        SUBJECT_KEY_ID: der.OCTET_STRING,
        KEY_USAGE: der.BIT_STRING,
        SUBJECT_ALT_NAME: der.SEQUENCE,
        "2.5.29.19": der.SEQUENCE,  # basic constraints
        NAME_CONSTRAINTS: der.SEQUENCE,
        "2.5.29.31": der.SEQUENCE,  # CRL distribution points
        AUTHORITY_KEY_ID: der.SEQUENCE,
        "2.5.29.37": der.SEQUENCE,  # extended key usage
        "2.16.840.1.113730.1.1": der.BIT_STRING,  # Netscape's certificate type
        "1.3.6.1.5.5.7.1.7": der.SEQUENCE,  # IP addresses (RFC 3779)
        "1.3.6.1.5.5.7.1.8": der.SEQUENCE,  # autonomous systems (RFC 3779)
        "1.3.6.1.5.5.7.1.14": der.SEQUENCE,  # proxy certificate
    }
)
_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "2.5.4.3": "CN",
        "2.5.4.4": "SN",
        "2.5.4.5": "serialNumber",
        "2.5.4.6": "C",
        "2.5.4.7": "L",
        "2.5.4.8": "ST",
        "2.5.4.9": "street",
        "2.5.4.10": "O",
        "2.5.4.11": "OU",
        "2.5.4.12": "title",
        "2.5.4.42": "GN",
        "0.9.2342.19200300.100.1.1": "UID",
        "0.9.2342.19200300.100.1.25": "DC",
        "1.2.840.113549.1.9.1": "emailAddress",
    }
)
_RSA = "1.2.840.113549.1.1.1"
_RSA_PSS = "1.2.840.113549.1.1.10"
_EC = "1.2.840.10045.2.1"
_DSA = "1.2.840.10040.4.1"
_ML_DSA: Mapping[str, str] = MappingProxyType(
    {
        f"2.16.840.1.101.3.4.3.{last}": f"ML-DSA-{size}"
        for last, size in ((17, 44), (18, 65), (19, 87))
    }
)
_SLH_DSA: Mapping[str, str] = MappingProxyType(
    {f"2.16.840.1.101.3.4.3.{last}": "SLH-DSA" for last in range(20, 32)}
)
_EDWARDS: Mapping[str, str] = MappingProxyType({"1.3.101.112": "Ed25519", "1.3.101.113": "Ed448"})
_KEYS: Mapping[str, str] = MappingProxyType(
    {
        **_EDWARDS,
        **_ML_DSA,
        **_SLH_DSA,
        "1.3.101.110": "X25519",
        "1.3.101.111": "X448",
        "1.2.840.113549.1.3.1": "DH",
    }
)
_CURVES: Mapping[str, str] = MappingProxyType(
    {
        "1.2.840.10045.3.1.1": "secp192r1",
        "1.2.840.10045.3.1.7": "secp256r1",
        "1.3.132.0.10": "secp256k1",
        "1.3.132.0.33": "secp224r1",
        "1.3.132.0.34": "secp384r1",
        "1.3.132.0.35": "secp521r1",
        "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
        "1.2.156.10197.1.301": "SM2",
    }
)
_BUILT_IN = "built in"  # these signatures bring their own digest
_HASHES: Mapping[str, str] = MappingProxyType(
    {
        "1.3.14.3.2.26": "sha1",
        "2.16.840.1.101.3.4.2.1": "sha256",
        "2.16.840.1.101.3.4.2.2": "sha384",
        "2.16.840.1.101.3.4.2.3": "sha512",
        "2.16.840.1.101.3.4.2.4": "sha224",
        "2.16.840.1.101.3.4.2.7": "sha3-224",
        "2.16.840.1.101.3.4.2.8": "sha3-256",
        "2.16.840.1.101.3.4.2.9": "sha3-384",
        "2.16.840.1.101.3.4.2.10": "sha3-512",
    }
)
_SIGNATURES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((*_EDWARDS, *_ML_DSA, *_SLH_DSA), _BUILT_IN),
        "1.2.840.113549.1.1.2": "md2",
        "1.2.840.113549.1.1.4": "md5",
        **{
            f"1.2.840.113549.1.1.{last}": name
            for last, name in ((5, "sha1"), (11, "sha256"), (12, "sha384"))
        },
        **{f"1.2.840.113549.1.1.{last}": name for last, name in ((13, "sha512"), (14, "sha224"))},
        "1.3.14.3.2.29": "sha1",  # RSA, by an older name
        "1.2.840.10045.4.1": "sha1",  # ECDSA
        **{
            f"1.2.840.10045.4.3.{last}": f"sha{size}"
            for last, size in enumerate((224, 256, 384, 512), 1)
        },
        "1.2.840.10040.4.3": "sha1",  # DSA
        **{
            f"2.16.840.1.101.3.4.3.{last}": f"sha{size}"
            for last, size in enumerate((224, 256, 384, 512), 1)
        },
        # ECDSA and RSA with SHA-3
        **{
            f"2.16.840.1.101.3.4.3.{last}": f"sha3-{size}"
            for last, size in enumerate((224, 256, 384, 512), 9)
        },
        **{
            f"2.16.840.1.101.3.4.3.{last}": f"sha3-{size}"
            for last, size in enumerate((224, 256, 384, 512), 13)
        },
        "1.2.156.10197.1.501": "sm3",
    }
)
_FIELDS = ("serial", "signature", "issuer", "validity", "subject", "key")
_VERSION = 0xA0
_EXTENSIONS = 0xA3
_HASH_OF_PSS = 0xA0
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z", re.ASCII)

Name = list[tuple[str, str]]  # attributes in order: the type of each, as a dotted OID, and its text
Canonical = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Opened:
    """A certificate taken apart, as far as its parts can be told apart. `whole`: to the end."""

    fields: dict[str, Element] = field(default_factory=dict)
    extensions: list[tuple[str, bytes]] = field(default_factory=list)
    whole: bool = False

    def values(self, kind: str) -> list[bytes]:
        """The values of the extensions of this kind, of which there may be several."""
        return [value for oid, value in self.extensions if oid == kind]


@lru_cache(32)  # one check asks for the same few certificates several times
def take_apart(certificate: bytes) -> Opened:
    """The fields and the extensions of a certificate; not to be changed. Never raises."""
    opened = Opened()
    with suppress(Malformed):
        missing = list(reversed(_FIELDS))
        for element in der.elements(der.first(der.first(certificate).body).body):
            if element.tag == _VERSION and not opened.fields:
                continue
            if missing:
                opened.fields[missing.pop()] = element
            elif element.tag == _EXTENSIONS:
                for each in der.elements(der.first(element.body).body):
                    kind, *_, value = der.inside(each, der.SEQUENCE, at_least=2)
                    opened.extensions.append((der.dotted(kind.body), der.content(value)))
        opened.whole = not missing
    return opened


def text(element: Element) -> str:
    """The text of a string of any kind, whatever its bytes are: what is no UTF-8 is read as
    Latin-1."""
    try:
        octets = der.content(element)
        kind = element.tag & ~der.CONSTRUCTED
    except Malformed:  # no string in parts after all: a name may hold anything
        octets = element.body
        kind = element.tag
    if kind == der.BMP_STRING:
        return octets.decode("utf-16-be", "replace")
    if kind == der.UNIVERSAL_STRING:
        return octets.decode("utf-32-be", "replace")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def name(element: Element) -> Name:
    """The attributes of a subject or an issuer."""
    attributes = []
    for together in der.inside(element, der.SEQUENCE):
        for attribute in der.elements(together.body):
            kind, value = der.inside(attribute, der.SEQUENCE, at_least=2)[:2]
            attributes.append((der.dotted(kind.body), text(value)))
    return attributes


def canonical(name: Name) -> Canonical:
    """What is equal for two names that are the same, as RFC 5280 (7.1) compares them: neither case
    nor the width of spaces counts."""
    return tuple((kind, " ".join(value.lower().split())) for kind, value in name)


def attribute_label(kind: str) -> str:
    """ "OU": what an attribute of a name is called; its OID where it has no short name."""
    return _ATTRIBUTES.get(kind, kind)


def serial(element: Element) -> str:
    """Lower-case hex, of any size and either sign."""
    if not element.body:
        raise Malformed("no digits")
    return f"{int.from_bytes(element.body, 'big', signed=True):x}"


def moment(validity: Element, place: int) -> datetime:
    """The start (0) or the end (1) of a certificate's life, in the one form that OpenSSL verifies:
    down to the second, and in UTC. RFC 5280 (4.1.2.5): of two digits for the year, 50 is 1950."""
    element = der.inside(validity, der.SEQUENCE)[place]
    digits = der.content(element).decode("ascii")
    if element.tag & ~der.CONSTRUCTED == der.UTC_TIME:
        digits = f"{'19' if digits >= '50' else '20'}{digits}"
    matched = _TIME.fullmatch(digits)
    if matched is None:
        raise Malformed(f"no time: {digits[:30]!r}")
    year, month, day, hour, minute, second = map(int, matched.groups())
    # OpenSSL knows a year 0, Python does not: its first day is near enough.
    return datetime(max(year, 1), month, day, hour, minute, second, tzinfo=UTC)


def key(element: Element) -> str:
    """ "RSA 2048", "EC secp256r1", "Ed25519": a public key, by its OID where it has no name."""
    algorithm, bits = der.inside(element, der.SEQUENCE, at_least=2)[:2]
    kind, *parameters = der.inside(algorithm, der.SEQUENCE, at_least=1)
    oid = der.dotted(kind.body)
    if oid in (_RSA, _RSA_PSS):
        modulus = der.first(der.first(der.content(bits)[1:]).body)
        return f"{'RSA' if oid == _RSA else 'RSA-PSS'} {_size(modulus)}"
    if oid == _DSA:
        return f"DSA {_size(der.first(parameters[0].body))}"
    if oid == _EC and parameters[0].tag != der.OID:
        return "EC explicit"  # a curve of its own, by its parameters
    if oid == _EC:
        curve = der.dotted(parameters[0].body)
        return f"EC {_CURVES.get(curve, curve)}"
    return _KEYS.get(oid, oid)


def _size(number: Element) -> int:
    return int.from_bytes(number.body, "big").bit_length()


def digest(element: Element) -> str:
    """ "sha256": the digest of a signature. RSASSA-PSS names it among its parameters, and means
    SHA-1 where it does not (RFC 4055, 3.1)."""
    kind, *parameters = der.inside(element, der.SEQUENCE, at_least=1)
    oid = der.dotted(kind.body)
    if oid != _RSA_PSS:
        return _SIGNATURES.get(oid, oid)
    given = (
        [each for each in der.elements(parameters[0].body) if each.tag == _HASH_OF_PSS]
        if parameters
        else []
    )
    if not given:
        return "sha1"
    oid = der.dotted(der.first(der.first(given[0].body).body).body)
    return _HASHES.get(oid, oid)
