import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.probe import NotCheckable, Refusal, parse, to_unicode

UNDERSTOOD = {
    "example.com": "example.com",
    "  Example.COM\t": "example.com",
    "www.example.com.": "www.example.com",
    "https://example.com/path?q=1#x": "example.com",
    "HTTP://example.com:8080/": "example.com",
    "example.com:443": "example.com",
    "*.example.com": "example.com",
    "foo_bar.example.com": "foo_bar.example.com",
    "_dmarc.example.com": "_dmarc.example.com",
    "r3---sn-abc.example.com": "r3---sn-abc.example.com",
    "bücher.example": "xn--bcher-kva.example",
    "BÜCHER.example": "xn--bcher-kva.example",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "straße.example": "xn--strae-oqa.example",
    "例え。テスト": "xn--r8jz45g.xn--zckzah",
    "ex\u00adample.com": "example.com",
    "\ufeffexample.com": "example.com",
    f"{'a' * 63}.example": f"{'a' * 63}.example",
}

REFUSED = {
    "": Refusal.EMPTY,
    "   ": Refusal.EMPTY,
    "https://": Refusal.EMPTY,
    "127.0.0.1": Refusal.ADDRESS,
    "127.1": Refusal.ADDRESS,
    "0x7f.1": Refusal.ADDRESS,
    "2130706433": Refusal.ADDRESS,
    "0": Refusal.ADDRESS,
    "example.0x7f": Refusal.ADDRESS,
    "１２７.０.０.１": Refusal.ADDRESS,
    "①②⑦.0.0.1": Refusal.ADDRESS,
    "https://[::1]/": Refusal.ADDRESS,
    "::1": Refusal.ADDRESS,
    "fe80::1%eth0": Refusal.ADDRESS,
    "localhost": Refusal.SINGLE_LABEL,
    "com.": Refusal.SINGLE_LABEL,
    "a..b.example": Refusal.BAD_CHARACTERS,
    ".": Refusal.BAD_CHARACTERS,
    "example.com..": Refusal.BAD_CHARACTERS,
    "-a.example": Refusal.BAD_CHARACTERS,
    "a-.example": Refusal.BAD_CHARACTERS,
    "user@example.com": Refusal.BAD_CHARACTERS,
    "https://user:secret@example.com/": Refusal.BAD_CHARACTERS,
    "example.com\\@evil.example": Refusal.BAD_CHARACTERS,
    "two words.example": Refusal.BAD_CHARACTERS,
    "example.com\x00.evil.example": Refusal.BAD_CHARACTERS,
    "example.com\r\nHost: evil": Refusal.BAD_CHARACTERS,
    "a*b.example.com": Refusal.BAD_CHARACTERS,
    "<script>.example.com": Refusal.BAD_CHARACTERS,
    "\ud800.example.com": Refusal.BAD_CHARACTERS,
    f"{'a' * 64}.example": Refusal.TOO_LONG,
    f"{'ü' * 64}.example": Refusal.TOO_LONG,
    ".".join(["a" * 60] * 5): Refusal.TOO_LONG,
    "a" * 50_000: Refusal.TOO_LONG,
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_what_people_paste_becomes_an_a_label(text):
    assert parse(text) == UNDERSTOOD[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_host_name_is_refused_with_its_reason(text):
    with pytest.raises(NotCheckable) as refused:
        parse(text)
    assert refused.value.refusal is REFUSED[text]


@given(st.text() | st.from_regex(r"[a-zA-Z0-9._*:/\\@ üß例。-]{0,80}"))
def test_any_text_becomes_a_name_that_dns_can_carry_or_is_refused(text):
    try:
        name = parse(text)
    except NotCheckable:
        return
    assert name.isascii()
    assert name == name.lower()
    assert len(name) <= 253
    assert all(0 < len(label) <= 63 for label in name.split("."))
    assert parse(name) == name


@given(st.text())
def test_a_name_is_shown_in_a_way_that_is_understood_again(text):
    try:
        name = parse(text)
    except NotCheckable:
        return
    assert parse(to_unicode(name)) == name


@pytest.mark.parametrize("unit", ["a", "a.", "-", "a!", "ü", "*.", ":1", "xn--a.", "https://"])
def test_long_input_costs_no_time(unit):
    text = unit * (50_000 // len(unit))
    started = time.thread_time()
    with pytest.raises(NotCheckable):
        parse(text)
    assert time.thread_time() - started < 0.05


def test_a_name_is_shown_as_people_write_it():
    assert to_unicode("xn--bcher-kva.example") == "bücher.example"


def test_a_label_that_no_rule_decodes_is_shown_as_it_is():
    assert to_unicode("xn--i-7iq.example") == "xn--i-7iq.example"
