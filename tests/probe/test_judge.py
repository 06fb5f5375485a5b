import pytest

from webapp.probe import Reason, handshake_io, trust_store
from webapp.probe.contact import Contact, Ending
from webapp.probe.judge import _LEADS, _OF_THE_LEAF, OF_THE_PATH, judge

# X509_V_ERR_*: what only says that a revocation list or an OCSP answer is not at hand, or no good.
ABOUT_LISTS = {3, 5, 8, 11, 12, 15, 16, 33, 35, 36, 44, 54, 73, 74, 75, *range(96, 101)}
OURS = {17, 69, 70}  # no memory, a wrong call, a trust store that cannot be searched
# All other numbers that OpenSSL 4 knows, see X509_verify_cert_error_string(3), by what they mean of
# a leaf and of an issuer. Whatever is not named here makes the chain invalid, at either place.
OF_A_LEAF = {
    Reason.NOT_YET_VALID: {9},
    Reason.EXPIRED: {10},
    Reason.INCOMPLETE_CHAIN: {2, 20, 21},
    Reason.WRONG_PURPOSE: {26},
    Reason.SELF_SIGNED: {18},
    Reason.UNTRUSTED_ISSUER: {19, 27, 28},
    Reason.WRONG_HOSTNAME: {62, 63, 64},
    Reason.WEAK_CRYPTO: {66, 67, 68},
    Reason.REVOKED: {23},
    Reason.MONITOR_ERROR: OURS,
}
OF_AN_ISSUER = {
    Reason.CHAIN_EXPIRED: {9, 10},
    Reason.SELF_SIGNED: {18},
    Reason.INCOMPLETE_CHAIN: {2, 20},
    Reason.UNTRUSTED_ISSUER: {19, 27, 28},
    Reason.WRONG_HOSTNAME: {62, 63, 64},
    Reason.WEAK_CRYPTO: {66, 67, 68},
    Reason.REVOKED: {23},
    Reason.MONITOR_ERROR: OURS,
}


def seen(*errors, ending=Ending.DONE):
    return Contact(
        ending,
        chain_seen=True,
        leaf=b"",
        errors=tuple((code, depth, f"error {code}") for code, depth in errors),
    )


def test_without_an_error_it_is_valid():
    assert judge(seen()) == (Reason.OK, ())


@pytest.mark.parametrize(("depth", "table"), [(0, OF_A_LEAF), (1, OF_AN_ISSUER), (2, OF_AN_ISSUER)])
def test_every_number_of_openssl_has_its_reason(depth, table):
    known = {code: reason for reason, codes in table.items() for code in codes}
    for code in set(range(1, 104)) - ABOUT_LISTS:
        assert judge(seen((code, depth)))[0] is known.get(code, Reason.CHAIN_INVALID), code


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_every_verify_error_is_red_but_those_about_revocation_lists(depth):
    green = {code for code in range(1, 200) if judge(seen((code, depth)))[0] is Reason.OK}
    assert green == ABOUT_LISTS


def test_the_one_to_mend_first_leads_and_all_are_kept():
    reason, problems = judge(seen((10, 0), (62, 0), (19, 1), (10, 0)))
    assert reason is Reason.UNTRUSTED_ISSUER
    assert [problem.code for problem in problems] == [19, 62, 10]


def test_a_chain_that_is_too_long_is_the_fault_and_not_the_issuer_missing_at_its_end():
    reason, problems = judge(seen((20, 10), (22, 10), (62, 0)))
    assert reason is Reason.CHAIN_INVALID
    assert [problem.code for problem in problems] == [22, 20, 62]


def test_a_fault_of_ours_makes_no_site_red():
    assert judge(seen((10, 0), (70, 1)))[0] is Reason.MONITOR_ERROR


def test_an_error_that_nobody_knows_makes_the_chain_invalid():
    assert judge(seen((9999, 3)))[0] is Reason.CHAIN_INVALID


def test_no_issuer_is_missing_where_something_is_malformed():
    assert judge(seen((20, 0)), issuer_missing=False)[0] is Reason.CHAIN_INVALID
    assert judge(seen((20, 0)), issuer_missing=True)[0] is Reason.INCOMPLETE_CHAIN


def test_what_was_not_proven_is_not_judged():
    contact = Contact(Ending.ALERT, text="bad signature", leaf=b"", chain_seen=False)
    assert judge(contact)[0] is Reason.HANDSHAKE_FAILED


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_has_its_reason(ending):
    assert judge(Contact(ending))[0] is not Reason.OK


SSL_LIBRARY = 20
ASN1_LIBRARY = 13


def unfinished(*codes, **seen):
    return judge(Contact(Ending.DECLINED, codes=codes, **seen))[0]


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("ee key too small", 399, Reason.WEAK_CRYPTO),
        ("ca key too small", 397, Reason.WEAK_CRYPTO),
        ("ca md too weak", 398, Reason.WEAK_CRYPTO),
        ("dh key too small", 394, Reason.WEAK_CRYPTO),
        ("wrong signature type", 370, Reason.WEAK_CRYPTO),
        ("legacy sigalg disallowed or unsupported", 333, Reason.WEAK_CRYPTO),
        ("record too small", 298, Reason.HANDSHAKE_FAILED),
        ("length too short", 160, Reason.HANDSHAKE_FAILED),
        ("unsupported protocol", 258, Reason.HANDSHAKE_FAILED),
        ("excessive message size", 152, Reason.HANDSHAKE_FAILED),
        ("wrong version number", 267, Reason.HANDSHAKE_FAILED),  # in the middle of a TLS handshake
        ("cert length mismatch", 135, Reason.CHAIN_INVALID),
        ("ASN1 lib", 0x8000D, Reason.CHAIN_INVALID),
    ],
)
def test_what_our_side_declines_is_told_by_its_number(name, code, reason):
    trust_store.trust(None)  # loads OpenSSL's words
    assert handshake_io.words_for(SSL_LIBRARY, code) == name
    assert unfinished((SSL_LIBRARY, code)) is reason


def test_every_reason_of_a_verify_error_is_about_the_leaf_or_about_the_path_to_its_root():
    ours = {Reason.MONITOR_ERROR}
    assert not _OF_THE_LEAF & OF_THE_PATH
    assert _OF_THE_LEAF | OF_THE_PATH | ours == {*_LEADS}


def test_a_number_counts_together_with_its_library():
    assert unfinished((ASN1_LIBRARY, 399)) is Reason.HANDSHAKE_FAILED


def test_a_certificate_that_was_read_is_not_malformed_whatever_came_behind_it():
    broken = (ASN1_LIBRARY, 104), (SSL_LIBRARY, 0x8000D)
    assert unfinished(*broken) is Reason.CHAIN_INVALID
    assert unfinished(*broken, leaf=b"") is Reason.HANDSHAKE_FAILED


@pytest.mark.parametrize(
    "ending", [Ending.ALERT, Ending.RESET, Ending.CUT_OFF_LATE, Ending.CLOSED_LATE]
)
def test_what_was_read_of_the_certificate_is_kept_where_the_handshake_failed(ending):
    reason, problems = judge(
        Contact(ending, leaf=b"", errors=((10, 0, "certificate has expired"),))
    )
    assert reason is Reason.HANDSHAKE_FAILED
    assert [problem.reason for problem in problems] == [Reason.EXPIRED]
