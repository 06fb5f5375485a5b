"""The limits on lifetimes, and certificates that cannot be read to the end."""

from datetime import UTC, datetime

import pytest

from tests.odd_leaves import ODD_LEAVES
from webapp.demo.pki import issue
from webapp.probe.certificate import read_link
from webapp.probe.chain import lifetime_limit
from webapp.probe.finding import Field


@pytest.mark.parametrize(
    ("issued", "limit"),
    [
        ((2020, 8, 31), None),
        ((2020, 9, 1), 398),
        ((2026, 3, 14), 398),
        ((2026, 3, 15), 200),
        ((2027, 3, 14), 200),
        ((2027, 3, 15), 100),
        ((2029, 3, 14), 100),
        ((2029, 3, 15), 47),
    ],
)
def test_the_limit_is_the_one_in_force_at_issuance(issued, limit):
    assert lifetime_limit(datetime(*issued, tzinfo=UTC)) == limit


@pytest.mark.parametrize("label", ODD_LEAVES)
def test_an_odd_certificate_is_a_link_all_the_same(label):
    leaf = issue("odd.lab.example", **ODD_LEAVES[label])
    assert len(read_link(leaf.der).certificate.fingerprint) == 64


def test_what_is_no_certificate_is_a_link_without_facts():
    link = read_link(b"no certificate")
    assert (link.subject, link.self_issued, Field.SUBJECT in link.certificate.unreadable) == (
        "",
        False,
        True,
    )
