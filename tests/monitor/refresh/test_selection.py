"""Whose turn it is, and that everybody's comes."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert

from tests.monitor.refreshing import take
from webapp.customers.models import Service, ServiceStatus
from webapp.extensions import db, tune, writing
from webapp.jobs import queue
from webapp.monitor.models import RunKind, Target
from webapp.monitor.refresh import runs, selection

START = datetime(2026, 11, 1, 3, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def names(fleet):
    """So many names that were asked once, name0 longest ago."""

    def names(count, **facts):
        ids = list(
            fleet(*(f"name{number}-{len(facts)}.fleet.example" for number in range(count))).values()
        )
        with writing():
            for number, id_ in enumerate(ids):
                row = db.session.get(Target, id_)
                row.asked_at = START - DAY + timedelta(seconds=number)
                for fact, value in facts.items():
                    setattr(row, fact, value)
        return ids

    return names


def claimed(most, now=START, slot="x"):
    """What a run that begins now would ask first."""
    run = runs.begin(RunKind.DAILY, f"{slot} {now}", 0, now)
    owner = take(run.id, now)
    return list(selection.claim(run.id, owner, most, now).names)


def a_day(day, most):
    """A day's refresh of `most` names: who was asked."""
    now = START + day * DAY
    ids = claimed(most, now)
    with writing():
        for row in db.session.scalars(db.select(Target).where(Target.id.in_(ids))):
            row.asked_at = now
            row.claim = None
            row.claimed_until = None
    return ids


def test_what_a_later_run_has_asked_is_not_asked_again_for_an_earlier_one(fleet):
    ids = list(fleet("one.fleet.example", "two.fleet.example").values())
    earlier, later = (runs.begin(RunKind.NOW, str(number), 0, START) for number in range(2))
    owner = take(earlier.id, START)
    with writing():
        db.session.execute(
            db.update(Target).where(Target.id.in_(ids)).values(run_id=earlier.id, asked_at=START)
        )
    assert selection.claim(earlier.id, owner, 10, START).names == {}
    taken = selection.claim(later.id, take(later.id, START), 1, START)
    assert len(taken.names) == 1
    with writing():
        values = {"run_id": later.id, "claim": None, "claimed_until": None}
        db.session.execute(db.update(Target).where(Target.id.in_(taken.names)).values(**values))
    assert selection.claim(earlier.id, owner, 10, START).names == {}


def test_never_asked_goes_first_then_urgent_then_the_longest_unchecked(names, fleet):
    others = names(4)
    urgent = names(2, urgent_at=START - DAY)
    new = list(fleet("new.fleet.example").values())
    assert set(claimed(6)) == {*new, *urgent, *others[:3]}


def test_new_names_take_what_room_they_need_and_what_is_left_is_shared(names, fleet):
    others = names(9)
    urgent = names(9, urgent_at=START - DAY)
    new = list(fleet(*(f"new{number}.fleet.example" for number in range(2))).values())
    with writing():
        for row in db.session.scalars(db.select(Target).where(Target.id.in_(urgent))):
            # All of them after the others
            row.asked_at = START - timedelta(seconds=9 - urgent.index(row.id))
    assert set(a_day(0, 6)) == {*new, *urgent[:2], *others[:2]}
    assert set(claimed(2, START + DAY, "y")) == {urgent[2], others[2]}


def test_room_that_one_kind_does_not_need_is_the_others(names, fleet):
    urgent = names(6, urgent_at=START - DAY)
    assert set(claimed(6)) == set(urgent)


def test_what_will_be_urgent_is_not_urgent_yet(names):
    later = names(2, urgent_at=START + DAY)
    others = names(4)
    with writing():
        for row in db.session.scalars(db.select(Target).where(Target.id.in_(later))):
            row.asked_at = START - timedelta(seconds=1)
    assert not set(claimed(2)) & set(later)
    assert set(claimed(6, START + 2 * DAY, "y")) >= set(others)


def test_inactive_names_are_never_claimed(names):
    ids = names(4)
    with writing():
        db.session.execute(
            db.text("UPDATE service SET status = 'Suspended' WHERE target_id = :id"),
            {"id": ids[0]},
        )
        db.session.execute(
            db.text("UPDATE service SET status = 'Fraud' WHERE target_id = :id"), {"id": ids[1]}
        )
        db.session.execute(db.text("DELETE FROM service WHERE target_id = :id"), {"id": ids[2]})
    assert set(claimed(10)) == {ids[0], ids[3]}


def test_however_many_are_urgent_nobody_waits_longer_than_the_bound(names):
    everybody = {*names(12), *names(20, urgent_at=START - DAY)}
    most = 8
    asked_on = defaultdict(lambda: 0)
    for day in range(1, 25):
        for name in a_day(day, most):
            asked_on[name] = day
        bound = -(-len(everybody) // (most // 2))
        assert max(day - asked_on[name] for name in everybody) <= bound
    assert set(asked_on) == everybody


def test_however_many_are_new_each_day_nobody_waits_longer_than_the_bound(names, fleet):
    old = names(12)
    most = 8
    waits = defaultdict(list)
    for day in range(1, 25):
        if day <= 12:  # more than are asked a day
            fleet(*(f"day{day}-{number}.fleet.example" for number in range(9)))
        for name in sorted(a_day(day, most)):  # those of one day are asked in no order
            waits[name].append(day)
    bound = -(-12 * 9 // most) + -(-(12 + 12 * 9) // (most // 2))
    assert all(waits[name] and waits[name][0] <= bound for name in old)
    new = [name for name in waits if name not in old]
    assert new == sorted(new)  # in the order in which they came
    assert len(new) == 12 * 9


def test_two_that_claim_at_once_never_get_the_same_name(names, site):
    names(40)
    ids = [runs.begin(RunKind.NOW, str(number), 0, START).id for number in range(4)]
    jobs = [take(run_id, START) for run_id in ids]

    def claim(run_id, job):
        with site.app_context():
            return list(selection.claim(run_id, job, 10, START).names)

    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(claim, ids, jobs))
    assert [len(batch) for batch in batches] == [10] * 4
    assert len({name for batch in batches for name in batch}) == 40


def test_a_claim_that_ran_out_is_free_and_so_is_one_of_a_clock_ahead(names):
    ids = names(4)
    assert set(claimed(4)) == set(ids)
    assert claimed(4, START + timedelta(seconds=1), "y") == []
    assert set(claimed(4, START + selection.lease(), "z")) == set(ids)
    assert set(claimed(4, START - DAY, "back")) == set(ids)


def test_what_was_asked_under_a_clock_ahead_is_not_left_for_last(names):
    ids = names(6)
    with writing():
        db.session.get(Target, ids[5]).asked_at = START + 300 * DAY
    assert ids[5] in claimed(2)


def test_who_does_not_hold_the_run_any_more_claims_nothing(names):
    names(4)
    run = runs.begin(RunKind.NOW, "x", 0, START)
    slow = take(run.id, START)
    quick = take(run.id, START + queue.LEASE)
    assert selection.claim(run.id, slow, 4, START) is None
    assert len(selection.claim(run.id, quick, 4, START + queue.LEASE).names) == 4


@pytest.mark.postgresql("SQLite has no other way to read these rows")
def test_a_batch_is_read_from_the_index_in_its_order_and_no_further(in_app):
    service = {
        "client_id": 1,
        "product": "Hosting",
        "domain": "",
        "status": ServiceStatus.ACTIVE,
        "version": 1,
    }
    ids = range(100, 1600)
    with writing():
        db.session.execute(
            insert(Target), [{"id": number, "hostname": f"n{number}.example"} for number in ids]
        )
        db.session.execute(insert(Service), [service | {"target_id": number} for number in ids])
    tune()
    asked = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def listen(connection, cursor, statement, values, *_):
        asked.append((statement, values))

    assert len(claimed(20)) == 20
    [(chosen, values)] = [(sql, values) for sql, values in asked if "SKIP LOCKED" in sql]
    plan = str(db.session.connection().exec_driver_sql(f"EXPLAIN {chosen}", values).all())
    assert "ix_target_due" in plan
    assert "Sort" not in plan
    assert "hashed SubPlan" not in plan
