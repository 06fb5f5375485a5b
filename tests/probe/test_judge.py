import pytest

from webapp.probe import Reason
from webapp.probe.finding import Contact, Ending
from webapp.probe.judge import judge

# X509_V_ERR_*: what only says that a revocation list is not at hand, or no good.
ABOUT_LISTS = {3, 5, 8, 11, 12, 15, 16, 33, 35, 36, 44, 54}


def seen(*errors, ending=Ending.DONE):
    return Contact(
        ending, chain_seen=True, leaf=b"", errors=tuple((code, depth, f"error {code}") for code, depth in errors)
    )


def test_without_an_error_it_is_valid():
    assert judge(seen()) == (Reason.OK, ())


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_every_verify_error_is_red_but_those_about_revocation_lists(depth):
    green = {code for code in range(1, 200) if judge(seen((code, depth)))[0] is Reason.OK}
    assert green == ABOUT_LISTS


def test_the_one_to_mend_first_leads_and_all_are_kept():
    reason, problems = judge(seen((10, 0), (62, 0), (19, 1), (10, 0)))
    assert reason is Reason.UNTRUSTED_ISSUER
    assert [problem.code for problem in problems] == [19, 62, 10]


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
