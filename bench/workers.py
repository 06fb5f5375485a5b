"""How much more 2, 4 and 8 workers do than one, where the time goes into waiting for servers: those
of `distant` that answer.

The workers are what `flask worker` starts; a scheduler hands batches out to them over a Redis, and
they record what they find in one PostgreSQL. More and more of them take part in one run. Each has
few checks in the air, far fewer than by default: with 256 a single one takes all that two cores
have, and these would be what is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import IO

import distant
from flask import Flask
from fleet import fill
from start import ROOT, prepared

from tests import postgresql, redis_fixture
from webapp.extensions import db
from webapp.monitor.models import RefreshRun
from webapp.monitor.refresh import dispatch, runner, runs, selection, workers
from webapp.site import site_of

NAMES = 30_000
IN_THE_AIR = "8"  # checks of each worker
WORKERS = (1, 2, 4, 8)
# until all have taken something up, and of each measurement
UNTIL_EVEN = 5
SECONDS = 20
GOAL = 0.85
UP_TO = 4


@contextmanager
def services(folder: Path) -> Iterator[dict[str, str]]:
    """A database and a broker of this benchmark's own: the settings that name them."""
    database = postgresql.Server()
    broker = redis_fixture.Server(folder)
    with ExitStack() as ends:
        ends.callback(database.remove)
        ends.callback(broker.kill)
        database.start()
        broker.start()
        yield {"PADLOCK_DATABASE_URL": database.url(), "PADLOCK_BROKER_URL": broker.url}


@contextmanager
def handing_out(app: Flask) -> Iterator[int]:
    """A scheduler that works on a run of all names, with workers only: the run."""
    stop = Event()
    with app.app_context():
        now = datetime.now(UTC)
        job = runs.begin_here(0, now, selection.names_in_use())
        if job is None:
            raise SystemExit("There is nothing to refresh.")
        db.session.remove()

    def hand_out() -> None:
        with app.app_context():
            runner.work(job, stop, step=dispatch.Dispatcher(workers.Broker(app)).step)

    scheduler = Thread(target=hand_out)
    scheduler.start()
    yield job.arguments["run"]
    stop.set()
    scheduler.join()


def asked(app: Flask, run_id: int) -> int:
    with app.app_context():
        return db.session.get_one(RefreshRun, run_id).asked


def rates(app: Flask, log: IO[str]) -> dict[int, float]:
    """Names a second of so many workers together."""
    command = [sys.executable, "-m", "flask", "worker"]
    found = {}
    started = list[subprocess.Popen[bytes]]()
    with ExitStack() as ends:
        for count in WORKERS:
            print(f"{count} of {WORKERS[-1]} workers ...", file=sys.stderr)
            while len(started) < count:
                started.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))
                ends.callback(started[-1].wait)
                ends.callback(started[-1].terminate)
            while site_of(app).redis.workers() < count:
                if any(worker.poll() is not None for worker in started):
                    raise SystemExit(f"A worker has failed:\n{Path(log.name).read_text()}")
                time.sleep(0.1)
            if count == WORKERS[0]:
                run_id = ends.enter_context(handing_out(app))
            time.sleep(UNTIL_EVEN)
            before = asked(app, run_id)
            since = time.monotonic()
            time.sleep(SECONDS)
            found[count] = (asked(app, run_id) - before) / (time.monotonic() - since)
    return found


def main() -> None:
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        settings = ends.enter_context(distant.serving(folder)) | ends.enter_context(
            services(folder)
        )
        log = ends.enter_context((folder / "workers.log").open("w"))
        app = prepared(
            folder, settings | {"FLASK_APP": "wsgi", "PADLOCK_PROBE_CONCURRENCY": IN_THE_AIR}
        )
        with app.app_context():
            fill(number for number in range(1, NAMES + 1) if distant.answers(number))
        report(rates(app, log))


def report(rates: dict[int, float]) -> None:
    print(f"{'workers':>8}{'names/s':>10}{'a worker':>10}{'efficiency':>12}")
    efficiency = {workers: found / workers / rates[1] for workers, found in rates.items()}
    for workers_, found in rates.items():
        goal = f"   (at least {GOAL})" if 1 < workers_ <= UP_TO else ""
        print(
            f"{workers_:8}{found:10.1f}{found / workers_:10.1f}{efficiency[workers_]:12.2f}{goal}"
        )
    worst = min(found for count, found in efficiency.items() if count <= UP_TO)
    print(f"{worst / GOAL:.2f} x the goal up to {UP_TO} workers (at least 1)")
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    content = {"names_a_second": rates, "efficiency": efficiency, "worst_x_goal": worst / GOAL}
    (folder / "workers.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
