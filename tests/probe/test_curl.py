"""The number that curl exits with, predicted from what one check has seen, beside real curl's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from tests.demo.test_lab import _curl, curl  # noqa: F401 - the latter is a fixture
from webapp.demo.behaviours import TLS_1_2_HELLO, answers
from webapp.demo.chains import names_only
from webapp.demo.der import GENERALIZED_TIME, der
from webapp.demo.lab import Case, Lab
from webapp.demo.pki import Identity, days, extension, issue_ca
from webapp.demo.pki import issue as issue_leaf
from webapp.demo.servers import with_bad_signature
from webapp.monitor.models import Target
from webapp.monitor.results import new_values
from webapp.probe.address import ConnectTo
from webapp.probe.der import BIT_STRING, SEQUENCE, UTC_TIME
from webapp.probe.engine import check
from webapp.probe.finding import Reason
from webapp.words import curl_errors, verdicts

NAME = "numbers.lab.example"
OLD = {"not_before": days(-99), "not_after": days(-9.5)}
GARBLED = {
    "crl-points": ExtensionOID.CRL_DISTRIBUTION_POINTS,
    "name-constraints": ExtensionOID.NAME_CONSTRAINTS,
    "netscape-type": x509.ObjectIdentifier("2.16.840.1.113730.1.1"),
    "ip-addresses": x509.ObjectIdentifier("1.3.6.1.5.5.7.1.7"),
    "key-id-twice": ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    "not-read-by-openssl": ExtensionOID.CERTIFICATE_POLICIES,
}
TIMES = {
    "no-seconds": der(UTC_TIME, b"4901010000Z"),
    "no-seconds-2050": der(GENERALIZED_TIME, b"205001010000Z"),
    "offset": der(UTC_TIME, b"420101000000+0100"),
    "fraction": der(GENERALIZED_TIME, b"20420101000000.5Z"),
    "words": der(UTC_TIME, b"garbage"),
}


def _other_algorithm(good: Identity) -> Identity:
    """The same certificate with ecdsa-with-SHA384 named beside it, and SHA256 inside."""
    outside = good.der.rindex(bytes.fromhex("06082a8648ce3d040302")) + 9
    return replace(good, der=good.der[:outside] + b"\x03" + good.der[outside + 1 :])


def _unknown_algorithm(good: Identity, times: int) -> Identity:
    """The same certificate with an algorithm that there is not: inside only, or in both places."""
    known = bytes.fromhex("06082a8648ce3d040302")
    unknown = bytes.fromhex("06082a8648053d040302")
    return replace(good, der=good.der.replace(known, unknown, times))


def _bits_left_over(good: Identity) -> Identity:
    """The same certificate with a signature that is said to end in the middle of a byte."""
    tag = good.der.rindex(bytes.fromhex("06082a8648ce3d040302")) + 10
    return replace(good, der=good.der[: tag + 2] + b"\x03" + good.der[tag + 3 :])


def _chains(lab: Lab) -> Iterator[tuple[str, Sequence[Identity]]]:
    """Chains as a server may send them, each with a name."""
    ca = lab.intermediate

    def issue(names: str = NAME, *, by: Identity = ca, **leaf: Any) -> Identity:
        return issue_leaf(names, issuer=by, **leaf)

    def extended(oid: x509.ObjectIdentifier, value: bytes) -> dict[str, Any]:
        return {"extensions": [extension(oid, value)]}

    old_ca = issue_ca("Old CA", issuer=lab.root, not_after=days(-3))
    nobody = issue_ca("Nobody")
    rsa_ca = issue_ca("RSA CA", issuer=lab.root, key=rsa.generate_private_key(65537, 2048))
    upper = issue_ca("Upper", issuer=lab.root)
    lower = issue_ca("Lower", issuer=upper)
    yield "signature", (with_bad_signature(issue()), ca)
    yield "signature-rsa", (with_bad_signature(issue(by=rsa_ca)), rsa_ca)
    yield "signature-other-name", (with_bad_signature(issue("other.lab.example")), ca)
    yield "signature-cn-only", (with_bad_signature(issue(san=b"")), ca)
    yield "signature-expired", (with_bad_signature(issue(**OLD)), ca)
    yield "signature-issuer-expired", (with_bad_signature(issue(by=old_ca)), old_ca)
    yield (
        "signature-for-clients",
        (with_bad_signature(issue(eku=[ExtendedKeyUsageOID.CLIENT_AUTH])), ca),
    )
    yield "signature-unknown-root", (with_bad_signature(issue(by=nobody)), nobody)
    yield "signature-no-issuer", (with_bad_signature(issue()),)
    yield "signature-itself", (with_bad_signature(issue_leaf(NAME)),)
    yield "signature-of-issuer", (issue(**OLD), with_bad_signature(ca))
    yield "signature-of-upper", (issue(by=lower), lower, with_bad_signature(upper))
    yield "two-algorithms", (_other_algorithm(issue()), ca)
    yield "two-algorithms-expired", (_other_algorithm(issue(**OLD)), ca)
    yield "two-algorithms-of-issuer", (issue(), _other_algorithm(ca))
    yield "unknown-algorithm-inside", (_unknown_algorithm(issue(), 1), ca)
    yield "unknown-algorithm", (_unknown_algorithm(issue(), 2), ca)
    yield "bits-left-over", (_bits_left_over(issue()), ca)
    yield "sha3", (issue(digest=hashes.SHA3_256()), ca)
    yield "sha3-rsa", (issue(by=rsa_ca, digest=hashes.SHA3_256()), rsa_ca)
    for label, oid in GARBLED.items():
        yield label, (issue(**extended(oid, b"garbage")), ca)
        garbled = issue_ca(f"CA with {label}", issuer=lab.root, **extended(oid, b"garbage"))
        yield f"{label}-of-issuer", (issue(by=garbled), garbled)
        below = issue_ca(f"CA below {label}", issuer=garbled)
        yield f"{label}-of-upper", (issue(by=below), below, garbled)
    stranger = issue_ca("Stranger", **extended(GARBLED["crl-points"], b"garbage"))
    yield "expired-beside-garbled", (issue(**OLD), ca, stranger)
    garbled = issue_ca(
        ca.name, issuer=lab.root, key=ca.key, **extended(GARBLED["crl-points"], b"garbage")
    )
    yield "garbled-twin", (issue(), garbled, ca)
    yield "expired-garbled-twin", (issue(**OLD), garbled, ca)
    yield "san", (issue(san=b"garbage"), ca)
    yield "san-twice", (issue(**extended(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, der(SEQUENCE))), ca)
    yield (
        "purposes",
        (issue(eku=(), **extended(ExtensionOID.EXTENDED_KEY_USAGE, bytes.fromhex("30020500"))), ca),
    )
    yield "usage", (issue("other.lab.example", usage=b"garbage", **OLD), ca)
    yield "usage-empty", (issue(usage=der(BIT_STRING, b"\0")), ca)
    yield "usage-empty-no-issuer", (issue(usage=der(BIT_STRING, b"\0")),)
    yield "usage-itself", (issue_leaf(NAME, usage=b"garbage"),)
    for label, written in TIMES.items():
        yield f"end-{label}", (issue(not_after=written), ca)
        yield f"start-{label}", (issue(not_before=written), ca)
    elsewhere = issue_ca(
        "For elsewhere", issuer=lab.root, extensions=[names_only("elsewhere.example")]
    )
    yield "outside-constraints", (with_bad_signature(issue(by=elsewhere)), elsewhere)


def _at(settings: Any, address: tuple[str, int]) -> Any:
    return replace(settings, connect_to=(ConnectTo(NAME, *address),))


def test_the_number_is_real_curls_for_every_odd_certificate(lab, lab_settings, curl):  # noqa: F811
    served = {label: lab.serve(f"{label}.{NAME}", *chain) for label, chain in _chains(lab)}

    def both(address):
        real = _curl(curl, lab, Case(NAME, Reason.CHAIN_INVALID, "", (address,)), address)
        return check(NAME, _at(lab_settings, address)).curl, real

    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(served, pool.map(both, served.values()), strict=True))
    assert {label: ours for label, (ours, _) in found.items()} == {
        label: real for label, (_, real) in found.items()
    }
    assert {real for _, real in found.values()} == {0, 35, 60}


def test_a_certificate_that_is_none_ends_with_35(lab, lab_settings, curl):  # noqa: F811
    good = issue_leaf(NAME, issuer=lab.intermediate).der
    for bad in (b"garbage", good[:-9], good.replace(b"\x30", b"\x31", 1)):
        one = len(bad).to_bytes(3, "big") + bad
        message = len(one).to_bytes(3, "big") + one
        message = b"\x0b" + len(message).to_bytes(3, "big") + message
        flight = TLS_1_2_HELLO + b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message
        address = lab.listen(f"none.{NAME}", answers(flight))
        found = check(NAME, _at(lab_settings, address))
        assert found.reason is Reason.CHAIN_INVALID
        assert (
            found.curl == 35 == _curl(curl, lab, Case(NAME, found.reason, "", (address,)), address)
        )


def test_a_check_the_details_and_the_command_line_say_the_number_that_curl_ends_with(
    lab, lab_settings
):
    # Of servers without a good HTTP answer, which no check asks for
    after_the_handshake = (1, 8, 52, 56)
    for case in lab.cases.values():
        if (
            not case.curl
            or case.cert_status
            or (case.reason is Reason.OK and case.curl[0] in after_the_handshake)
        ):
            continue
        found = check(case.hostname, lab_settings)
        row = Target(**new_values(Target(), found, found.checked_at))
        number = curl_errors.curl_number(found.reason, row)
        assert number in case.curl, case.hostname
        assert f"curl error {number}: curl " in verdicts.staff_text(found), case.hostname
