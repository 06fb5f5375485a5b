"""A refresh that fails on our side says so, in numbers, and does not fill the log."""

import resource
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.monitor.health.test_rules import BAD, NOW, OK, WARNING, WELL, told
from tests.monitor.processes import ROOT
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import db
from webapp.monitor.health import collect, rules
from webapp.monitor.models import RunState, Target
from webapp.monitor.refresh import runs
from webapp.probe.faults import Faults
from webapp.words import refreshes

NAMES = 60


@pytest.fixture
def few_descriptors(fleet, lab, environ):
    """Runs a refresh of sixty names, on a server that takes its time, in a process that may open
    few descriptors."""
    leaf = issue("*.slow.example", issuer=lab.intermediate)
    server = behaviours.https(lab.context(leaf, lab.intermediate), delay=1)
    address, port = lab.listen("*.slow.example", server)
    environ.update(
        PADLOCK_CONNECT_TO=f"*.slow.example={address}:{port}", PADLOCK_PER_ADDRESS_PAUSE="0"
    )
    environ.update(PADLOCK_PER_ADDRESS="64", PADLOCK_LOG_FORMAT="plain")
    fleet(*(f"name{number}.slow.example" for number in range(NAMES)))

    def refresh(most):
        command = [sys.executable, "-m", "flask", "refresh", "--all"]
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # noqa: E731
        return subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, preexec_fn=limit
        )

    return refresh


def test_without_descriptors_one_traceback_and_a_number_are_logged(few_descriptors, now):
    ran = few_descriptors(40)
    db.session.rollback()
    run = runs.latest(1)[0]
    assert (run.asked, run.state) == (NAMES, RunState.DONE)
    assert NAMES / 20 <= run.failed < NAMES
    assert ran.returncode == 1
    # One for each place where a descriptor was missing
    assert 1 <= ran.stderr.count("Traceback") <= 3
    assert "Too many open files" in ran.stderr
    assert "more checks failed on our side in the same way" in ran.stderr
    assert f"{run.failed} of {NAMES} checks failed on our side." in ran.stderr
    assert run.detail == f"{run.failed} of {NAMES} checks failed on our side. See the log."
    assert refreshes.run_state(run, run.state.value) == ("Partly failed", "red")
    assert (
        db.session.scalar(db.select(db.func.count(Target.state)).where(Target.state == "invalid"))
        == 0
    )


@pytest.mark.parametrize(
    ("state", "asked", "failed", "level"),
    [
        ("done", 300, 0, OK),
        ("done", 300, 1, WARNING),
        ("done", 300, 14, WARNING),
        ("done", 300, 15, BAD),
        ("done", 300, 233, BAD),
        ("running", 20, 1, BAD),
        ("running", 0, 0, OK),
    ],
)
def test_the_checks_that_failed_on_our_side_are_told_in_numbers(state, asked, failed, level):
    flags = rules.scheduler(replace(WELL, state=state, asked=asked, failed=failed), NOW)
    assert told(flags) == ([("Daily refresh", level)] if level is not OK else [])
    assert not failed or f"{failed} of {asked} checks failed on our side." in flags[1].words


def test_system_health_knows_the_numbers_of_the_last_run(site, tick, tmp_path, now):
    site.config["PADLOCK_CA_BUNDLE"] = tmp_path / "missing.pem"
    run = tick()
    clockwork = collect._clockwork(now)
    assert (clockwork.asked, clockwork.failed) == (run.asked, run.failed) == (2, 2)


def test_failures_of_different_kinds_are_each_logged_once(caplog):
    faults = Faults()
    for number in range(20):
        try:
            {}["x"] if number % 2 else 1 / 0
        except (KeyError, ZeroDivisionError) as error:
            faults.log(f"name{number}.example", error)
    faults.report()
    faults.report()
    assert caplog.text.count("Traceback") == 2
    assert caplog.text.count("9 more checks failed on our side in the same way") == 2
