"""When a run begins, and that no turn of the clock begins it twice."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.monitor.refreshing import take
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.monitor.health.rules import is_silent
from webapp.monitor.models import Heartbeat, RefreshRun, RunState
from webapp.monitor.refresh import daily_run, runner, runs, selection
from webapp.words.refreshes import RunDetail

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def at(in_app):
    """Looks whether it is time, at each of these moments; the days that have had their run, in
    order."""
    in_app.config.update(PADLOCK_TIMEZONE=BERLIN, PADLOCK_REFRESH_AT=time(3))

    def at(*moments):
        for moment in moments:
            daily_run.begin_daily(moment)
        return list(db.session.scalars(db.select(RefreshRun.slot).order_by(RefreshRun.id)))

    return at


def every(minutes, first, last):
    moment = first
    while moment <= last:
        yield moment
        moment += timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-23 01:59:59", "2026-11-22"),  # 02:59:59 in Berlin
        ("2026-11-23 02:00:00", "2026-11-23"),
        ("2026-11-23 23:30:00", "2026-11-23"),  # past midnight there
        ("2028-02-29 12:00:00", "2028-02-29"),
        ("2028-03-01 00:00:00", "2028-02-29"),
        ("2026-12-31 23:59:59", "2026-12-31"),
    ],
)
def test_a_day_begins_at_its_time_in_the_zone_of_the_site(moment, day):
    assert runs.day_of(datetime.fromisoformat(f"{moment}+00:00"), time(3), BERLIN) == day


def test_a_run_that_begins_in_an_outage_does_not_end_it(at):
    at(NOON)
    runs.went_offline(1, NOON)
    assert at(NOON + DAY) == ["2026-11-23", "2026-11-24"]
    assert runs.offline_since() == NOON
    runs.went_well(2)
    runs.count(2, {"asked": 1})
    db.session.commit()
    assert runs.offline_since() is None


def test_the_first_run_begins_at_once(at):
    assert at(NOON) == ["2026-11-23"]


def test_a_day_runs_once_however_often_anybody_looks(at):
    assert at(NOON, NOON, NOON + timedelta(hours=11)) == ["2026-11-23"]


def test_every_day_has_its_run(at):
    assert at(NOON, NOON + DAY, NOON + 2 * DAY) == ["2026-11-23", "2026-11-24", "2026-11-25"]


def test_days_that_were_missed_are_made_up_by_one_run(at):
    assert at(NOON, NOON + 5 * DAY - timedelta(hours=11)) == ["2026-11-23", "2026-11-27"]


@pytest.mark.parametrize("clock", [time(2, 30), time(2), time(3), time(1, 30)])
def test_the_night_without_that_hour_has_its_run(at, in_app, clock):
    in_app.config["PADLOCK_REFRESH_AT"] = clock
    night = datetime(2027, 3, 27, 20, tzinfo=UTC), datetime(2027, 3, 28, 6, tzinfo=UTC)
    assert at(*every(10, *night)) == ["2027-03-27", "2027-03-28"]


@pytest.mark.parametrize("clock", [time(2, 30), time(2), time(3), time(1, 30)])
def test_the_night_with_that_hour_twice_has_one_run(at, in_app, clock):
    in_app.config["PADLOCK_REFRESH_AT"] = clock
    night = datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)
    assert at(*every(10, *night)) == ["2026-10-24", "2026-10-25"]


def test_a_site_that_starts_between_the_two_hours_does_not_go_back_a_day(at, in_app):
    in_app.config["PADLOCK_REFRESH_AT"] = time(2, 30)
    first = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert at(first, second) == ["2026-10-25"]


def test_a_clock_that_jumps_a_day_and_back_runs_no_day_twice(at):
    assert at(NOON, NOON + DAY, NOON, NOON + DAY, NOON + 2 * DAY) == [
        "2026-11-23",
        "2026-11-24",
        "2026-11-25",
    ]


def test_a_clock_that_was_a_year_ahead_does_not_stop_the_days_from_running(at):
    assert at(NOON + 365 * DAY, NOON, NOON + DAY) == ["2027-11-23", "2026-11-23", "2026-11-24"]


def test_another_zone_runs_its_own_days(at, in_app):
    in_app.config["PADLOCK_TIMEZONE"] = ZoneInfo("Pacific/Kiritimati")  # UTC+14
    assert at(NOON + timedelta(hours=2)) == ["2026-11-24"]


def test_there_is_no_run_while_there_is_nothing_to_ask(at):
    with writing():
        db.session.execute(db.text("UPDATE service SET status = 'Cancelled'"))
        db.session.execute(db.text("UPDATE domain SET status = 'Cancelled'"))
    assert at(NOON) == []
    with writing():
        db.session.execute(db.text("UPDATE service SET status = 'Active'"))
    assert at(NOON) == ["2026-11-23"]


def test_a_day_that_has_not_ended_ends_when_the_next_begins(at):
    at(NOON, NOON + DAY)
    old, new = db.session.scalars(db.select(RefreshRun).order_by(RefreshRun.id))
    assert (old.state, old.ended_at) == (RunState.FAILED, NOON + DAY)
    assert old.detail_code == RunDetail.CUT_OFF
    assert (new.state, new.ended_at) == (RunState.RUNNING, None)


def test_only_one_works_on_a_run_until_its_time_is_over(at):
    at(NOON)
    run = runs.last_daily().id
    assert take(run, NOON)
    assert take(run, NOON) is None
    assert take(run, NOON + queue.LEASE)


def test_what_a_command_line_left_behind_is_ended(in_app):
    assert runs.begin_here(0, NOON, 2)
    assert queue.claim([runs.JOB], NOON) is None, "the command itself works on it"
    assert runner.run(queue.claim([runs.JOB], NOON + queue.LEASE), None) == queue.DONE
    (run,) = runs.latest(5)
    assert (run.state, run.detail_code) == (RunState.FAILED, RunDetail.INTERRUPTED)


def test_a_run_without_its_job_gets_one(at):
    at(NOON)
    with writing():
        db.session.execute(db.delete(Job))  # as an earlier release left it
    runner.tick(NOON)
    assert take(runs.last_daily().id, NOON)


def test_a_run_that_keeps_failing_is_tried_later_each_time_and_given_up(at):
    at(NOON)
    run = runs.last_daily()
    moment = NOON
    for pause in (1, 2, 4, 8):
        job = queue.claim([runs.JOB], moment)
        runs.stumbled(run.id, OSError(28, "No space left on device"), moment)
        queue.finish(job, runs.outcome(run.id, moment), moment)
        moment += timedelta(minutes=pause)
        assert queue.claim([runs.JOB], moment - timedelta(seconds=1)) is None
        assert queue.backlog(moment).jobs == [], "it pauses as it should"
    runs.stumbled(run.id, OSError(28, "No space left on device"), moment)
    assert (run.state, run.detail) == (RunState.FAILED, "OSError. See the log.")
    assert runs.outcome(run.id, moment) == queue.DONE


def test_what_system_health_asks(at):
    assert is_silent(runs.last_tick(), NOON)
    runs.beat(NOON)
    runs.beat(NOON + timedelta(minutes=1))
    assert runs.last_tick() == NOON + timedelta(minutes=1)
    later = [NOON + timedelta(minutes=minutes) for minutes in (5, 12)]
    assert [is_silent(runs.last_tick(), moment) for moment in later] == [False, True]
    assert db.session.scalar(db.select(db.func.count()).select_from(Heartbeat)) == 1
    assert runs.is_late(NOON)
    at(NOON)
    assert not runs.is_late(NOON)
    assert runs.is_late(NOON + DAY)
    # Half past three: it may still begin
    assert not runs.is_late(NOON + DAY - timedelta(hours=9, minutes=30))
    assert selection.names_in_use() == 2
