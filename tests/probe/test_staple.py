"""What a stapled OCSP answer says, and when it does not count: by itself, and where a server
staples it."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from tests import raw_staple
from webapp.demo import behaviours, stapling
from webapp.demo.der import der
from webapp.demo.loopback import REVOKED_SERIAL
from webapp.demo.pki import _signed, days, issue, issue_ca, name
from webapp.demo.servers import only
from webapp.demo.stapling import GOOD, OCSP_SIGNING, REVOKED, UNKNOWN, answers
from webapp.probe import ConnectTo, check, handshake_io, staple
from webapp.probe.der import BIT_STRING, OCTET_STRING, SEQUENCE
from webapp.probe.finding import Reason, StapleStatus
from webapp.probe.notes import Note
from webapp.words import notes, verdicts

ISSUER = issue_ca("Staple CA")
LEAF = issue("staple.example", issuer=ISSUER)
OTHER = issue("other.example", issuer=ISSUER)
# RSASSA-PSS with SHA-256, MGF1 with SHA-256, a salt of 32 bytes (RFC 4055)
PSS_SHA256 = bytes.fromhex(
    "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
    "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"
)
MINUTE = timedelta(minutes=1)


def now():
    return datetime.now(UTC).replace(microsecond=0)


def parts(element):
    """The elements that this one in DER holds."""
    body = element[-length(element)[1] :]
    found = []
    while body:
        head, size = length(body)
        found.append(body[: head + size])
        body = body[head + size :]
    return found


def length(element):
    """How long the head of an element in DER is, and the rest of it."""
    if element[1] < 0x80:
        return 2, element[1]
    more = element[1] & 0x7F
    return 2 + more, int.from_bytes(element[2 : 2 + more], "big")


def together(*answered):
    """One answer with what all of these say, signed by the issuer."""
    said_by_each = [
        parts(ocsp.load_der_ocsp_response(each).tbs_response_bytes) for each in answered
    ]
    singles = [single for _, _, each, *_ in said_by_each for single in parts(each)]
    responder, produced, *_ = said_by_each[0]
    return wrapped(
        _signed(
            der(SEQUENCE, responder, produced, der(SEQUENCE, *singles)), ISSUER.key, hashes.SHA256()
        )
    )


def wrapped(basic):
    """An OCSPResponse of the basic kind, in DER (RFC 6960, 4.2.1)."""
    kind = bytes.fromhex("06092b0601050507300101")
    return der(SEQUENCE, b"\x0a\x01\x00", der(0xA0, der(SEQUENCE, kind, der(OCTET_STRING, basic))))


def said(answer, *, leaf=LEAF, issuer=ISSUER, at=None):
    return staple.read(answer(leaf, issuer), leaf.der, issuer.der, at or now()).status


@pytest.mark.parametrize("status", [GOOD, REVOKED, UNKNOWN])
@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("id_digest", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384()])  # noqa: S303
def test_the_issuers_word_counts_however_it_names_itself_and_the_certificate(
    status, by_key, id_digest
):
    assert said(answers(status=status, by_key=by_key, id_digest=id_digest)) == status.name.lower()


def test_a_revocation_tells_since_when_and_why():
    found = staple.read(answers(status=REVOKED)(LEAF, ISSUER), LEAF.der, ISSUER.der, now())
    assert found.status is StapleStatus.REVOKED
    assert found.revocation_reason == "keyCompromise"
    assert timedelta(days=2) < now() - found.revoked_at < timedelta(days=4)
    assert found.this_update < now() < found.next_update


@pytest.mark.parametrize(
    "reason",
    [
        None,
        x509.ReasonFlags.certificate_hold,
        x509.ReasonFlags.remove_from_crl,
        x509.ReasonFlags.superseded,
    ],
)
def test_revoked_is_revoked_for_whatever_reason(reason):
    assert said(answers(status=REVOKED, reason=reason)) is StapleStatus.REVOKED


@pytest.mark.parametrize("status", [GOOD, REVOKED])
def test_an_answer_counts_in_its_time_with_five_minutes_of_grace(status):
    start = now()
    end = now() + timedelta(days=1)
    answer = answers(status=status, this_update=start, next_update=end)
    current = StapleStatus(status.name.lower())
    assert said(answer, at=start - 5 * MINUTE) is current
    assert said(answer, at=start - 6 * MINUTE) is StapleStatus.EARLY
    assert said(answer, at=end + 5 * MINUTE) is current
    assert said(answer, at=end + 6 * MINUTE) is StapleStatus.OUTDATED


def test_an_answer_that_names_no_end_has_none():
    assert said(answers(this_update=now() - timedelta(days=99), endless=True)) is StapleStatus.GOOD


def test_an_answer_about_another_certificate_says_nothing_of_this_one():
    assert said(answers(status=REVOKED, about=OTHER)) is StapleStatus.OTHER_CERTIFICATE


def test_a_twin_with_the_same_serial_by_another_issuer_is_another_certificate():
    stranger = issue_ca("Stranger")
    serial = x509.load_der_x509_certificate(LEAF.der).serial_number
    foreign = answers(status=REVOKED)(
        issue("staple.example", issuer=stranger, serial=serial), stranger
    )
    assert said(lambda *_: foreign) is StapleStatus.OTHER_CERTIFICATE


def test_the_part_about_this_certificate_is_found_among_others():
    about_other = answers(about=OTHER)(LEAF, ISSUER)
    about_leaf = answers(status=REVOKED)(LEAF, ISSUER)
    for answered in ((about_other, about_leaf), (about_leaf, about_other)):
        assert said(lambda *_, each=answered: together(*each)) is StapleStatus.REVOKED


def test_of_two_parts_about_the_same_certificate_the_later_counts():
    held = answers(status=REVOKED, this_update=now() - timedelta(days=2))(LEAF, ISSUER)
    released = answers(id_digest=hashes.SHA256())(LEAF, ISSUER)
    for answered in ((held, released), (released, held)):
        assert said(lambda *_, each=answered: together(*each)) is StapleStatus.GOOD


def test_a_responder_of_the_issuers_may_sign():
    delegate = issue("ocsp.example", issuer=ISSUER, eku=OCSP_SIGNING)
    for by_key in (False, True):
        assert said(answers(status=REVOKED, signer=delegate, by_key=by_key)) is StapleStatus.REVOKED


def test_the_right_responder_is_found_among_several_certificates():
    delegate = issue("ocsp.example", issuer=ISSUER, eku=OCSP_SIGNING)
    answer = answers(status=REVOKED, signer=delegate, sent=(OTHER, issue_ca("Stranger"), delegate))
    assert said(answer) is StapleStatus.REVOKED


def test_a_certificate_with_an_odd_key_does_not_hide_the_responder():
    key = der(SEQUENCE, der(SEQUENCE, bytes.fromhex("06032a0304")), der(BIT_STRING, b"\0key"))
    odd = issue("odd.example", issuer=ISSUER, spki=key)
    delegate = issue("ocsp.example", issuer=ISSUER, eku=OCSP_SIGNING)
    answer = answers(status=REVOKED, signer=delegate, sent=(odd, delegate), by_key=True)
    assert said(answer) is StapleStatus.REVOKED


def _unfit_responders():
    stranger = issue_ca("Stranger")
    twin = issue_ca(ISSUER.name)
    past = {"not_before": now() - timedelta(days=9), "not_after": now() - timedelta(days=1)}
    return {
        "without the purpose": issue("ocsp.example", issuer=ISSUER),
        "without any purpose": issue("ocsp.example", issuer=ISSUER, eku=()),
        "of a stranger": issue("ocsp.example", issuer=stranger, eku=OCSP_SIGNING),
        "of the issuer's name, with another key": issue(
            "ocsp.example", issuer=twin, eku=OCSP_SIGNING
        ),
        "expired": issue("ocsp.example", issuer=ISSUER, eku=OCSP_SIGNING, **past),
        "not valid yet": issue(
            "ocsp.example", issuer=ISSUER, eku=OCSP_SIGNING, not_before=now() + timedelta(days=1)
        ),
        "a stranger itself": stranger,
        "a twin of the issuer with another key": twin,
        "the leaf itself": LEAF,
    }


@pytest.mark.parametrize("kind", _unfit_responders())
def test_others_may_not_sign(kind):
    assert (
        said(answers(status=REVOKED, signer=_unfit_responders()[kind])) is StapleStatus.UNVERIFIED
    )


def test_a_responder_whose_certificate_was_left_out_cannot_be_verified():
    delegate = issue("ocsp.example", issuer=ISSUER, eku=OCSP_SIGNING)
    assert said(answers(status=REVOKED, signer=delegate, sent=())) is StapleStatus.UNVERIFIED


def test_a_signature_that_does_not_fit_turns_nothing_red():
    answer = answers(status=REVOKED)(LEAF, ISSUER)
    flipped = answer[:-1] + bytes((answer[-1] ^ 1,))
    assert said(lambda *_: flipped) is StapleStatus.UNVERIFIED


def test_without_a_trusted_issuer_nothing_is_verified():
    answer = answers(status=REVOKED)(LEAF, ISSUER)
    assert staple.read(answer, LEAF.der, None, now()).status is StapleStatus.UNVERIFIED


KEYS = (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1()))


@pytest.mark.parametrize("key", KEYS, ids=["RSA", "ECDSA"])
def test_rsa_and_ecdsa_signatures_are_read_with_sha_2_and_with_sha_1(key):
    ca = issue_ca("Another CA", key=key)
    leaf = issue("staple.example", issuer=ca)
    for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        assert (
            said(answers(status=REVOKED, digest=digest), leaf=leaf, issuer=ca)
            is StapleStatus.REVOKED
        )
    signed = ocsp.load_der_ocsp_response(answers(status=REVOKED)(leaf, ca)).tbs_response_bytes
    old = wrapped(_signed(signed, key, hashes.SHA1()))  # noqa: S303 - as OpenSSL and curl take it
    assert staple.read(old, leaf.der, ca.der, now()).status is StapleStatus.REVOKED


def test_an_ed25519_signature_is_read():
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ed CA")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now() - MINUTE, now() + timedelta(days=1)
    )
    ca = made.sign(key, None)
    leaf = x509.load_der_x509_certificate(LEAF.der)
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(leaf, ca, hashes.SHA256(), REVOKED, now(), None, now(), None)
        .responder_id(ocsp.OCSPResponderEncoding.HASH, ca)
        .sign(key, None)
    )
    found = staple.read(
        answer.public_bytes(Encoding.DER), LEAF.der, ca.public_bytes(Encoding.DER), now()
    )
    assert found.status is StapleStatus.REVOKED


def test_an_rsa_pss_signature_is_read():
    ca = issue_ca("PSS CA", key=rsa.generate_private_key(65537, 2048))
    leaf = issue("staple.example", issuer=ca)
    signed = ocsp.load_der_ocsp_response(answers(status=REVOKED)(leaf, ca)).tbs_response_bytes
    signature = ca.key.sign(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    answer = wrapped(der(SEQUENCE, signed, PSS_SHA256, der(BIT_STRING, b"\0", signature)))
    assert staple.read(answer, leaf.der, ca.der, now()).status is StapleStatus.REVOKED


def test_garbage_of_any_size_is_unreadable():
    good = answers()(LEAF, ISSUER)
    for garbage in (
        b"",
        b"\0",
        b"\x30\x03OK",
        good[:-3],
        good[: len(good) // 2],
        b"\x30" * 65536,
        bytes(65536),
    ):
        assert staple.read(garbage, LEAF.der, ISSUER.der, now()).status is StapleStatus.UNREADABLE


def test_a_huge_answer_is_not_read_at_all():
    crowd = [issue_ca(f"Unrelated CA {number}") for number in range(60)]
    huge = answers(sent=crowd)(LEAF, ISSUER)
    assert len(huge) > staple.MOST_BYTES
    assert staple.read(huge, LEAF.der, ISSUER.der, now()).status is StapleStatus.UNREADABLE


@pytest.mark.parametrize("status", [each for each in ocsp.OCSPResponseStatus if each.value])
def test_a_responder_that_does_not_answer_is_no_answer(status):
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    assert said(lambda *_: refusal.public_bytes(Encoding.DER)) is StapleStatus.UNREADABLE


ODD = {
    "subject": {"subject": name(cn="a*b", kind=0x13)},
    "version 1": {"version": 1},
    "version 6": {"version": 6},
}


@pytest.mark.parametrize("odd", ODD)
def test_a_revoked_leaf_that_cryptography_does_not_take_is_revoked_all_the_same(odd):
    twin, leaf = (issue("staple.example", issuer=ISSUER, serial=7, **how) for how in ({}, ODD[odd]))
    with pytest.raises((ValueError, x509.InvalidVersion), match=r"pars|version"):
        x509.load_der_x509_certificate(leaf.der).subject  # noqa: B018 - what raises
    assert (
        staple.read(answers(status=REVOKED)(twin, ISSUER), leaf.der, ISSUER.der, now()).status
        is StapleStatus.REVOKED
    )


def test_an_issuer_that_cryptography_does_not_take_is_heard_all_the_same():
    odd = issue_ca(name(cn="a*b", kind=0x13))
    leaf = issue("staple.example", issuer=odd, serial=7)
    key_hash = x509.SubjectKeyIdentifier.from_public_key(odd.key.public_key()).digest
    single = hashlib.sha1(odd.name).digest(), key_hash, 7, hashes.SHA1(), REVOKED  # noqa: S324, S303 - as RFC 5019
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        *single, days(-1), days(1), days(-1), None
    )
    by_key = x509.load_der_x509_certificate(issue_ca("Plain name", key=odd.key).der)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by_key)
    answer = builder.sign(odd.key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert staple.read(answer, leaf.der, odd.der, now()).status is StapleStatus.REVOKED


def test_a_leaf_that_cannot_be_read_raises_nothing():
    answer = answers(status=REVOKED)(LEAF, ISSUER)
    assert staple.read(answer, b"\x30\x03no!", ISSUER.der, now()).status is StapleStatus.UNREADABLE


# --- from a server ---


@pytest.fixture
def served(lab, lab_settings):
    """What a check finds where a server of the lab staples this to a leaf of this issuer."""

    def served(answer, *, issuer=None, setup=None, raw=False, **leaf):
        hostname = "stapled.lab.example"
        issuer = issuer or lab.intermediate
        identity = issue(hostname, issuer=issuer, **leaf)
        made = answer(identity, issuer)
        if raw:
            context = lab.context(identity, issuer)
            raw_staple.staple(context, made)
            setup(context)
            host, port = lab.listen(hostname, behaviours.https(context))
        else:
            host, port = lab.listen(
                hostname, stapling.https(stapling.stapling(made, identity, issuer))
            )
        return check(hostname, replace(lab_settings, connect_to=(ConnectTo(hostname, host, port),)))

    return served


VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
RAW = pytest.mark.skipif(
    not raw_staple.POSSIBLE, reason="this OpenSSL staples only what it can read"
)


@RAW
@VERSIONS
@pytest.mark.parametrize("garbage", [b"\0", b"\x30\x03OK", b"\x30" * 16_000, bytes(64_000)])
def test_a_staple_that_even_openssl_cannot_read_is_a_note(served, version, garbage):
    found = served(lambda *_: garbage, raw=True, setup=only(version))
    assert (found.reason, found.notes) == (Reason.OK, {Note.STAPLE_UNREADABLE})


@RAW
def test_a_costly_handshake_over_an_unreadable_staple_is_not_repeated_and_told_as_ours(
    served, monkeypatch
):
    monkeypatch.setattr(handshake_io, "MOST_CPU_SECONDS", -1)
    found = served(lambda *_: b"garbage", raw=True, setup=only(ssl.TLSVersion.TLSv1_2))
    assert (found.reason, found.notes) == (Reason.HANDSHAKE_FAILED, {Note.ENDED_BY_US})
    assert found.detail.startswith("our side ended it")


@RAW
@VERSIONS
def test_a_certificate_with_an_unreadable_staple_is_judged_all_the_same(served, version):
    past = {"not_before": days(-9), "not_after": days(-1)}
    found = served(lambda *_: b"garbage", raw=True, setup=only(version), **past)
    assert (found.reason, found.notes) == (Reason.EXPIRED, {Note.STAPLE_UNREADABLE})


@RAW
@VERSIONS
def test_a_staple_for_another_certificate_is_a_note(served, lab, version):
    other = issue("other.lab.example", issuer=lab.intermediate)
    found = served(answers(status=REVOKED, about=other), raw=True, setup=only(version))
    assert (found.reason, found.notes) == (Reason.OK, {Note.STAPLE_OTHER_CERTIFICATE})


@RAW
@VERSIONS
def test_an_empty_staple_is_none(served, version):
    found = served(lambda *_: b"", raw=True, setup=only(version))
    assert (found.reason, found.notes, found.staple) == (Reason.OK, frozenset(), None)


def test_the_word_of_an_issuer_that_is_not_trusted_does_not_lead(served):
    found = served(answers(status=REVOKED), issuer=issue_ca("Nobody's CA"))
    assert found.reason in (Reason.UNTRUSTED_ISSUER, Reason.INCOMPLETE_CHAIN, Reason.SELF_SIGNED)
    assert Reason.REVOKED not in {problem.reason for problem in found.problems}
    assert found.notes == {Note.STAPLE_UNVERIFIED}


def test_the_root_of_the_store_verifies_a_staple_though_nobody_sent_it(served, lab):
    assert served(answers(status=REVOKED), issuer=lab.root).reason is Reason.REVOKED


def test_a_certificate_on_the_list_and_revoked_by_its_staple_is_curls_60_as_well(served):
    found = served(answers(status=REVOKED), serial=REVOKED_SERIAL)
    assert [problem.stapled for problem in found.problems if problem.code == 23] == [True, False]
    assert "curl error 60" in verdicts.staff_text(found)


def test_what_the_staple_says_leads_over_name_and_dates(served):
    past = {"not_before": days(-9), "not_after": days(-1)}
    found = served(answers(status=REVOKED), san=b"", **past)
    assert [problem.reason for problem in found.problems] == [
        Reason.REVOKED,
        Reason.WRONG_HOSTNAME,
        Reason.EXPIRED,
    ]
    assert "(keyCompromise), according to the stapled OCSP response" in found.detail


def test_staff_are_told_how_to_see_it_with_curl(served):
    told = verdicts.staff_text(served(answers(status=REVOKED)))
    assert "curl error 91: curl --max-time 10 --cert-status -v https://stapled.lab.example" in told


def test_customers_read_of_what_concerns_them():
    theirs = notes.note_texts(["staple_outdated", "staple_unreadable", "must_staple"], staff=False)
    assert len(theirs) == 2
    assert (
        len(notes.note_texts(["staple_outdated", "staple_unreadable", "must_staple"], staff=True))
        == 3
    )
