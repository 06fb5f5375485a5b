"""How long a pass through 100,000 names takes whose servers are as they are in the world: see
`distant`.

A refresh works on them for a while, once with the settings as they come and once with more at a
time, and what it does in that while is extrapolated to the whole. Also: how much memory it needs,
and what part of its time the database has. With the argument "whole" one refresh as it comes asks
all of them, which takes two minutes.

A server has 1,000 names. They are asked four at a time, and each takes a sixth of a second to
answer and a tenth of a pause: these limits alone leave no less than 1.1 minutes. With
BENCH_SERVERS=40 a server has 2,500 names, and no pass can be shorter than 2.6.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import distant
from sqlalchemy import insert
from start import ROOT, peak_memory, prepared

from webapp import create_app
from webapp.customers import index
from webapp.customers.models import Client, Service, ServiceStatus
from webapp.extensions import db, tune, writing
from webapp.monitor.models import RefreshRun, Target
from webapp.monitor.refresh import runner, runs, selection

NAMES = 100_000
SECONDS = 60  # of each pass
PASSES = {
    "as it comes": {},
    "more at a time": {"PADLOCK_REFRESH_BATCH": "1000", "PADLOCK_PROBE_CONCURRENCY": "512"},
}
DATABASE_GOAL = 0.10  # of the whole time


def fill(names: Iterable[int]) -> None:
    """A client with active services, each with the name that has this number."""
    numbers = list(names)
    empty = dict.fromkeys(("detail", "subject", "issuer", "serial", "key", "signature"), "")
    lists = {"problems": [], "notes": [], "names": []}
    with writing():
        db.session.execute(
            insert(Client),
            [{"id": 1, "name": "All", "created_at": datetime.now(UTC), "version": 1}],
        )
        rows = [{"id": n, "hostname": distant.name(n)} | empty | lists for n in numbers]
        db.session.execute(insert(Target), rows)
        common = {
            "client_id": 1,
            "product": "Hosting",
            "status": ServiceStatus.ACTIVE,
            "version": 1,
        }
        services = [{"id": n, "domain": distant.name(n), "target_id": n} | common for n in numbers]
        db.session.execute(insert(Service), services)
        index.touch(Service, numbers)
    tune()


class Watch:
    """Seconds spent in functions."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def on(self, owner: Any, name: str) -> None:
        work: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - started

        setattr(owner, name, watched)


def measure(at_least: float) -> dict[str, float]:
    """What a refresh does in so many seconds, with the settings of the environment; its last batch
    is waited for. Runs in a process of its own."""
    app = create_app()
    database = Watch()
    with app.app_context():
        dialect = db.engine.dialect
        for name in ("do_execute", "do_executemany", "do_commit", "do_rollback"):
            database.on(dialect, name)
        now = datetime.now(UTC)
        job = runs.begin_here(0, now, selection.names_in_use())
        if job is None:
            raise SystemExit("There is nothing to refresh.")
        gc.freeze()  # as wsgi.py does, and the next line too
        gc.set_threshold(2_000, 2, 100)
        started = time.monotonic()
        runner.work(job, Event(), until=started + at_least)
        seconds = time.monotonic() - started
        run = db.session.get_one(RefreshRun, job.arguments["run"], populate_existing=True)
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "asked": run.asked,
            "valid": run.valid,
            "invalid": run.invalid,
            "unknown": run.unknown,
            "seconds": seconds,
            "database_seconds": database.seconds,
            "cpu_seconds": cpu.ru_utime + cpu.ru_stime,
            "peak_mb": peak_memory(),
        }


def main() -> None:
    seconds, passes = (
        (3600, ["as it comes"]) if sys.argv[1:2] == ["whole"] else (SECONDS, list(PASSES))
    )
    results = {}
    with tempfile.TemporaryDirectory() as folder, distant.serving(Path(folder)) as settings:
        print(f"{NAMES:,} names ...", file=sys.stderr)
        with prepared(Path(folder), settings).app_context():
            fill(range(1, NAMES + 1))
        for name in passes:
            print(f"{seconds} seconds of a refresh at most, {name} ...", file=sys.stderr)
            command = [sys.executable, __file__, "measure", str(seconds)]
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, env=os.environ | PASSES[name]
            )
            results[name] = json.loads(done.stdout)
    report(results)


def polite_minutes() -> float:
    """The shortest pass, in minutes, that the limits per address allow.

    A refused name is asked twice, which takes no time but the pause after each."""
    at_once = int(os.environ.get("PADLOCK_PER_ADDRESS", "4"))
    pause = float(os.environ.get("PADLOCK_PER_ADDRESS_PAUSE", "0.1"))
    turn = max(distant.MEAN + pause, 2 * pause)
    return NAMES / distant.SERVERS / at_once * turn / 60


def report(results: dict[str, dict[str, float]]) -> None:
    expected = ", ".join(f"{share:.0%} {answer}" for answer, share in distant.shares().items())
    print(f"of {NAMES:,} names at {distant.SERVERS} addresses; {expected}; SQLite")
    print(f"The limits per address leave {polite_minutes():.1f} minutes, at least")
    heads = ("asked", "a minute", "whole, min", "peak MB", "CPU ms", "database ms")
    print(f"{'':16}", *(f"{head:>12}" for head in heads))
    content: dict[str, Any] = {"names": NAMES, "passes": results, "ratios": {}}
    for name, row in results.items():
        asked = row["asked"]
        minutes = row["seconds"] / 60
        each = 1000 * row["cpu_seconds"] / asked, 1000 * row["database_seconds"] / asked
        figures = (asked, asked / minutes, NAMES / asked * minutes, row["peak_mb"], *each)
        print(f"{name:16}", *(f"{figure:12,.1f}" for figure in figures))
        part = row["database_seconds"] / row["seconds"]
        print(
            f"{'':16} the database has {part:.1%} of the time = {part / DATABASE_GOAL:.2f} x the"
            " goal (at most 1)"
        )
        content["ratios"][name] = {
            "names_a_minute": asked / minutes,
            "database_x_goal": part / DATABASE_GOAL,
        }
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    (folder / "fleet.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(float(sys.argv[2]))))
    else:
        main()
