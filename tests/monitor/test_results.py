from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from webapp import probe
from webapp.extensions import db
from webapp.monitor.models import Target, standing
from webapp.monitor.results import CONFIRMED_AFTER, record
from webapp.probe import Certificate, Finding, Reason, State
from webapp.probe.finding import NotAsked, Stray

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=6)  # when all of it is recorded
LEAF = Certificate(
    fingerprint="ab" * 32,
    subject="shop.lab.example",
    issuer="R11, Let's Encrypt",
    names=("shop.lab.example",),
    not_before=NOW - timedelta(days=30),
    not_after=NOW + timedelta(days=60),
)
VALID = Finding(
    "shop.lab.example", "shop.lab.example", Reason.OK, NOW, 0.1, "127.0.0.1", 443, "TLSv1.3", LEAF
)


def later(**changes) -> Finding:
    return replace(VALID, checked_at=NOW + timedelta(hours=3), **changes)


@pytest.fixture
def row(hostname):
    return hostname("shop")


def test_going_unknown_keeps_what_is_known_of_the_certificate(row):
    record(VALID, LATER)
    record(later(reason=Reason.TIMEOUT, certificate=None), LATER)
    assert (row.state, row.issuer, row.last_valid_at) == (State.UNKNOWN, LEAF.issuer, NOW)


def test_a_handshake_that_failed_keeps_what_was_read_of_the_certificate(row):
    record(later(reason=Reason.HANDSHAKE_FAILED, detail="Connection reset by peer"), LATER)
    assert (row.state, row.issuer, row.not_after) == (State.INVALID, LEAF.issuer, LEAF.not_after)
    assert row.detail == "Connection reset by peer"


def test_an_answer_without_a_certificate_clears_its_facts(row):
    record(VALID, LATER)
    record(later(reason=Reason.REFUSED, certificate=None), LATER)
    assert (row.state, row.issuer, row.not_after, row.fingerprint) == (
        State.INVALID,
        "",
        None,
        None,
    )
    assert row.last_valid_at == NOW


def test_addresses_that_were_not_asked_are_kept_until_the_next_answer(row):
    record(replace(VALID, stray=(Stray("fe80::1", NotAsked.NOT_PUBLIC),)), LATER)
    db.session.expire(row)
    assert row.stray == [{"address": "fe80::1", "why": "not_public"}]
    record(later(), LATER)
    assert row.stray == []


def test_a_recheck_that_is_still_to_come_stays(row):
    refused = later(reason=Reason.REFUSED, certificate=None)
    due = refused.checked_at + CONFIRMED_AFTER
    for seconds in (0, 20):
        record(replace(refused, checked_at=refused.checked_at + timedelta(seconds=seconds)), LATER)
        assert row.recheck_at == due
    record(replace(refused, checked_at=due), LATER)
    assert row.recheck_at is None


def test_an_older_finding_is_dropped(row):
    record(later(reason=Reason.TIMEOUT), LATER)
    record(VALID, LATER)
    assert row.reason is Reason.TIMEOUT


def test_a_failure_of_ours_is_not_stored(row):
    record(VALID, LATER)
    record(later(reason=Reason.MONITOR_ERROR), LATER)
    assert (row.reason, row.checked_at) == (Reason.OK, NOW)


def test_a_name_that_is_gone_is_not_brought_back(row):
    record(replace(VALID, hostname="gone.lab.example"), LATER)
    assert (
        db.session.scalar(
            db.select(db.func.count()).select_from(Target).filter_by(hostname="gone.lab.example")
        )
        == 0
    )


def test_since_when_it_is_so_changes_with_the_state_only(row):
    record(VALID, LATER)
    record(later(), LATER)
    assert (row.changed_at, row.checked_at) == (NOW, NOW + timedelta(hours=3))
    record(replace(later(reason=Reason.EXPIRED), checked_at=NOW + timedelta(hours=4)), LATER)
    assert row.changed_at == NOW + timedelta(hours=4)


def test_instants_come_back_aware_and_in_utc(row):
    record(VALID, LATER)
    db.session.rollback()
    assert row.not_after == LEAF.not_after
    assert row.checked_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("seconds", "reason"), [(-1, Reason.OK), (0, Reason.EXPIRED), (1, Reason.EXPIRED)]
)
def test_a_certificate_that_has_ended_since_is_expired_to_the_second(row, seconds, reason):
    record(VALID, LATER)
    assert (
        standing(row, active=True, now=LEAF.not_after + timedelta(seconds=seconds)).reason is reason
    )


def test_notes_are_kept(row):
    record(later(notes=frozenset({probe.Note.CLIENT_CERTIFICATE_WANTED})), LATER)
    assert row.notes == ["client_certificate_wanted"]


def test_what_browsers_may_refuse_is_kept_while_it_is_valid(row):
    refused = frozenset({probe.Note.BROWSERS_REFUSE_KEY})
    record(replace(VALID, notes=refused), LATER)
    assert row.browsers_refuse
    record(later(reason=Reason.EXPIRED, notes=refused), LATER)
    assert not row.browsers_refuse


def test_every_verify_error_is_kept(row):
    problem = probe.Problem(10, 0, "certificate has expired", Reason.EXPIRED)
    record(later(reason=Reason.EXPIRED, problems=(problem,)), LATER)
    assert row.problems == [
        {
            "code": 10,
            "depth": 0,
            "text": "certificate has expired",
            "reason": "expired",
            "stapled": False,
        }
    ]
