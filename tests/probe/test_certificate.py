"""What is read of certificates that strangers made: each field by itself, and as much as OpenSSL
verifies."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from OpenSSL import crypto

from tests.odd_leaves import BAD_ENDS, ODD_ENDS, ODD_LEAVES, ODD_TEXTS, odd_name
from webapp.demo import pki
from webapp.demo.der import der, object_identifier
from webapp.demo.pki import extension, issue, issue_ca
from webapp.probe import ConnectTo, Reason, certificate, check, clean_text, fields, issuers
from webapp.probe.der import Element, elements
from webapp.probe.finding import Field

UNPARSED = {"two-sans", "malformed-san"}  # OpenSSL itself cannot read the extensions of these
MALFORMED = {*UNPARSED, *BAD_ENDS}
# Read and judged: it is for another name than it is asked for
OTHERWISE = {"nul-in-san": Reason.WRONG_HOSTNAME}


@pytest.fixture(scope="module")
def ca():
    return issue_ca("Padlock Lab CA")


def asked_of(lab, lab_settings, odd, *chain):
    name = f"{odd}.lab.example"
    leaf = issue(name, issuer=lab.intermediate, **ODD_LEAVES[odd])
    address, port = lab.serve(name, leaf, *chain)
    return check(name, replace(lab_settings, connect_to=(ConnectTo("*", address, port),)))


@pytest.mark.parametrize("odd", ODD_LEAVES)
def test_an_odd_certificate_gets_its_verdict_and_a_valid_one_its_end(odd, lab, lab_settings):
    finding = asked_of(lab, lab_settings, odd, lab.intermediate)
    assert finding.reason is (
        Reason.CHAIN_INVALID if odd in MALFORMED else OTHERWISE.get(odd, Reason.OK)
    )
    assert (finding.certificate.not_after is None) == (odd in BAD_ENDS)
    assert finding.certificate.issuer == "Padlock Lab CA 1, Padlock Lab"


@pytest.mark.parametrize("odd", ODD_LEAVES)
def test_an_odd_certificate_without_its_issuer_lacks_its_issuer(odd, lab, lab_settings):
    finding = asked_of(lab, lab_settings, odd)
    assert finding.problems[0].code == 20
    assert finding.reason is (Reason.CHAIN_INVALID if odd in UNPARSED else Reason.INCOMPLETE_CHAIN)


@pytest.mark.parametrize("odd", ["malformed", "twice"])
def test_no_issuer_is_missing_where_the_one_that_came_is_malformed(odd, lab, lab_settings):
    value = b"garbage" if odd == "malformed" else der(0x04, b"another")
    broken = issue_ca(
        "Broken CA",
        issuer=lab.root,
        extensions=[extension(fields_oid(fields.SUBJECT_KEY_ID), value)],
    )
    address, port = lab.serve(
        "broken.lab.example", issue("broken.lab.example", issuer=broken), broken
    )
    finding = check(
        "broken.lab.example", replace(lab_settings, connect_to=(ConnectTo("*", address, port),))
    )
    assert finding.reason is Reason.CHAIN_INVALID


def test_an_issuer_of_the_same_name_with_another_key_is_not_the_one_that_is_missing(lab):
    leaf = issue("a.example", issuer=lab.intermediate)
    namesake = issue_ca(lab.intermediate.name, issuer=lab.root)
    assert issuers.lacks_issuer(leaf.der, [namesake.der])
    assert not issuers.lacks_issuer(leaf.der, [lab.intermediate.der])


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("tls_name", ["subject", "issuer"])
def test_text_of_every_kind_is_shown_as_text(text, tls_name, ca):
    tag, octets, shown = ODD_TEXTS[text]
    name = odd_name(tag, octets)
    made = (
        issue("a.example", subject=name)
        if tls_name == "subject"
        else issue("a.example", issuer=issue_ca(name))
    )
    read = certificate.read(made.der)
    assert getattr(read, tls_name) == clean_text.clean(shown)
    assert read.unreadable == ()
    assert read.not_after is not None


def test_a_name_without_a_common_name_is_told_by_what_it_has():
    unit, country = (
        (bytes.fromhex(oid), text) for oid, text in (("55040b", b"Shops"), ("550406", b"DE"))
    )
    name = der(
        0x30,
        *(der(0x31, der(0x30, der(0x06, oid), der(0x13, text))) for oid, text in (country, unit)),
    )
    assert (
        certificate.read(issue("a.example", issuer=issue_ca(name)).der).issuer == "OU=Shops, C=DE"
    )


def test_a_blank_name_is_none_at_all():
    read = certificate.read(issue("a.example", **ODD_LEAVES["blank-subject"]).der)
    assert (read.subject, read.issuer) == ("a.example", "")


@pytest.mark.parametrize("end", ODD_ENDS)
def test_an_end_is_read_as_openssl_reads_it(end):
    written, meant = ODD_ENDS[end]
    assert certificate.read(issue("a.example", not_after=written).der).not_after == meant


def test_two_digits_for_the_year_mean_1950_to_2049():
    read = certificate.read(issue("a.example", not_before=der(0x17, b"500101000000Z")).der)
    assert read.not_before == datetime(1950, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("end", BAD_ENDS)
def test_an_end_that_cannot_be_read_is_named_and_takes_nothing_with_it(end):
    read = certificate.read(issue("a.example", not_after=BAD_ENDS[end]).der)
    assert read.unreadable == (Field.NOT_AFTER,)
    assert (read.not_after, read.not_before is None, read.names) == (None, False, ("a.example",))


def test_the_names_beside_one_that_is_malformed_are_read():
    entries = (
        der(0x82, b"a.example"),
        der(0x82, b""),
        der(0x87, b"\x7f\0\0\1"),
        der(0x82, b"b.example"),
        b"\x82\x50cut",
    )
    read = certificate.read(issue("a.example", san=der(0x30, *entries)).der)
    assert read.names == ("a.example", "b.example")
    assert read.unreadable == (Field.NAMES,)


def test_the_names_of_two_sans_are_read():
    assert certificate.read(issue("a.example", **ODD_LEAVES["two-sans"]).der).names == (
        *("a.example", "second.lab.example"),
    )


def test_a_hundred_names_are_kept_and_all_are_counted():
    names = [f"{number}.example" for number in range(3000)]
    read = certificate.read(issue(names).der)
    assert read.names == tuple(names[: certificate.MOST_NAMES])
    assert read.names_total == 3000


def test_a_serial_of_any_size_or_sign_is_shown():
    assert certificate.read(issue("a.example", serial=-5).der).serial == "-5"
    assert (
        len(certificate.read(issue("a.example", serial=1 << 4096).der).serial)
        == clean_text.MOST_CHARACTERS
    )


KEYS = {
    "RSA 2048": rsa.generate_private_key(65537, 2048),
    "EC secp256k1": ec.generate_private_key(ec.SECP256K1()),
    "EC brainpoolP384r1": ec.generate_private_key(ec.BrainpoolP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_told_by_its_kind_and_size(kind):
    spki = KEYS[kind].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert fields.key(next(elements(spki))) == kind


def oid(dotted):
    return object_identifier(fields_oid(dotted))


def fields_oid(dotted):
    return pki.x509.ObjectIdentifier(dotted)


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [
        ((oid("2.16.840.1.101.3.4.3.18"),), "ML-DSA-65"),
        ((oid("1.2.840.10045.2.1"), oid("1.2.156.10197.1.301")), "EC SM2"),
        ((oid("1.2.840.10045.2.1"), oid("1.2.3.4")), "EC 1.2.3.4"),
        ((oid("1.2.840.10045.2.1"), der(0x30, b"\x02\x01\x01")), "EC explicit"),
        ((oid("1.2.643.7.1.1.1.1"),), "1.2.643.7.1.1.1.1"),
    ],
)
def test_a_key_that_few_know_is_told_by_its_curve_or_its_number(algorithm, told):
    assert fields.key(Element(0x30, der(0x30, *algorithm) + der(0x03, b"\0key"))) == told


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [
        ((oid("1.2.840.113549.1.1.11"), der(0x05)), "sha256"),
        ((oid("1.2.840.113549.1.1.5"), der(0x05)), "sha1"),
        ((oid("1.2.840.10045.4.3.3"),), "sha384"),
        (
            (
                oid("1.2.840.113549.1.1.10"),
                der(0x30, der(0xA0, der(0x30, oid("2.16.840.1.101.3.4.2.3")))),
            ),
            "sha512",
        ),
        ((oid("1.2.840.113549.1.1.10"), der(0x30)), "sha1"),
        ((oid("1.3.101.112"),), "built in"),
        ((oid("2.16.840.1.101.3.4.3.19"),), "built in"),
        ((oid("1.2.3.4"),), "1.2.3.4"),
    ],
)
def test_a_signature_is_told_by_its_digest_or_its_number(algorithm, told):
    assert fields.digest(Element(0x30, b"".join(algorithm))) == told


def test_garbage_is_a_fingerprint_and_says_that_nothing_of_it_is_readable():
    read = certificate.read(b"no certificate")
    assert (read.subject, read.not_after) == ("", None)
    assert set(read.unreadable) == set(Field)


def verified(leaf: bytes, ca) -> bool:
    """Whether OpenSSL takes it for a good certificate by this authority."""
    store = crypto.X509Store()
    store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, ca.der))
    try:
        loaded = crypto.load_certificate(crypto.FILETYPE_ASN1, leaf)
        crypto.X509StoreContext(store, loaded).verify_certificate()
    except (crypto.Error, crypto.X509StoreContextError):
        return False
    return True


def signed_again(leaf: bytes, ca, at: int, octets: bytes, cut: int) -> bytes:
    """A leaf with other bytes somewhere inside, and a signature that fits."""
    inner = next(elements(next(elements(leaf)).body)).body
    return pki._signed(
        der(0x30, inner[:at] + octets + inner[at + cut :]), ca.key, pki.hashes.SHA256()
    )


STEADY = {"serial": 1 << 100, "key": ec.generate_private_key(ec.SECP256R1())}
LENGTH = len(
    next(
        elements(
            next(elements(issue("a.example", issuer=issue_ca("Padlock Lab CA"), **STEADY).der)).body
        )
    ).body
)


def test_a_leaf_that_is_signed_again_is_verified(ca):
    assert verified(signed_again(issue("a.example", issuer=ca).der, ca, 0, b"", 0), ca)


@settings(
    max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data(), octets=st.binary(max_size=3))
def test_whenever_openssl_verifies_a_certificate_its_dates_and_its_issuer_are_read(
    ca, data, octets
):
    at = data.draw(st.integers(0, LENGTH - 1))
    leaf = issue("a.example", issuer=ca, **STEADY).der
    changed = signed_again(leaf, ca, at, octets, len(octets))
    read = certificate.read(changed)
    certificate.read_link(changed)
    if verified(changed, ca):
        assert read.not_before is not None
        assert read.not_after is not None
        # RFC 5280, 7.1: names are the same whatever their case and their spaces
        assert " ".join(read.issuer.lower().split()) == "padlock lab ca"


@pytest.mark.parametrize("tag", [0x30, 0x31, 0x80, 0xA0])
def test_lengths_of_any_form_are_read_as_openssl_reads_them(tag, ca):
    """BER where a standard asks for DER: a length on more bytes than it needs, and none at all."""
    inner = next(elements(next(elements(issue("a.example", issuer=ca).der)).body)).body
    parts = [der(each.tag, each.body) for each in elements(inner)]
    validity = next(each.body for each in list(elements(inner))[4:5])
    for written in (
        b"\x30\x82" + len(validity).to_bytes(2, "big") + validity,
        b"\x30\x80" + validity + b"\0\0",
    ):
        tbs = der(0x30, *parts[:4], written, *parts[5:])
        made = pki._signed(tbs, ca.key, pki.hashes.SHA256())
        assert verified(made, ca)
        assert certificate.read(made).unreadable == ()


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail(der):
    assert len(certificate.read(der).fingerprint) == 64
    assert certificate.read_link(der).self_issued is False
    assert issuers.lacks_issuer(der, [der]) is False


@given(st.text(max_size=2000))
def test_cleaned_text_is_short_and_hides_nothing(text):
    cleaned = clean_text.clean(text)
    assert len(cleaned) <= clean_text.MOST_CHARACTERS
    assert not set(cleaned) & set("\x00\n\r\t\u202e\u200b\ufeff")


def test_a_name_far_down_a_long_list_counts():
    names = [
        *(f"{number}.example" for number in range(certificate.MOST_NAMES + 20)),
        "*.shop.example",
    ]
    assert certificate.covers(issue(names).der, "a_b.shop.example")
    assert not certificate.covers(issue(names).der, "a_b.deep.shop.example")


def test_names_that_cannot_be_read_cover_nothing():
    assert not certificate.covers(issue("shop.example", san=b"garbage").der, "shop.example")
