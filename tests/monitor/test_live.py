import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from webapp.extensions import db, writing
from webapp.monitor import checks, live
from webapp.probe import Reason, State
from webapp.site import site_of


def now():
    return datetime.now(UTC)


def known(row, **options):
    return live.known(row, **({"active": True, "viewer": 1, "now": now()} | options))


def look(row, **options):
    """What a cell does: ask, then say what is known."""
    options = {"active": True, "viewer": 1, "now": now()} | options
    live.ask(row, **options)
    return live.known(row, **options)


def check_now(row, **options):
    options = {"active": True, "viewer": 1, "now": now()} | options
    live.ask_now(row, **options)
    return live.known(row, **options)


def done(site, row):
    """Waits until the check of this name is done, wherever its viewers are."""
    check = site_of(site).checks.of(row.hostname)
    assert check is None or check.done.wait(10)
    db.session.rollback()


@pytest.fixture
def seen(lab):
    """How many connections the servers of a row have had since the test began."""
    before = {name: lab.contacts(name) for name in lab.cases}
    return lambda row: lab.contacts(row.hostname) - before[row.hostname]


def test_a_name_that_was_never_asked_is_asked_and_remembered(hostname, seen):
    row = hostname("ok")
    stands = look(row)
    assert (stands.state, stands.reason, stands.checking) == (State.VALID, Reason.OK, False)
    assert row.issuer == "Padlock Lab CA 1, Padlock Lab"
    assert row.checked_at == row.changed_at == row.last_valid_at
    assert seen(row) == 1


def test_a_fresh_result_is_final_and_asks_nothing(hostname, seen):
    row = hostname("ok")
    look(row)
    assert look(row).reason is Reason.OK
    assert known(row).due is False
    assert seen(row) == 1


def test_a_result_grows_old(hostname, seen, site):
    row = hostname("ok")
    look(row)
    later = now() + timedelta(seconds=site.config["PADLOCK_FRESH_SECONDS"] + 1)
    assert known(row, now=later).due is True
    look(row, now=later)
    assert seen(row) == 2


def test_a_cell_settles_even_where_nothing_stays_fresh(hostname, site, seen):
    site.config["PADLOCK_FRESH_SECONDS"] = 0
    row = hostname("ok")
    assert [look(row).checking for _ in range(3)] == [False] * 3
    assert seen(row) == 1


def test_an_inactive_item_is_never_asked(hostname, seen):
    row = hostname("ok")
    assert look(row, active=False).state is State.INACTIVE
    assert known(row, active=False).due is False
    assert check_now(row, active=False).state is State.INACTIVE
    assert seen(row) == 0


def test_what_is_no_host_name_is_not_checkable(site):
    assert look(None).reason is Reason.NOT_CHECKABLE


def test_looking_without_asking_asks_nothing(hostname, seen):
    row = hostname("ok")
    stands = known(row)
    assert (stands.state, stands.reason, stands.due) == (State.UNKNOWN, None, True)
    assert seen(row) == 0


def test_a_slow_server_holds_a_web_thread_for_a_second_at_most(hostname, site):
    row = hostname("silent")
    started = time.monotonic()
    stands = look(row)
    assert time.monotonic() - started < checks.WEB_WAIT_SECONDS + 0.5
    assert stands.checking
    assert stands.poll_seconds > 0
    done(site, row)
    assert look(row).reason is Reason.TIMEOUT


def test_many_viewers_share_one_check_and_few_of_them_wait(hostname, seen, site):
    row = hostname("slow")
    name_id = row.id

    def view(_):
        with site.app_context():
            row = db.session.get(live.Target, name_id)
            viewer = {"active": True, "viewer": 1, "now": now()}
            waited = live.ask(row, **viewer)
            return live.known(row, **viewer).checking, waited

    with ThreadPoolExecutor(20) as pool:
        views = list(pool.map(view, range(20)))
    assert all(checking for checking, _ in views)
    assert (
        sum(waited for _, waited in views)
        == site.config["PADLOCK_THREADS"] / checks.THREADS_PER_WAITER
    )
    done(site, row)
    assert row.reason is Reason.OK
    assert seen(row) == 1


def test_the_result_is_stored_even_when_the_viewer_has_gone(hostname, site):
    row = hostname("expired")
    site_of(site).checks.start(row.hostname, 1)
    done(site, row)
    assert row.reason is Reason.EXPIRED


def test_a_failure_of_ours_overwrites_nothing_and_says_so(hostname, site, monkeypatch):
    row = hostname("ok")
    look(row)
    monkeypatch.setattr(site_of(site).checks, "_settings", None)
    later = now() + timedelta(hours=1)
    stands = look(row, now=later)
    assert (stands.state, stands.reason, stands.due) == (State.UNKNOWN, Reason.MONITOR_ERROR, False)
    assert row.reason is Reason.OK


def test_a_result_that_cannot_be_recorded_is_a_failure_of_ours(hostname, site, monkeypatch, caplog):
    def full_disk(finding, now):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checks, "record", full_disk)
    assert look(hostname("ok")).reason is Reason.MONITOR_ERROR
    assert "could not be recorded" in caplog.text


def test_check_now_asks_again_but_not_at_once(hostname, seen):
    row = hostname("ok")
    look(row)
    assert check_now(row).reason is Reason.OK
    assert seen(row) == 1
    check_now(row, now=now() + checks.COOL_DOWN)
    assert seen(row) == 2


def test_past_so_many_checks_a_cell_is_told_to_come_back(hostname, monkeypatch, seen):
    monkeypatch.setattr(checks, "MOST_CHECKS", 0)
    row = hostname("ok")
    assert look(row).checking
    assert seen(row) == 0


def test_one_viewer_with_many_silent_servers_leaves_room_for_others(hostname, monkeypatch):
    monkeypatch.setattr(checks, "MOST_CHECKS_OF_VIEWER", 1)
    silent = hostname("silent")
    other = hostname("ok")
    look(silent, viewer=1)
    crowded = look(other, viewer=1)
    assert (crowded.checking, crowded.reason) == (True, None)
    assert crowded.poll_seconds > 1
    assert look(other, viewer=2).reason is Reason.OK


def test_a_long_line_looks_again_one_after_the_other(hostname, monkeypatch):
    monkeypatch.setattr(checks, "MOST_CHECKS_OF_VIEWER", 0)
    row = hostname("ok")
    first, *line = [known(row).poll_seconds for _ in range(300)]
    assert first == pytest.approx(checks.QUEUE_FIRST_SECONDS)
    assert line[100] > first + 1
    assert max(line) == pytest.approx(checks.QUEUE_LAST_SECONDS)
    assert known(row, viewer=2).poll_seconds == pytest.approx(checks.QUEUE_FIRST_SECONDS)


def test_who_looks_again_waits_no_second_time(hostname, site):
    row = hostname("silent")
    look(row)
    started = time.monotonic()
    assert look(row).checking
    assert time.monotonic() - started < checks.WEB_WAIT_SECONDS / 2
    done(site, row)


@pytest.mark.parametrize(
    "lacking", ["a thread for the probes", "a descriptor", "a thread for the record"]
)
def test_a_check_ends_even_where_we_lack_something_and_the_next_one_runs(
    lacking, hostname, site, monkeypatch
):
    checks = site_of(site).checks
    row = hostname("ok")
    with monkeypatch.context() as patch:
        if lacking == "a descriptor":
            patch.setattr(os, "pipe", fail_with(OSError(24, "Too many open files")))
        elif lacking == "a thread for the probes":
            patch.setattr(
                threading.Thread, "start", fail_with(RuntimeError("can't start new thread"))
            )
        else:
            patch.setattr(
                checks._recorder, "submit", fail_with(RuntimeError("can't start new thread"))
            )
        assert look(row).reason is Reason.MONITOR_ERROR
    checks._failed.clear()  # the cool-down is over
    assert look(row).reason is Reason.OK


def fail_with(error):
    def fail(*_arguments, **_options):
        raise error

    return fail


def test_a_clock_that_was_set_back_makes_no_result_fresh_for_ever(hostname):
    row = hostname("expired")
    look(row)
    with writing():
        row.checked_at = now() + timedelta(days=1)
        row.reason = Reason.OK
        row.state = State.VALID
    assert known(row).due is True
    assert look(row).reason is Reason.EXPIRED
