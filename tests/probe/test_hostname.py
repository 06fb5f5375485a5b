import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.probe import NotCheckable, Refusal, parse, to_unicode, understand
from webapp.probe.hostname import ParsedHostname

UNDERSTOOD = {
    "example.com": "example.com",
    "  Example.COM\t": "example.com",
    "www.example.com.": "www.example.com",
    "https://example.com/path?q=1#x": "example.com",
    "HTTP://example.com:8080/": "example.com",
    "example.com:443": "example.com",
    "//example.com": "example.com",
    # Stands for nothing; curl and Chromium ask for it all the same
    "xn--a.example": "xn--a.example",
    "http//example.com": "example.com",
    "https:example.com": "example.com",
    "https:/example.com": "example.com",
    "https;//example.com": "example.com",
    "https:\\\\example.com": "example.com",
    "http://https://example.com": "example.com",
    "https.example.com": "https.example.com",
    "www.example.com,": "www.example.com",
    "<https://example.com>": "example.com",
    "\u201cexample.com\u201d": "example.com",
    "\u200eexample.com\u200f": "example.com",
    "i\u2764.ws": "xn--i-7iq.ws",
    "I\u2764\ufe0f.ws": "xn--i-7iq.ws",
    "\U0001f4a9.la": "xn--ls8h.la",
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
    "xn--a": Refusal.SINGLE_LABEL,
    "xn--ü.example": Refusal.BAD_CHARACTERS,
    "com.": Refusal.SINGLE_LABEL,
    "1.2.3.4:443": Refusal.ADDRESS,
    "[::1]:443": Refusal.ADDRESS,
    "2001:db8::1/64": Refusal.ADDRESS,
    ":8080": Refusal.EMPTY,
    "a..b.example": Refusal.EMPTY_LABEL,
    ".": Refusal.EMPTY_LABEL,
    ".example.com": Refusal.EMPTY_LABEL,
    "example.com..": Refusal.EMPTY_LABEL,
    "-a.example": Refusal.HYPHEN,
    "a-.example": Refusal.HYPHEN,
    "user@example.com": Refusal.EMAIL,
    "mailto:user@example.com": Refusal.EMAIL,
    "https://user:secret@example.com/": Refusal.CREDENTIALS,
    "user:secret@example.com": Refusal.CREDENTIALS,
    "example.com www.example.com": Refusal.SEVERAL_NAMES,
    "a.example; b.example": Refusal.SEVERAL_NAMES,
    "a.example\nb.example": Refusal.SEVERAL_NAMES,
    "https://a.example/ https://b.example/": Refusal.SEVERAL_NAMES,
    "two words.example": Refusal.SPACE,
    "exa\u00a0mple.com": Refusal.SPACE,
    "exa\tmple.com": Refusal.SPACE,
    "example.com\r\nHost: evil": Refusal.SPACE,
    "example,com": Refusal.COMMA,
    "a*b.example.com": Refusal.WILDCARD,
    "*example.com": Refusal.WILDCARD,
    "foo.*.com": Refusal.WILDCARD,
    "*.*.example.com": Refusal.WILDCARD,
    "https://example.com:443:443": Refusal.BAD_PORT,
    "example.com:0": Refusal.BAD_PORT,
    "example.com:99999": Refusal.BAD_PORT,
    "example.com:https": Refusal.BAD_PORT,
    # A joiner that joins nothing, as browsers see it
    "\U0001f468\u200d\U0001f469.example": Refusal.BAD_CHARACTERS,
    "exa\u202emple.com": Refusal.BAD_CHARACTERS,
    "example%2ecom": Refusal.BAD_CHARACTERS,
    "example.com\\@evil.example": Refusal.BAD_CHARACTERS,
    "example.com\x00.evil.example": Refusal.BAD_CHARACTERS,
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


def test_what_stood_beside_the_name_is_kept():
    found = understand("ftp://*.example.com:2083/shop?q=1")
    assert (found.hostname, found.port, found.scheme, found.path) == (
        "example.com",
        2083,
        "ftp",
        "/shop?q=1",
    )
    assert found.wildcard
    assert understand("(example.com)").marks


@pytest.mark.parametrize(
    "text", ["example.com", " Example.com. ", "https://example.com:443/", "http://example.com"]
)
def test_what_changes_nothing_is_not_worth_a_word(text):
    assert understand(text) == ParsedHostname("example.com")
