"""Leaves that a standard forbids and that servers show all the same: what `pki.issue` takes for each."""

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from webapp.demo.pki import der, extension

SAN = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
AIA = ExtensionOID.AUTHORITY_INFORMATION_ACCESS
SECOND_SAN = extension(SAN, x509.SubjectAlternativeName([x509.DNSName("second.lab.example")]).public_bytes())

ODD_LEAVES: dict[str, dict[str, Any]] = {
    "negative-serial": {"serial": -5},
    "long-serial": {"serial": 1 << 4096},
    "year-9999": {"not_after": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)},
    "year-1": {"not_before": datetime(1, 1, 1, tzinfo=UTC)},
    "two-sans": {"extensions": [SECOND_SAN]},
    "two-aias": {"extensions": [extension(AIA, der(0x30))] * 2},
    "malformed-san": {"san": b"garbage"},
    "malformed-aia": {"extensions": [extension(AIA, b"garbage")]},
    "nul-in-san": {"san": der(0x30, der(0x82, b"nul-in-san.lab.example\0.evil.example"))},
    "sixty-kilobytes": {"extensions": [extension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.9999"), bytes(60_000))]},
}
