"""A site whose machine has its clock set, as a real process: the time of day is shifted, the
monotonic clock is not."""

import os
import shutil
import signal
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from tests.monitor.processes import ROOT, SLOW, ended, recorded, wait_for
from webapp.extensions import db
from webapp.jobs import queue
from webapp.monitor.refresh import runs

HOUR = 3600


@pytest.fixture
def set_clock(environ, tmp_path):
    """Sets the clock of the processes of this test, by so many seconds, while they run."""
    compiler = shutil.which("cc")
    library = tmp_path / "clock.so"
    shift = tmp_path / "shift"
    if compiler is None:
        pytest.skip("a C compiler makes the clock that is wrong")
    source = ROOT / "tests/shifted_clock.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    environ.update(LD_PRELOAD=str(library), CLOCK_SHIFT=str(shift))

    def set_clock(by):
        fresh = shift.with_suffix(".new")
        fresh.write_text(str(by))
        fresh.rename(shift)

    set_clock(0)
    return set_clock


def ticked_at():
    db.session.rollback()
    return runs.last_tick()


def test_a_site_whose_clock_is_set_back_ticks_within_two_minutes(fleet, site_process, set_clock):
    fleet("name.fleet.example")
    site_process()
    wait_for(ticked_at)
    before = ticked_at()
    set_clock(-HOUR)
    wait_for(lambda: ticked_at() != before, 120)
    assert abs(ticked_at() - datetime.now(UTC) + timedelta(seconds=HOUR)) < timedelta(minutes=3)


def test_after_a_kill_the_run_goes_on_as_soon_as_its_claims_have_expired(
    slow, environ, site, site_process, set_clock
):
    """The time that docs/refresh.md gives."""
    site.config["PADLOCK_PROBE_TIMEOUT"] = float(environ["PADLOCK_PROBE_TIMEOUT"])
    first = site_process()
    wait_for(lambda: recorded() > 2)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    before = recorded()
    set_clock(queue.LEASE.total_seconds())
    site_process()
    wait_for(lambda: recorded() > before, 20)
    wait_for(ended)
    assert recorded() == SLOW
