"""Which names of a certificate stand for which host names: our verdict beside those of curl and of
Chromium."""

import shutil
from dataclasses import replace

import pytest

from tests import name_pairs
from tests.chromium_verdict import BAD_NAME, OK, verdicts
from webapp.probe import ConnectTo, Reason, check_many, parse
from webapp.probe.hostname import matches

PAIRS = name_pairs.pairs(("A_b.sN.Example.", "xn--bcher-kva.sN.example", "sN.co.uk"))
# Browsers know which names are public suffixes, below which anybody registers a domain, and take no
# star for those.
ONLY_BROWSERS_REFUSE = {b"*.co.uk", b"*.CO.UK", b"*.co.uk."}


@pytest.fixture(scope="module")
def address(lab):
    return name_pairs.serve(lab, {parse(asked): name_pairs.san(name) for asked, name in PAIRS})


@pytest.fixture(scope="module")
def matched(address, lab_settings):
    """The host names that our engine finds a certificate for."""
    settings = replace(lab_settings, timeout=20.0, connect_to=(ConnectTo("*", *address),))
    findings = list(check_many([asked for asked, _ in PAIRS], settings, 8))
    assert {finding.reason for finding in findings} == {Reason.OK, Reason.WRONG_HOSTNAME}
    return {finding.hostname for finding in findings if finding.reason is Reason.OK}


def test_we_match_every_name_as_curl_does(lab, address, matched):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl here")
    codes = name_pairs.curl_codes(curl, lab, address, [asked for asked, _ in PAIRS])
    assert set(codes.values()) == {0, 60}
    assert {parse(asked) for asked, code in codes.items() if code == 0} == matched


def test_we_match_every_name_as_chromium_does_but_for_stars_below_public_suffixes(
    lab, address, matched
):
    # Others it refuses to read
    names = {parse(asked): name for asked, name in PAIRS if name.isascii()}
    said = verdicts(names, {"*": address}, [lab.root.pem])
    assert set(said.values()) == {OK, BAD_NAME}
    differ = {host for host, word in said.items() if (word == OK) != (host in matched)}
    assert differ == {host for host in matched if names.get(host) in ONLY_BROWSERS_REFUSE}


def test_one_rule_says_the_same_as_the_engine(matched):
    assert {
        parse(asked) for asked, name in PAIRS if matches(name.decode("latin-1"), parse(asked))
    } == matched


@pytest.mark.parametrize(
    ("name", "hostname", "matched"),
    [
        ("a.example", "a.example", True),
        ("*.a.example", "www.a.example", True),
        ("*.a.example", "a_b.a.example", True),
        ("*.a.example.", "www.a.example", True),
        ("*.A.example", "www.a.example", True),
        ("*.a.example", "a.example", False),
        ("*.a.example", "x.www.a.example", False),
        ("w*.a.example", "www.a.example", False),
        ("*.example", "a.example", False),
        ("\N{KELVIN SIGN}.example", "k.example", False),
    ],
)
def test_a_star_stands_for_one_whole_label(name, hostname, matched):
    assert matches(name, hostname) is matched
