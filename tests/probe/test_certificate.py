"""What is read of certificates that strangers made. The parser may refuse them; a verdict must not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.odd_leaves import ODD_LEAVES
from webapp.demo.pki import issue
from webapp.probe import ConnectTo, Reason, certificate, check

# OpenSSL itself cannot read these leaves, and so knows no issuer for them.
UNREADABLE = {"two-sans": Reason.CHAIN_INVALID, "malformed-san": Reason.CHAIN_INVALID}
# Read and judged: these are for another name than they are asked for.
OTHERWISE = {"nul-in-san": Reason.WRONG_HOSTNAME}


@pytest.mark.parametrize("odd", ODD_LEAVES)
def test_an_odd_certificate_gets_its_verdict(odd, lab, lab_settings):
    name = f"{odd}.lab.example"
    address, port = lab.serve(name, issue(name, issuer=lab.intermediate, **ODD_LEAVES[odd]), lab.intermediate)
    finding = check(name, replace(lab_settings, connect_to=(ConnectTo("*", address, port),)))
    assert finding.reason is (UNREADABLE | OTHERWISE).get(odd, Reason.OK)
    assert len(finding.certificate.fingerprint) == 64


@pytest.mark.parametrize("odd", ["two-aias", "two-sans", "malformed-san"])
def test_what_cannot_be_read_is_left_out_and_the_rest_is_kept(odd):
    read = certificate.read(issue("shop.lab.example", **ODD_LEAVES[odd]).der)
    assert not read.readable
    assert read.names == ()
    assert read.not_after is not None


def test_a_serial_of_any_size_or_sign_is_shown():
    assert certificate.read(issue("a.example", serial=-5).der).serial == "-5"
    assert len(certificate.read(issue("a.example", serial=1 << 4096).der).serial) == certificate.MOST_CHARACTERS


def test_garbage_is_a_fingerprint_and_nothing_else():
    read = certificate.read(b"no certificate")
    assert (read.readable, read.subject, read.not_after) == (False, "", None)


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail(der):
    assert len(certificate.read(der).fingerprint) == 64


@given(st.text(max_size=2000))
def test_cleaned_text_is_short_and_hides_nothing(text):
    cleaned = certificate.clean(text)
    assert len(cleaned) <= certificate.MOST_CHARACTERS
    assert not set(cleaned) & set("\x00\n\r\t\u202e\u200b\ufeff")


def test_a_name_far_down_a_long_list_counts():
    names = [*(f"{number}.example" for number in range(certificate.MOST_NAMES + 20)), "*.shop.example"]
    assert certificate.covers(issue(names).der, "a_b.shop.example")
    assert not certificate.covers(issue(names).der, "a_b.deep.shop.example")


def test_names_that_cannot_be_read_cover_nothing():
    assert not certificate.covers(issue("shop.example", san=b"garbage").der, "shop.example")
