"""What curl takes and Chromium refuses: each row of docs/verdicts.md, asked of both and of the
engine."""

import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from tests.chromium_verdict import OK, verdicts
from webapp.demo.der import der, integer
from webapp.demo.lab import running
from webapp.demo.pki import days, extension, issue, issue_ca, name
from webapp.demo.servers import only_rsa
from webapp.probe import Note, check
from webapp.probe.browsers import refusals

SEQUENCE = 0x30
BIT_STRING = 0x03
NULL = 0x05
RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
SHA224 = hashes.SHA224()
OTHER = x509.ObjectIdentifier("1.2.3.4")
NETSCAPE, MICROSOFT = map(
    x509.ObjectIdentifier, ("2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.10.3.3")
)
OID_1_2_3_4 = bytes.fromhex("06032a0304")


def usage(octets):
    return bytes.fromhex(octets)


def text(tag, octets):
    """A subject with this organization."""
    return der(SEQUENCE, der(0x31, der(SEQUENCE, bytes.fromhex("060355040a"), der(tag, octets))))


def with_san(*more):
    return lambda host: {"san": der(SEQUENCE, der(0x82, host.encode()), *more)}


def has(kind, value, times=1, **more):
    return {"extensions": [extension(kind, value, **more)] * times}


RSA_WITHOUT_NULL = der(
    SEQUENCE,
    der(SEQUENCE, bytes.fromhex("06092a864886f70d010101")),
    der(BIT_STRING, b"\0", RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)),
)

# By the first cell of the row in docs/verdicts.md: what `issue` takes.
KEY = Note.BROWSERS_REFUSE_KEY
USAGE = Note.BROWSERS_REFUSE_KEY_USAGE
PURPOSE = Note.BROWSERS_REFUSE_PURPOSE
SIGNATURE = Note.BROWSERS_REFUSE_SIGNATURE
TEXT = Note.BROWSERS_REFUSE_TEXT
FORM = Note.BROWSERS_REFUSE_FORM
ROWS = {
    "Ed25519 key": (KEY, {"key": ed25519.Ed25519PrivateKey.generate()}),
    "Ed448 key": (KEY, {"key": ed448.Ed448PrivateKey.generate()}),
    "EC key on P-521": (KEY, {"key": ec.generate_private_key(ec.SECP521R1())}),
    "RSA key without the NULL after its algorithm": (KEY, {"key": RSA, "spki": RSA_WITHOUT_NULL}),
    "EC key, key usage keyEncipherment only": (USAGE, {"usage": usage("03020520")}),
    "EC key, key usage keyAgreement only": (USAGE, {"usage": usage("03020308")}),
    "RSA key, key usage keyEncipherment only": (USAGE, {"key": RSA, "usage": usage("03020520")}),
    "RSA key exchange, key usage digitalSignature only": (
        USAGE,
        {"key": RSA, "usage": usage("03020780"), "setup": only_rsa},
    ),
    "purpose: Netscape's server gated crypto": (PURPOSE, {"eku": [NETSCAPE]}),
    "purpose: Microsoft's server gated crypto": (PURPOSE, {"eku": [MICROSOFT]}),
    "an intermediate for Netscape's server gated crypto": (
        PURPOSE,
        {
            "ca": {
                "extensions": [
                    extension(
                        ExtensionOID.EXTENDED_KEY_USAGE,
                        x509.ExtendedKeyUsage([NETSCAPE]).public_bytes(),
                    )
                ]
            }
        },
    ),
    "signed with SHA-224": (SIGNATURE, {"digest": SHA224}),
    "issuer with an Ed25519 key": (
        SIGNATURE,
        {"ca": {"key": ed25519.Ed25519PrivateKey.generate()}},
    ),
    "issuer with an Ed448 key": (SIGNATURE, {"ca": {"key": ed448.Ed448PrivateKey.generate()}}),
    "issuer with an EC key on P-224": (
        SIGNATURE,
        {"ca": {"key": ec.generate_private_key(ec.SECP224R1())}},
    ),
    "issuer with an EC key on secp256k1": (
        SIGNATURE,
        {"ca": {"key": ec.generate_private_key(ec.SECP256K1())}},
    ),
    "issuer with an EC key on a Brainpool curve": (
        SIGNATURE,
        {"ca": {"key": ec.generate_private_key(ec.BrainpoolP256R1())}},
    ),
    "PrintableString with @": (TEXT, {"subject": text(0x13, b"shop@example")}),
    "PrintableString with _": (TEXT, {"subject": text(0x13, b"my_shop")}),
    "PrintableString with &": (TEXT, {"subject": text(0x13, b"Shop & Sons")}),
    "PrintableString with a non-ASCII letter": (TEXT, {"subject": text(0x13, b"M\xfcller")}),
    "IA5String with a non-ASCII letter": (TEXT, {"subject": text(0x16, b"M\xfcller")}),
    "BMPString without a character": (TEXT, {"subject": text(0x1E, b"\xff\xfe")}),
    "NumericString": (TEXT, {"subject": text(0x12, b"123")}),
    "an issuer's name with such a string": (TEXT, {"ca": {"subject": text(0x13, b"Trust & Co")}}),
    "extensions in a certificate of version 1": (FORM, {"version": 1}),
    "a version that does not exist": (FORM, {"version": 4}),
    "no subject, and a SAN that is not critical": (FORM, {"subject": der(SEQUENCE)}),
    "an extension that appears twice": (FORM, has(OTHER, b"twice", 2)),
    "an intermediate with an extension that appears twice": (
        FORM,
        {"ca": has(OTHER, b"twice", 2)},
    ),
    "SAN with an IP address of five bytes": (FORM, with_san(der(0x87, b"\1\2\3\4\5"))),
    "SAN with a non-ASCII DNS name": (FORM, with_san(der(0x82, "müller.example".encode()))),
    "AIA that cannot be read": (FORM, has(ExtensionOID.AUTHORITY_INFORMATION_ACCESS, b"garbage")),
    "AIA that is empty": (FORM, has(ExtensionOID.AUTHORITY_INFORMATION_ACCESS, der(SEQUENCE))),
    "policies that are empty": (FORM, has(ExtensionOID.CERTIFICATE_POLICIES, der(SEQUENCE))),
    "a policy that appears twice": (
        FORM,
        has(ExtensionOID.CERTIFICATE_POLICIES, der(SEQUENCE, *[der(SEQUENCE, OID_1_2_3_4)] * 2)),
    ),
    "policy constraints that require a policy immediately": (
        FORM,
        has(ExtensionOID.POLICY_CONSTRAINTS, der(SEQUENCE, der(0x80, b"\0")), critical=True),
    ),
    "inhibitAnyPolicy that cannot be read": (
        FORM,
        has(ExtensionOID.INHIBIT_ANY_POLICY, b"garbage"),
    ),
    "name constraints that are empty": (FORM, has(ExtensionOID.NAME_CONSTRAINTS, der(SEQUENCE))),
}
# Odd, and taken by all: nothing may be said of these.
TAKEN = {
    "RSA 4096": lambda _: {"key": rsa.generate_private_key(65537, 4096)},  # takes a second
    "EC key on P-384": {"key": ec.generate_private_key(ec.SECP384R1())},
    "no key usage": {"usage": b""},
    "RSA key exchange, keyEncipherment alone": {
        "key": RSA,
        "usage": usage("03020520"),
        "setup": only_rsa,
    },
    "no extended key usage": {"eku": ()},
    "two purposes": {"eku": [NETSCAPE, ExtendedKeyUsageOID.SERVER_AUTH]},
    "issuer with an EC key on P-521": {"ca": {"key": ec.generate_private_key(ec.SECP521R1())}},
    "issuer with an RSA key": {"ca": {"key": RSA}},
    "PrintableString with a star": {"subject": text(0x13, b"*.example")},
    "TeletexString": {"subject": text(0x14, b"M\xfcller")},
    "BMPString": {"subject": text(0x1E, "Müller".encode("utf-16-be"))},
    "negative serial": {"serial": -5},
    "serial of 22 bytes": {"serial": 1 << 172},
    "SAN with an e-mail address": with_san(der(0x81, b"a@b.example")),
    "SCTs that cannot be read": has(ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS, b"garbage"),
    "inhibitAnyPolicy": has(ExtensionOID.INHIBIT_ANY_POLICY, integer(3)),
    # A private root is exempt from the 398 days that Chromium allows a public one.
    "eight years of life": {"not_before": days(-1500), "not_after": days(1500)},
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A lab with a server a row, and the host name of each."""
    rows = {**{row: leaf for row, (_, leaf) in ROWS.items()}, **TAKEN}
    with running(tmp_path_factory.mktemp("browsers")) as lab:
        hosts = {row: f"row-{number}.lab.example" for number, row in enumerate(rows)}
        for row, leaf in rows.items():
            _serve(lab, hosts[row], **(leaf(hosts[row]) if callable(leaf) else leaf))
        yield lab, hosts


def _serve(lab, host, ca=None, setup=None, **leaf):
    issuer = lab.intermediate
    if ca is not None:
        issuer = issue_ca(**{"subject": name(cn="Odd CA"), **ca}, issuer=lab.root)
    lab.serve(host, issue(host, issuer=issuer, **leaf), issuer, setup=setup)


@pytest.fixture(scope="module")
def found(shown, lab_settings_of):
    lab, hosts = shown
    settings = lab_settings_of(lab)
    return {row: check(host, settings) for row, host in hosts.items()}


@pytest.mark.parametrize("row", ROWS)
def test_a_green_that_browsers_refuse_says_why(found, row):
    assert (found[row].reason, found[row].notes) == ("ok", {ROWS[row][0]})
    assert found[row].browsers_refuse


@pytest.mark.parametrize("row", TAKEN)
def test_what_is_odd_and_taken_is_green_without_a_remark(found, row):
    assert (found[row].reason, found[row].notes) == ("ok", frozenset())


def test_chromium_refuses_what_it_is_said_to_and_takes_the_rest(shown):
    lab, hosts = shown
    where = {entry.partition("=")[0]: _address(entry) for entry in lab.connect_to().split(",")}
    said = verdicts(hosts.values(), {host: where[host] for host in hosts.values()}, [lab.root.pem])
    assert {row for row, host in hosts.items() if said[host] != OK} == set(ROWS)


def _address(entry):
    address, _, port = entry.partition("=")[2].rpartition(":")
    return address, int(port)


def test_the_table_of_the_documents_is_this_one():
    verdicts_page = Path(__file__).parents[2].joinpath("docs", "verdicts.md").read_text()
    table = verdicts_page.partition("## Differences from browsers")[2]
    rows = dict(re.findall(r"^\| ([^|]+?) \| `(\w+)` \|$", table, re.MULTILINE))
    assert rows == {row: note.value for row, (note, _) in ROWS.items()}


@pytest.mark.parametrize(
    "octets", [b"", b"0", b"\x30\x80", b"\x30\x82\xff", b"\x30\x03\x30\x01\x05"]
)
def test_what_is_no_certificate_is_no_failure_of_ours(octets):
    assert Note.BROWSERS_REFUSE_FORM in refusals([octets, octets, octets])


def test_an_rsa_pss_signature_without_a_digest_is_sha_1():
    sha_256, pss = (bytes.fromhex(f"300d06092a864886f70d0101{end}") for end in ("0b0500", "0a3000"))
    odd = issue_ca("PSS CA", key=RSA).der.replace(sha_256, pss)
    leaf = issue("a.example").der
    root = issue_ca("Root").der
    assert refusals([leaf, odd, root]) == {SIGNATURE}
    assert refusals([leaf, odd]) == set()  # a root's signature on itself proves nothing
