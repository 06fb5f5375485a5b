"""Leaves that a standard forbids and that servers show all the same: what `pki.issue` takes for
each."""

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from webapp.demo.der import GENERALIZED_TIME, der
from webapp.demo.pki import extension, name
from webapp.probe.der import OID, SEQUENCE, SET, UTC_TIME

SAN = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
AIA = ExtensionOID.AUTHORITY_INFORMATION_ACCESS
SECOND_SAN = extension(
    SAN, x509.SubjectAlternativeName([x509.DNSName("second.lab.example")]).public_bytes()
)

CN = der(OID, bytes.fromhex("550403"))


def odd_name(tag: int, text: bytes) -> bytes:
    """A subject with one CN, a string of this kind."""
    return der(SEQUENCE, der(SET, der(SEQUENCE, CN, der(tag, text))))


# Text as it is in subjects and issuers, each with the tag and the bytes that say it.
ODD_TEXTS: dict[str, tuple[int, bytes, str]] = {
    "printable-star": (0x13, b"*.shop.example", "*.shop.example"),
    "printable-signs": (0x13, b"R&D_@home; 100 %", "R&D_@home; 100 %"),
    "printable-latin-1": (0x13, "Bäcker".encode("latin-1"), "Bäcker"),
    "printable-utf-8": (0x13, "Bäcker".encode(), "Bäcker"),
    "numeric": (0x12, b"12 34", "12 34"),
    "numeric-letters": (0x12, b"abc", "abc"),
    "visible": (0x1A, b"Shop", "Shop"),
    "ia5-latin-1": (0x16, "Müller".encode("latin-1"), "Müller"),
    "teletex": (0x14, "Zürich".encode("latin-1"), "Zürich"),
    "bmp": (0x1E, "Łódź".encode("utf-16-be"), "Łódź"),
    "bmp-odd-length": (0x1E, "Łódź".encode("utf-16-be") + b"x", "Łódź\ufffd"),
    "universal": (0x1C, "Łódź".encode("utf-32-be"), "Łódź"),
    "utf-8-invalid": (0x0C, b"Caf\xe9", "Café"),
}
# OpenSSL refuses to load these, on either side
UNSERVED = {"visible", "bmp-odd-length", "utf-8-invalid"}
# How a leaf's end may be written, each a time that OpenSSL verifies.
ODD_ENDS: dict[str, tuple[bytes, datetime]] = {
    "generalized-before-2050": (
        der(GENERALIZED_TIME, b"20420101000000Z"),
        datetime(2042, 1, 1, tzinfo=UTC),
    ),
    "utc-2049": (der(UTC_TIME, b"491231235959Z"), datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
    "leap-day": (der(GENERALIZED_TIME, b"20480229000000Z"), datetime(2048, 2, 29, tzinfo=UTC)),
}
# And these are times that it does not: the leaf is invalid, and says so.
BAD_ENDS = {
    "offset": der(UTC_TIME, b"420101000000+0100"),
    "fraction": der(GENERALIZED_TIME, b"20420101000000.5Z"),
    "leap-second": der(GENERALIZED_TIME, b"20420630235960Z"),
    "thirtieth-of-february": der(GENERALIZED_TIME, b"20420230000000Z"),
}

ODD_LEAVES: dict[str, dict[str, Any]] = {
    "negative-serial": {"serial": -5},
    "long-serial": {"serial": 1 << 4096},
    "year-9999": {"not_after": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)},
    "year-1": {"not_before": datetime(1, 1, 1, tzinfo=UTC)},
    "year-0": {"not_before": der(GENERALIZED_TIME, b"00000101000000Z")},
    "year-1949": {"not_before": der(GENERALIZED_TIME, b"19490101000000Z")},
    "no-subject": {"subject": der(SEQUENCE)},
    "blank-subject": {"subject": name(cn=" \u200b ", o="\t")},
    "curve-521": {"key": ec.generate_private_key(ec.SECP521R1())},
    "rsa-3072": {"key": rsa.generate_private_key(65537, 3072)},
    **{
        label: {"subject": odd_name(tag, text)}
        for label, (tag, text, _) in ODD_TEXTS.items()
        if label not in UNSERVED
    },
    **{label: {"not_after": end} for label, (end, _) in ODD_ENDS.items()},
    **{label: {"not_after": end} for label, end in BAD_ENDS.items()},
    "two-sans": {"extensions": [SECOND_SAN]},
    "two-aias": {"extensions": [extension(AIA, der(0x30))] * 2},
    "malformed-san": {"san": b"garbage"},
    "malformed-aia": {"extensions": [extension(AIA, b"garbage")]},
    "nul-in-san": {"san": der(0x30, der(0x82, b"nul-in-san.lab.example\0.evil.example"))},
    "sixty-kilobytes": {
        "extensions": [extension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.9999"), bytes(60_000))]
    },
}
