"""Jobs are added, claimed by one process only, tried again, and given up."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from tests.conftest import NOW
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE, Outcome

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LATER = Outcome("unreachable", "TimeoutError")


@pytest.fixture(autouse=True)
def _app(in_app):
    """Nothing is registered under "work": no runner takes it away."""


def add(key="a", now=NOW, **arguments):
    with writing():
        queue.add("work", key, arguments, now, timedelta(hours=24))


def claim(now=NOW):
    return queue.claim(["work"], now)


def job():
    db.session.rollback()
    return db.session.scalar(select(Job))


def test_a_job_is_stored_with_what_causes_it_or_not_at_all():
    with suppress(ZeroDivisionError), writing():
        queue.add("work", "a", {}, NOW, HOUR)
        raise ZeroDivisionError
    assert job() is None


def test_a_job_is_claimed_once_and_gone_when_it_is_done():
    add(number=5)
    mine = claim()
    assert mine.arguments == {"number": 5}
    assert claim() is None
    queue.finish(mine, DONE, NOW)
    assert job() is None


def test_the_one_that_is_due_longest_comes_first_and_unknown_kinds_are_left():
    add("b", NOW)
    add("a", NOW - MINUTE)
    with writing():
        queue.add("of a newer release", "x", {}, NOW - HOUR, timedelta(hours=24))
    claims = [claim(), claim(), claim()]
    keys = {row.claim: row.key for row in db.session.scalars(select(Job))}
    assert [keys[mine.claim] if mine else None for mine in claims] == ["a", "b", None]


def test_what_a_killed_process_left_is_claimed_again_and_the_late_one_changes_nothing():
    add()
    killed = claim()
    assert claim(NOW + queue.LEASE - MINUTE) is None
    heir = claim(NOW + queue.LEASE)
    queue.finish(killed, DONE, NOW)
    assert not queue.save_progress(killed, {}, NOW)
    assert job().claim == heir.claim


def test_progress_is_stored_holds_the_job_and_comes_back_with_it():
    add()
    mine = claim()
    assert queue.save_progress(mine, {"row": 7}, NOW + MINUTE)
    assert claim(NOW + queue.LEASE) is None
    assert claim(NOW + MINUTE + queue.LEASE).progress == {"row": 7}


def test_pauses_double_up_to_an_hour():
    add()
    now = NOW
    pauses = []
    for _ in range(8):
        queue.finish(claim(now), LATER, now)
        pauses.append((job().run_at - now) / MINUTE)
        assert claim(job().run_at - MINUTE / 2) is None
        now = job().run_at
    for pause, least in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60), strict=True):
        assert least <= pause <= least * queue.MOST_JITTER


def test_an_outcome_can_say_the_pause_and_then_they_double_from_the_first_on():
    add()
    queue.finish(claim(), LATER, NOW)
    paused = job().run_at
    queue.finish(claim(paused), Outcome(pause=5 * MINUTE), paused)
    assert claim(paused + 4 * MINUTE) is None
    assert claim(paused + 5 * MINUTE)
    assert job().tries == 1


def test_what_is_out_of_time_has_failed_with_its_last_problem_and_is_deleted_after_a_month():
    add()
    queue.finish(claim(), LATER, NOW)
    queue.give_up(NOW + timedelta(hours=23))
    assert job().failed_at is None
    end = NOW + timedelta(hours=24)
    queue.give_up(end)
    assert (job().failed_at, job().problem) == (end, "unreachable")
    assert claim(end) is None
    queue.give_up(end + queue.FAILED_KEPT)
    assert job() is None


def test_what_never_ran_in_its_time_is_not_done_later():
    add()
    late = NOW + timedelta(hours=24)
    assert claim(late) is None
    queue.give_up(late)
    assert job().problem == "late"


def test_what_no_further_try_can_help_has_failed_and_runs_when_it_is_retried():
    add()
    queue.finish(claim(), Outcome("refused", "550", final=True), NOW)
    assert (job().failed_at, claim(NOW + HOUR)) == (NOW, None)
    with writing():
        assert queue.retry(job().id, NOW + HOUR)
    assert (job().give_up_at, job().problem) == (NOW + timedelta(hours=25), "")
    assert claim(NOW + HOUR)


def test_what_is_added_twice_runs_once_with_the_newest_arguments():
    add(number=1)
    add(number=2)
    assert claim().arguments == {"number": 2}
    assert claim() is None


@pytest.mark.parametrize("outcome", [DONE, LATER, Outcome("refused", "550", final=True)])
def test_what_is_added_while_it_runs_runs_once_more(outcome):
    add(number=1)
    mine = claim()
    add(number=2, now=NOW + MINUTE)
    queue.finish(mine, outcome, NOW + MINUTE)
    assert claim(NOW + MINUTE).arguments == {"number": 2}


def test_an_ended_job_cannot_go_on():
    add()
    mine = claim()
    with writing():
        assert queue.end(mine.id)
    assert not queue.save_progress(mine, {}, NOW)
    queue.finish(mine, LATER, NOW)
    assert job() is None


def test_a_clock_that_was_set_back_holds_nothing_up():
    add(now=NOW + timedelta(days=2))
    claim(NOW + timedelta(days=2))
    assert claim(NOW)


def test_the_backlog_counts_all_and_lists_what_needs_attention():
    row = {"kind": "work", "arguments": {}, "created_at": NOW, "run_at": NOW, "progress": {}}
    row |= {"give_up_at": NOW + HOUR, "tries": 0, "problem": "", "detail": "", "failed_at": None}
    row |= {"claimed_until": None}
    failed = {"failed_at": NOW}
    with writing():
        rows = [row | failed | {"key": f"failed {number}"} for number in range(60)]
        added = {"created_at": NOW - HOUR, "run_at": NOW - HOUR}
        rows += [row | added | {"key": "late"}, row | {"key": "new"}]
        rows += [row | added | {"key": "runs long", "claimed_until": NOW + MINUTE}]
        db.session.execute(insert(Job), rows)
    backlog = queue.backlog(NOW)
    assert (backlog.failed, backlog.late, len(backlog.jobs)) == (60, 1, queue.MAX_LISTED)
    assert backlog.jobs[0].key == "late"
