import pytest

from webapp.probe import Reason
from webapp.probe.finding import Contact, Ending
from webapp.probe.judge import judge

# X509_V_ERR_*: what only says that a revocation list or an OCSP answer is not at hand, or no good.
ABOUT_LISTS = {3, 5, 8, 11, 12, 15, 16, 33, 35, 36, 44, 54, 73, 74, 75, *range(96, 101)}
OURS = {17, 69, 70}  # no memory, a wrong call, a trust store that cannot be searched
# All other numbers that OpenSSL 4 knows, see X509_verify_cert_error_string(3), by what they mean of a leaf and of an
# issuer. Whatever is not named here makes the chain invalid, at either place.
OF_A_LEAF = {
    Reason.NOT_YET_VALID: {9},
    Reason.EXPIRED: {10},
    Reason.INCOMPLETE_CHAIN: {20, 21},
    Reason.WRONG_PURPOSE: {26},
    Reason.SELF_SIGNED: {18},
    Reason.UNTRUSTED_ISSUER: {2, 19, 27, 28},
    Reason.WRONG_HOSTNAME: {62, 63, 64},
    Reason.WEAK_CRYPTO: {66, 67, 68},
    Reason.REVOKED: {23},
    Reason.MONITOR_ERROR: OURS,
}
OF_AN_ISSUER = {
    Reason.CHAIN_EXPIRED: {9, 10},
    Reason.SELF_SIGNED: {18},
    Reason.UNTRUSTED_ISSUER: {2, 19, 20, 27, 28},
    Reason.WRONG_HOSTNAME: {62, 63, 64},
    Reason.WEAK_CRYPTO: {66, 67, 68},
    Reason.REVOKED: {23},
    Reason.MONITOR_ERROR: OURS,
}


def seen(*errors, ending=Ending.DONE):
    return Contact(
        ending, chain_seen=True, leaf=b"", errors=tuple((code, depth, f"error {code}") for code, depth in errors)
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


def test_no_issuer_is_missing_where_the_leaf_itself_cannot_be_read():
    assert judge(seen((20, 0)), readable=False)[0] is Reason.CHAIN_INVALID
    assert judge(seen((20, 0)), readable=True)[0] is Reason.INCOMPLETE_CHAIN


def test_what_was_not_proven_is_not_judged():
    contact = Contact(Ending.ALERT, text="bad signature", leaf=b"", chain_seen=False)
    assert judge(contact)[0] is Reason.HANDSHAKE_FAILED


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_has_its_reason(ending):
    assert judge(Contact(ending))[0] is not Reason.OK


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("wrong version number", Reason.NO_TLS),
        ("ee key too small", Reason.WEAK_CRYPTO),
        ("tls alert handshake failure", Reason.HANDSHAKE_FAILED),
    ],
)
def test_what_openssl_ends_a_handshake_over_is_told_apart(text, reason):
    assert judge(Contact(Ending.ALERT, text=text))[0] is reason
