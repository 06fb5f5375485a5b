"""What becomes of a batch: real servers, real answers, and a monitor that is ill itself."""

import asyncio
import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError

from tests.monitor.processes import wait_for
from tests.monitor.refreshing import refresh, take
from webapp import probe
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE, Outcome
from webapp.monitor import results
from webapp.monitor.models import Change, RefreshRun, RunKind, RunState, Target
from webapp.monitor.probing import ProbeBatch, probe_settings
from webapp.monitor.refresh import batch_results, runner, runs, selection
from webapp.probe import Reason, State

NOWHERE = (("*", "127.0.0.1", 1),)  # everything is refused


def many(count, domain="fleet.example"):
    return [f"name{number}.{domain}" for number in range(count)]


def states():
    db.session.rollback()
    active = db.select(Target.hostname, Target.state).where(selection.in_use())
    return dict(db.session.execute(active).all())


@contextmanager
def tick_beside(site, stop=None):
    """A look of the scheduler, while the test does something else."""

    def tick():
        with site.app_context():
            return refresh(stop)

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(tick)


def changes():
    return list(db.session.scalars(db.select(Change).order_by(Change.id)))


@pytest.fixture
def place(site, lab):
    """A server of one's own: `place("*.down.example", behaviour)`."""

    def place(pattern, behaviour):
        # Of earlier tests
        others = (entry for entry in site.config["PADLOCK_CONNECT_TO"] if entry[0] != pattern)
        site.config["PADLOCK_CONNECT_TO"] = ((pattern, *lab.listen(pattern, behaviour)), *others)

    return place


def test_a_run_asks_everybody_once_and_counts_what_it_finds(fleet, tick):
    fleet(*many(20), "ok.lab.example", "expired.lab.example", "silent.lab.example")
    run = tick()
    assert (run.state, run.asked, run.total) == (RunState.DONE, 23, 23)
    assert (run.valid, run.invalid, run.unknown, run.failed, run.changed) == (21, 1, 1, 0, 23)
    assert run.started_at < run.ended_at
    assert states()["expired.lab.example"] is State.INVALID


def test_one_row_is_asked_however_many_services_share_it(fleet, tick, lab):
    before = lab.contacts("ok.lab.example")
    fleet("ok.lab.example", "OK.lab.example.", "https://ok.lab.example/")
    assert tick().asked == 1
    assert lab.contacts("ok.lab.example") == before + 1


def test_a_change_is_noted_once(fleet, tick, now, site, lab):
    name = "ok.lab.example"
    fleet(name)
    tick(now)
    tick(now + timedelta(days=1))
    assert [(one.old_state, one.new_state) for one in changes()] == [(None, State.VALID)]
    leaf = issue(name, issuer=lab.intermediate)
    site.config["PADLOCK_CONNECT_TO"] = ((name, *lab.serve("renewed", leaf, lab.intermediate)),)
    tick(now + timedelta(days=2))
    one = changes()[-1]
    assert (one.old_reason, one.new_reason, len(changes())) == (Reason.OK, Reason.OK, 2)
    assert one.old_fingerprint != one.new_fingerprint


def test_the_daily_limit_holds_and_the_next_day_goes_on(fleet, tick, now, site):
    site.config.update(PADLOCK_REFRESH_DAILY_LIMIT=6, PADLOCK_REFRESH_BATCH=4)
    fleet(*many(10))
    assert [tick(now).asked for _ in range(2)] == [6, 6]
    assert list(states().values()).count(State.VALID) == 6
    tick(now + timedelta(days=1))
    assert set(states().values()) == {State.VALID}


def test_a_run_that_has_had_its_turn_lets_another_go_first(fleet, now, site):
    site.config["PADLOCK_REFRESH_DAILY_LIMIT"] = 0
    fleet(*many(10))
    runner.tick(now)
    daily = queue.claim([runs.JOB], now)
    waits = runs.begin(RunKind.NOW, "somebody", 0, now)

    def turn():
        return runner.work(daily, Event(), lambda: now, turn_until=time.monotonic())

    assert turn() == Outcome(pause=timedelta(0))
    assert set(states().values()) == {None}
    with writing():
        queue.end(db.session.scalar(db.select(Job.id).filter_by(key=str(waits.id))))
    assert turn() == DONE
    assert set(states().values()) == {State.VALID}


def test_without_a_limit_it_takes_as_many_batches_as_it_takes(fleet, tick, site):
    site.config.update(PADLOCK_REFRESH_DAILY_LIMIT=0, PADLOCK_REFRESH_BATCH=4)
    fleet(*many(10))
    assert tick().asked == 10


def test_a_hundred_with_thirty_silent_servers_end_with_the_deadline(fleet, tick, place, site):
    silent = [f"silent{number}.quiet.example" for number in range(30)]
    for name in silent:
        place(name, behaviours.silent)
    fleet(*many(70), *silent)
    site.config["PADLOCK_PER_ADDRESS"] = 16
    started = time.monotonic()
    run = tick()
    # One after the other: 60
    assert time.monotonic() - started < site.config["PADLOCK_PROBE_TIMEOUT"] + 10
    assert (run.valid, run.unknown, run.state) == (70, 30, RunState.DONE)


def test_a_server_that_is_down_costs_one_timeout_and_not_one_a_name(fleet, tick, place, site, lab):
    place("*.down.example", behaviours.silent)
    fleet(*many(20, "down.example"), *many(30))
    started = time.monotonic()
    run = tick()
    # Four at once, they would take 10
    assert time.monotonic() - started < site.config["PADLOCK_PROBE_TIMEOUT"] + 6
    assert (run.unknown, run.valid) == (20, 30)
    assert lab.contacts("*.down.example") == site.config["PADLOCK_PER_ADDRESS"]


def test_an_address_has_so_many_connections_at_once_and_a_pause_between(fleet, tick, place, site):
    at_once = 0
    most = 0

    async def counting(sock):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        await behaviours.says(b"220 ready\r\n")(sock)

    place("*.shared.example", counting)
    site.config.update(PADLOCK_PER_ADDRESS=2, PADLOCK_PER_ADDRESS_PAUSE=0.1)
    fleet(*many(10, "shared.example"))
    started = time.monotonic()
    assert tick().invalid == 10
    assert most == 2
    assert time.monotonic() - started > 4 * (0.05 + 0.1)


def test_a_monitor_without_a_network_keeps_every_state_and_tries_again(
    fleet, tick, now, site, caplog
):
    fleet(*many(12), "ok.lab.example")
    tick(now)
    known = states()
    there = site.config["PADLOCK_CONNECT_TO"]
    site.config.update(PADLOCK_CONNECT_TO=NOWHERE, PADLOCK_CONTROL_NAMES=("control.lab.example",))
    tomorrow = now + timedelta(days=1)
    assert tick(tomorrow).state is RunState.OFFLINE
    assert states() == known
    assert len(changes()) == len(known)
    assert "no network" in caplog.text
    site.config["PADLOCK_CONNECT_TO"] = there
    assert tick(tomorrow + timedelta(minutes=1)).state is RunState.OFFLINE  # not yet
    run = tick(tomorrow + runs.OFFLINE_PAUSE)
    assert (run.state, run.valid, run.slot) == (RunState.DONE, 13, runs.last_daily().slot)


def test_without_a_network_all_batches_under_way_are_dropped_also_one_too_small_to_tell(
    fleet, tick, now, site
):
    ids = fleet(*many(14))
    tick(now)
    known = states()
    site.config.update(PADLOCK_CONNECT_TO=NOWHERE, PADLOCK_CONTROL_NAMES=("control.lab.example",))
    site.config["PADLOCK_REFRESH_BATCH"] = 10
    assert tick(now + timedelta(days=1)).state is RunState.OFFLINE
    assert (states(), len(changes())) == (known, 14)
    assert {db.session.get(Target, one).claim for one in ids.values()} == {None}


def test_where_a_control_name_answers_the_others_really_are_down(fleet, tick, now, site):
    fleet(*many(12))
    tick(now)
    good = site.config["PADLOCK_CONNECT_TO"]
    here = tuple(entry for entry in good if entry[0] == "ok.lab.example")
    site.config.update(PADLOCK_CONNECT_TO=here + NOWHERE, PADLOCK_CONTROL_NAMES=("ok.lab.example",))
    run = tick(now + timedelta(days=1))
    assert (run.state, run.invalid) == (RunState.DONE, 12)


def test_without_control_names_those_that_answered_last_stand_in(fleet, tick, now, site):
    fleet(*many(12), "ok.lab.example", "expired.lab.example")
    tick(now)
    known = states()
    there = site.config["PADLOCK_CONNECT_TO"]
    site.config.update(
        PADLOCK_CONNECT_TO=NOWHERE, PADLOCK_REFRESH_BATCH=12, PADLOCK_REFRESH_DAILY_LIMIT=12
    )
    assert tick(now + timedelta(days=1)).state is RunState.OFFLINE
    assert states() == known
    site.config["PADLOCK_CONNECT_TO"] = (
        tuple(e for e in there if e[0] != "*.fleet.example") + NOWHERE
    )
    # Only their server is down
    assert tick(now + timedelta(days=1, minutes=6)).state is RunState.DONE
    assert list(states().values()).count(State.INVALID) > 1


def test_a_small_fleet_on_several_servers_is_its_own_control(fleet, tick, now, site):
    fleet(*many(10), "ok.lab.example", "expired.lab.example")
    tick(now)
    known = states()
    site.config["PADLOCK_CONNECT_TO"] = NOWHERE
    assert tick(now + timedelta(days=1)).state is RunState.OFFLINE
    assert states() == known


def test_a_fleet_on_one_server_is_believed_when_that_is_down(fleet, tick, now, site):
    fleet(*many(12))
    tick(now)
    site.config["PADLOCK_CONNECT_TO"] = NOWHERE
    assert tick(now + timedelta(days=1)).invalid == 12


def test_a_resolver_that_answers_nobody_is_our_own(fleet, tick, site, guard):
    fleet(*many(12))
    site.config["PADLOCK_CONNECT_TO"] = ()
    assert tick().state is RunState.OFFLINE
    assert set(states().values()) == {None}
    guard.attempts.clear()


def test_a_handful_of_failures_says_nothing_of_the_network(fleet, tick, site):
    fleet(*many(9))
    site.config["PADLOCK_CONNECT_TO"] = NOWHERE
    assert tick().invalid == 9


@pytest.fixture
def held(place):
    """A server that says when it has been asked, and answers when it may."""
    asked = Event()
    answer = Event()

    async def held(sock):
        asked.set()
        await asyncio.get_running_loop().run_in_executor(None, answer.wait)
        await behaviours.says(b"220 ready\r\n")(sock)

    for pattern in ("held.example", "*.held.example"):
        place(pattern, held)
    yield asked, answer
    answer.set()


def meanwhile(site, held, *statements):
    """A refresh, and what somebody does to the database while it waits for an answer."""
    asked, answer = held
    with tick_beside(site):
        assert asked.wait(30)
        with writing():
            for statement in statements:
                db.session.execute(db.text(statement))
        answer.set()
    db.session.rollback()
    return runs.last_daily()


def test_a_batch_that_waits_for_a_name_does_not_keep_the_next_ones_waiting(fleet, site, held):
    site.config.update(PADLOCK_REFRESH_BATCH=2, PADLOCK_REFRESH_DAILY_LIMIT=6)
    fleet("held.example", *many(8))
    with tick_beside(site):
        wait_for(lambda: list(states().values()).count(State.VALID) == 5)
        assert (states()["held.example"], selection.held(1, runner.utc_now())) == (None, 1)
        held[1].set()
    assert states()["held.example"] is State.INVALID
    assert (runs.last_daily().asked, runs.last_daily().state) == (6, RunState.DONE)


def test_as_many_names_as_are_asked_at_once_wait_for_a_place(site, held):
    site.config["PADLOCK_PROBE_CONCURRENCY"] = 2
    with closing(ProbeBatch()) as asking:
        for name in many(4, "held.example"):
            assert asking.has_room()
            asking.ask(name, name)
        assert not asking.has_room()


def test_a_service_that_is_terminated_while_it_is_asked_stays_as_it_was(fleet, site, held):
    ids = fleet("held.example", "ok.lab.example")
    run = meanwhile(
        site, held, "UPDATE service SET status = 'Terminated' WHERE domain = 'held.example'"
    )
    row = db.session.get(Target, ids["held.example"])
    assert (row.state, row.claim) == (None, None)
    assert (run.state, run.asked, run.valid) == (RunState.DONE, 1, 1)


def test_a_domain_that_is_deleted_while_it_is_asked_is_not_missed(fleet, site, held, caplog):
    fleet("held.example", "ok.lab.example")
    gone = (
        "DELETE FROM service WHERE domain = 'held.example'",
        "DELETE FROM target WHERE hostname = 'held.example'",
    )
    run = meanwhile(site, held, *gone)
    assert (run.state, run.asked) == (RunState.DONE, 1)
    assert not [record for record in caplog.records if record.exc_info]


def test_an_answer_of_who_was_away_too_long_is_dropped(fleet, site, held):
    ids = fleet("held.example")
    run = meanwhile(
        site, held, "UPDATE target SET claim = 'of another process' WHERE hostname = 'held.example'"
    )
    assert run.asked == 0
    assert db.session.get(Target, ids["held.example"]).state is None


def test_a_failure_of_ours_stores_nothing_and_the_run_says_so(fleet, tick, site, tmp_path):
    fleet(*many(3))
    site.config["PADLOCK_CA_BUNDLE"] = tmp_path / "missing.pem"
    run = tick()
    assert (run.state, run.failed, run.asked) == (RunState.FAILED, 3, 3)
    assert set(states().values()) == {None}


def test_a_stop_lets_go_at_once_and_the_next_goes_on(fleet, site, tick, place):
    place("*.quiet.example", behaviours.silent)
    site.config["PADLOCK_PROBE_TIMEOUT"] = 30
    ids = fleet(*many(3, "quiet.example"), *many(5))
    with tick_beside(site, stop := Event()) as ticking:
        wait_for(lambda: list(states().values()).count(State.VALID) == 5)
        started = time.monotonic()
        stop.set()
        ticking.result(60)
    assert time.monotonic() - started < 5
    db.session.rollback()
    assert {db.session.get(Target, one).claim for one in ids.values()} == {None}
    run = runs.last_daily()
    assert (run.state, run.asked) == (RunState.RUNNING, 5)
    site.config["PADLOCK_PROBE_TIMEOUT"] = 0.3
    assert (tick().state, run.asked) == (RunState.DONE, 8)


@pytest.mark.sqlite("another process holds its file")
def test_a_locked_database_is_waited_for_and_then_tried_again(fleet, tick, now, site, caplog):
    fleet(*many(5))
    db.session.execute(db.text("PRAGMA busy_timeout = 100"))
    db.session.rollback()
    path = site.config["PADLOCK_DATABASE_URL"].removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        tick(now)
    other.execute("ROLLBACK")
    other.close()
    assert tick(now).valid == 5


def test_a_batch_that_fails_is_logged_and_tried_again(fleet, tick, now, monkeypatch, caplog):
    fleet(*many(3))
    with monkeypatch.context() as patch:
        patch.setattr(results, "new_values", lambda *arguments: 1 / 0)
        run = tick(now)
    assert "ZeroDivisionError" in caplog.text
    assert (run.state, run.tries, run.asked) == (RunState.RUNNING, 1, 0)
    assert tick(now + runs.STUMBLE_PAUSE).valid == 3
    assert (run.state, run.tries) == (RunState.DONE, 0)


def test_an_answer_that_cannot_be_recorded_is_no_harm_to_those_that_came_with_it(
    fleet, tick, now, monkeypatch, caplog
):
    fleet(*many(5))

    def new_values(row, finding, now):
        return real(row, finding, now) if finding.hostname != "name2.fleet.example" else 1 / 0

    real = results.new_values
    with monkeypatch.context() as patch:
        patch.setattr(results, "new_values", new_values)
        run = tick(now)
    assert (run.state, run.tries, run.asked, run.valid) == (RunState.RUNNING, 1, 4, 4)
    assert "what name2.fleet.example has answered could not be recorded" in caplog.text
    assert tick(now + runs.STUMBLE_PAUSE).asked == 5


def test_a_name_that_was_claimed_twice_and_answers_twice_at_once_counts_once(fleet, site, now):
    number = fleet("twice.fleet.example")["twice.fleet.example"]
    run = runs.begin(RunKind.DAILY, "2026-11-23", 0, now)
    owner = take(run.id, now)
    later = now + selection.lease()
    # We were away in between
    claims = [selection.claim(run.id, owner, 1, moment).claim for moment in (now, later)]
    claims.append(claims[-1])  # answered twice itself
    finding = probe.check("twice.fleet.example", probe_settings(site.config))
    batch_results.record_together(
        [batch_results.ClaimedFinding(number, claim, finding) for claim in claims], run.id, later
    )
    db.session.rollback()
    assert (run.asked, run.valid) == (1, 1)


@pytest.mark.sqlite("the backup is a copy of its file")
def test_yesterdays_backup_is_brought_up_to_date_without_doubles(fleet, tick, now, site, tmp_path):
    fleet(*many(3))
    tick(now)
    path = site.config["PADLOCK_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(path) as live, sqlite3.connect(tmp_path / "backup") as backup:
        live.backup(backup)
    live.close()
    backup.close()
    tick(now + timedelta(days=1))
    db.session.remove()
    db.engine.dispose()
    shutil.copy(tmp_path / "backup", path)
    assert tick(now + timedelta(days=1)).valid == 3
    assert db.session.scalar(db.select(db.func.count()).select_from(RefreshRun)) == 2
    assert len(changes()) == 3


def test_the_command_says_that_the_monitor_is_offline(fleet, site, guard):
    fleet(*many(12))
    site.config["PADLOCK_CONNECT_TO"] = ()
    ran = site.test_cli_runner().invoke(args=["refresh"])
    assert ran.exit_code == 1
    assert "The monitor is offline." in ran.stderr
    guard.attempts.clear()
