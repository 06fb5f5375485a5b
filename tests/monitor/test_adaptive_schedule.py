"""The adaptive schedule: when a name is checked next, and that every name gets its turn."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest

from tests.monitor.refreshing import take
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.queue import DONE
from webapp.monitor import adaptive_schedule
from webapp.monitor.models import RunState, Target
from webapp.monitor.refresh import daily_run, runs, selection
from webapp.monitor.results import record, urgent_from
from webapp.probe import Certificate, Finding, Reason, State

START = datetime(2026, 11, 1, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
REASONS = {State.VALID: Reason.OK, State.INVALID: Reason.EXPIRED, State.UNKNOWN: Reason.TIMEOUT}


def schedule_facts(state=State.VALID, same_for=30 * DAY, lifetime=90 * DAY, left=80 * DAY):
    """The state of a name that was checked at START and has been in this state for so long, since
    when that is, and from when on it is urgent."""
    ends = START + left
    return state, START - same_for, urgent_from(state, START, ends - lifetime, ends)


@pytest.mark.parametrize(
    ("facts", "pause"),
    [
        (schedule_facts(), adaptive_schedule.SELDOM),
        (schedule_facts(left=29 * DAY), HOUR),  # in its renewal window
        (schedule_facts(left=31 * DAY), DAY),  # until that begins
        (schedule_facts(State.INVALID), HOUR),
        (schedule_facts(State.UNKNOWN), DAY),
        (schedule_facts(State.UNKNOWN, left=-300 * DAY), DAY),
        (schedule_facts(same_for=0 * DAY), 5 * MINUTE),
        (schedule_facts(State.INVALID, same_for=0 * DAY), 5 * MINUTE),
        (schedule_facts(same_for=40 * MINUTE), 40 * MINUTE),
        (schedule_facts(State.INVALID, same_for=40 * MINUTE), 40 * MINUTE),
        (schedule_facts(lifetime=6 * DAY, left=3 * DAY), DAY),
    ],
)
def test_the_next_check_at_is_as_soon_as_the_state_calls_for(facts, pause):
    assert adaptive_schedule.next_check_at(*facts, START) == START + pause


@pytest.fixture
def adaptive(fleet, site):
    """Names with the adaptive schedule, and a day of so many checks: `adaptive(limit, *names)`;
    their ids."""

    def adaptive(limit, *names):
        at = {"PADLOCK_TIMEZONE": UTC, "PADLOCK_REFRESH_AT": time(3)}
        site.config.update(
            at | {"PADLOCK_REFRESH_ADAPTIVE": True, "PADLOCK_REFRESH_DAILY_LIMIT": limit}
        )
        return fleet(*names)

    return adaptive


def look(now, states):
    """What a tick does at this moment, without a network: each name answers as `states` says, valid
    where it does not. The names that were asked."""
    daily_run.begin_daily(now)
    daily_run.go_on(now)
    asked = []
    while (job := queue.claim([runs.JOB], now)) is not None:
        run_id = job.arguments["run"]
        while names := _batch(run_id, job, now):
            for name in names:
                _answer(run_id, name, states.get(name.split("-")[0], State.VALID), now)
            asked += names
        runs.end(run_id, job, now)
        queue.finish(job, DONE, now)
    return asked


def _batch(run_id, owner, now):
    run = db.session.get(runs.RefreshRun, run_id, populate_existing=True)
    room = min(100, run.most - run.asked) if run.most else 100
    return list(selection.claim(run_id, owner, room, now).names.values()) if room else []


def _answer(run_id, name, state, now):
    leaf = Certificate(fingerprint="ab", not_before=START, not_after=START + 900 * DAY)
    record(Finding(name, name, REASONS[state], now, 0.1, certificate=leaf), now)
    with writing():
        db.session.execute(
            db.update(Target).filter_by(hostname=name).values(claim=None, claimed_until=None)
        )
        runs.count(run_id, {"asked": 1, state.value: 1})


def simulated(days, states):
    """Each name's checks over these days, with a look whenever a turn comes or a day begins."""
    asked = {}
    now = START
    while now < START + days * DAY:
        for name in look(now, states):
            asked.setdefault(name, []).append(now - START)
        turn = db.session.scalar(db.select(db.func.min(Target.next_at)).where(Target.next_at > now))
        morning = START + ((now - START) // DAY + 1) * DAY
        now = min(turn or morning, morning)
    return asked


def test_what_is_new_is_asked_every_few_minutes_and_then_ever_more_seldom(adaptive):
    adaptive(0, "new.example", "red.example")
    asked = simulated(1, {"red.example": State.INVALID})
    assert [at / MINUTE for at in asked["new.example"]] == [
        0,
        5,
        10,
        20,
        40,
        80,
        160,
        320,
        640,
        1280,
    ]
    assert [at / MINUTE for at in asked["red.example"]] == [
        0,
        5,
        10,
        20,
        40,
        80,
        *range(140, 1440, 60),
    ]


def test_the_day_has_one_run_however_often_it_goes_on_and_never_more_checks_than_its_limit(
    adaptive,
):
    adaptive(8, "new.example", "red.example")
    asked = simulated(2, {"red.example": State.INVALID})
    days = Counter(at // DAY for moments in asked.values() for at in moments)
    assert days == {0: 8, 1: 8}
    ended = [(run.slot, run.asked, run.state) for run in runs.latest(9)]
    assert ended == [("2026-11-02", 8, RunState.DONE), ("2026-11-01", 8, RunState.DONE)]


def test_however_many_are_red_nobody_waits_longer_than_the_bound(adaptive):
    reds = [f"red-{number}.example" for number in range(9)]
    limit = 6
    ids = adaptive(limit, *reds, *(f"green-{number}.example" for number in range(9)))
    asked = simulated(16, {"red": State.INVALID})
    assert asked.keys() == ids.keys()
    bound = DAY + len(ids) / (limit // 2) * DAY
    waits = [later - sooner for moments in asked.values() for sooner, later in pairwise(moments)]
    assert max(waits) <= bound + adaptive_schedule.SELDOM
    assert (
        max(16 * DAY - moments[-1] for moments in asked.values())
        <= bound + adaptive_schedule.SELDOM
    )


def test_a_turn_that_was_set_under_a_clock_ahead_has_come(adaptive):
    adaptive(0, "new.example")
    assert look(START + 300 * DAY, {}) == ["new.example"]
    assert look(START, {}) == ["new.example"]
    assert look(START, {}) == []


def test_a_run_that_was_given_up_is_left_alone_for_an_hour(adaptive):
    adaptive(0, "new.example")
    daily_run.begin_daily(START)
    run = runs.last_daily()
    with writing():
        run.state = RunState.FAILED
        run.ended_at = START
    daily_run.go_on(START + 59 * MINUTE)
    assert run.ended
    daily_run.go_on(START + HOUR)
    assert (run.ended, run.state) == (False, RunState.RUNNING)


def test_what_the_fleet_needs_a_day_is_what_it_is_asked(adaptive):
    adaptive(0, "red.example", "dead.example", "green.example")
    look(START, {"red.example": State.INVALID, "dead.example": State.UNKNOWN})
    assert selection.needed(START) == 24 + 1 + 1  # a third of a check is begun
    assert (selection.awaited(START), selection.awaited(START + adaptive_schedule.FIRST)) == (0, 3)


def test_a_check_that_fails_on_our_side_is_tried_again_in_an_hour(adaptive, tick, site, tmp_path):
    ids = adaptive(0, "name.fleet.example")
    site.config["PADLOCK_CA_BUNDLE"] = tmp_path / "missing.pem"
    assert tick(START).failed == 1
    assert db.session.get(Target, ids["name.fleet.example"]).next_at == START + HOUR
    assert tick(START + MINUTE).asked == 1


def test_a_real_check_has_its_next_check_at_and_a_press_of_the_button_asks_all_the_same(
    adaptive, tick, now, site
):
    ids = adaptive(0, "ok.lab.example")
    # UTC; no new day begins within these minutes
    site.config["PADLOCK_REFRESH_AT"] = (now - HOUR).time()
    assert [tick(now).asked, tick(now + MINUTE).asked, tick(now + 6 * MINUTE).asked] == [1, 1, 2]
    row = db.session.get(Target, ids["ok.lab.example"])
    assert row.next_at > now + 6 * MINUTE + adaptive_schedule.FIRST
    run = runs.begin(runs.RunKind.NOW, "x", 0, now)
    assert list(selection.claim(run.id, take(run.id, now), 5, now).names) == [row.id]
