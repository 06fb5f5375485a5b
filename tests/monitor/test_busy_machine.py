"""A machine that is too busy, or was asleep, is not without a network."""

import os
import signal
import subprocess
import sys
import time
from threading import Event

import pytest

from tests.monitor.processes import ROOT, wait_for
from webapp.demo import behaviours
from webapp.extensions import db, writing
from webapp.monitor.models import RunState, Target
from webapp.monitor.refresh import network, runs
from webapp.probe import Finding, Reason, State

REFRESH = """
from tests.monitor.refreshing import refresh
from webapp import create_app
with create_app().app_context():
    refresh()
"""


@pytest.fixture
def silent_fleet(fleet, lab, environ, now):
    """Twelve names that have answered before, at addresses of their own, and are all silent today:
    for a machine that is well it has no network then."""
    address, port = lab.listen("*.mute.example", behaviours.silent)
    environ.update(PADLOCK_CONNECT_TO=f"*.mute.example={address}:{port}", PADLOCK_PROBE_TIMEOUT="3")
    names = fleet(*(f"name{number}.mute.example" for number in range(12)))
    with writing():
        for number, row in enumerate(
            db.session.scalars(db.select(Target).where(Target.id.in_(names.values())))
        ):
            row.state = State.VALID
            row.reason = Reason.OK
            row.checked_at = now
            row.address = f"192.0.2.{number}"
            row.address_port = 443


@pytest.fixture
def refresh(environ):
    process = subprocess.Popen([sys.executable, "-c", REFRESH], cwd=ROOT, env=environ)
    yield process
    process.kill()
    process.wait()


def claimed():
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count(Target.claim)))


def states():
    return set(
        db.session.scalars(db.select(Target.state).where(Target.hostname.endswith(".mute.example")))
    )


def test_without_a_pause_the_monitor_is_offline(silent_fleet, refresh):
    wait_for(lambda: refresh.poll() is not None)
    db.session.rollback()
    assert runs.last_daily().state is RunState.OFFLINE


def test_a_process_that_stood_still_is_not_without_a_network(silent_fleet, refresh):
    wait_for(claimed)
    time.sleep(0.5)
    os.kill(refresh.pid, signal.SIGSTOP)
    time.sleep(5)  # past every deadline, and not so far that each check sees it by itself
    os.kill(refresh.pid, signal.SIGCONT)
    wait_for(lambda: refresh.poll() is not None)
    db.session.rollback()
    run = runs.last_daily()
    assert (run.state, run.tries, run.retry_at is not None) == (RunState.RUNNING, 1, True)
    assert run.detail == "This machine was too busy to check host names: nothing was stored."
    assert states() == {State.VALID}
    assert claimed() == 0


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([Reason.TIMEOUT, Reason.DNS_FAILED], True),
        ([Reason.TIMEOUT, Reason.OK], False),
        ([Reason.MONITOR_ERROR, Reason.OK], False),
        ([Reason.MONITOR_ERROR, Reason.TIMEOUT], network.MachineBusy),
        ([Reason.MONITOR_ERROR, Reason.MONITOR_ERROR], network.MachineBusy),
    ],
)
def test_control_names_that_fail_on_our_side_do_not_speak_of_the_network(
    site, monkeypatch, now, reasons, expected
):
    site.config["PADLOCK_CONTROL_NAMES"] = ("a.example", "b.example")
    told = [Finding("a.example", "a.example", reason, now, 0.1) for reason in reasons]
    monkeypatch.setattr(network, "findings_of", lambda *_: iter(told))
    doubtful = [Finding("x.example", "x.example", Reason.TIMEOUT, now, 0.1)] * 12
    if isinstance(expected, bool):
        assert network.is_offline(doubtful, 12, Event(), lambda: None) is expected
    else:
        with pytest.raises(expected):
            network.is_offline(doubtful, 12, Event(), lambda: None)
