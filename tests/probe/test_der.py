"""ASN.1 as servers send it, in DER and in the looser BER that OpenSSL reads, too."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.demo.der import der
from webapp.demo.pki import issue
from webapp.probe.certificate import read_link
from webapp.probe.der import (
    CONSTRUCTED,
    OCTET_STRING,
    SEQUENCE,
    Element,
    Malformed,
    check,
    content,
    elements,
)
from webapp.probe.issuers import malformed_on_path

INDEFINITE = 0x80
ZEROS = b"\0\0"


def endless(tag, *inside):
    return bytes((tag | CONSTRUCTED, INDEFINITE)) + b"".join(inside) + ZEROS


def nested(times, inside, wrap=endless, tag=SEQUENCE):
    for _ in range(times):
        inside = wrap(tag, inside)
    return inside


def is_well_formed(data):
    try:
        check(data)
    except Malformed:
        return False
    return True


def walk(data):
    """The same as `check`, the simple way."""
    for element in elements(data):
        if element.tag & CONSTRUCTED:
            walk(element.body)


@given(
    st.lists(
        st.sampled_from((0, 1, 2, 3, 0x04, 0x1F, 0x24, 0x30, 0x80, 0x81, 0x82)), max_size=12
    ).map(bytes)
)
def test_what_is_well_formed_at_once_is_well_formed_step_by_step(data):
    try:
        walk(data)
    except Malformed:
        assert not is_well_formed(data)
    else:
        assert is_well_formed(data)


@pytest.mark.parametrize("wrap", [der, endless])
def test_elements_may_be_thirty_deep(wrap):
    assert is_well_formed(nested(30, b"", wrap))
    assert not is_well_formed(nested(31, b"", wrap))


@pytest.mark.parametrize(
    "data", ["3080", "308000", "30800500", "3003308000", "3004308005000000", "0480", "3002040100"]
)
def test_what_is_cut_off_or_crosses_its_end_is_malformed(data):
    assert not is_well_formed(bytes.fromhex(data))


def test_the_parts_of_a_string_are_five_deep_at_most():
    string = Element(OCTET_STRING, b"text")
    for _ in range(1 + 5):
        string = Element(OCTET_STRING | CONSTRUCTED, der(string.tag, string.body))
    assert content(string) == b"text"
    with pytest.raises(Malformed):
        content(Element(OCTET_STRING | CONSTRUCTED, der(string.tag, string.body)))


@pytest.mark.parametrize("tag", [SEQUENCE, OCTET_STRING])
def test_a_certificate_that_is_a_maze_costs_little(tag):
    maze = nested(29, der(OCTET_STRING) * 40_000, tag=tag)
    kind = bytes.fromhex("0603551d1e")  # name constraints, which OpenSSL reads of every certificate
    odd = der(
        SEQUENCE, kind, endless(OCTET_STRING, der(OCTET_STRING, maze)) if tag == SEQUENCE else maze
    )
    leaf = issue("a.example", extensions=[odd]).der
    began = time.thread_time()
    for _ in range(4):  # one check comes back to the leaf several times
        read_link(leaf)
        malformed_on_path([leaf, leaf])
    assert time.thread_time() - began < 3
