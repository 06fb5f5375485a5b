"""How soon the site answers after its start, and how much memory it has while nobody is there.

Starts gunicorn as `make run` does, on an empty database that is up to date, several times. Memory
is what master and worker have together, what they share counted once (PSS), a while after the first
page; Linux only.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402 - a script finds the project beside itself
from flask_migrate import upgrade  # noqa: E402

from scripts.ports import free_port  # noqa: E402
from webapp import create_app  # noqa: E402

ROUNDS = 5
IDLE = 5.0  # seconds until memory is looked at: the scheduler has ticked by then
# seconds, megabytes
START_GOAL = 1.5
MEMORY_GOAL = 120.0


def prepared(folder: Path, settings: Mapping[str, str] | None = None) -> Flask:
    """A site with an empty database, in this folder unless the settings say where, and the
    environment set for it and whoever is started."""
    of_its_own = {
        "PADLOCK_DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
        "PADLOCK_LOG_LEVEL": "error",
        "PADLOCK_CONNECT_TO": "*=127.0.0.1:1",  # nothing of it leaves this machine
    }
    os.environ.update(of_its_own | dict(settings or {}))
    app = create_app()
    with app.app_context():
        upgrade()
    return app


def peak_memory() -> float:
    """The most memory this process has had, in megabytes.

    (`ru_maxrss` is inherited from who started it.)
    """
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def reset_peak_memory() -> None:
    """Makes `peak_memory` count from now on. Linux only."""
    Path("/proc/self/clear_refs").write_text("5")


@contextmanager
def gunicorn() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A site that answers, or will in a moment, and where it is."""
    listen = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "--log-level", "error", "wsgi:app"]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PADLOCK_LISTEN": listen})
    try:
        yield server, f"http://{listen}"
    finally:
        server.terminate()
        server.wait()


def first_answer(site: str) -> float:
    """Seconds until the sign-in page is there, from now."""
    started = time.perf_counter()
    while True:
        try:
            requests.get(f"{site}/sign-in", timeout=30).raise_for_status()
            return time.perf_counter() - started
        except requests.ConnectionError:
            time.sleep(0.01)


def memory(process: int) -> float:
    """Megabytes of a process and its children."""
    kilobytes = 0
    for one in (process, *_children(process)):
        rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        kilobytes += next(
            int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
        )
    return kilobytes / 1024


def _children(process: int) -> list[int]:
    return [
        int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def main() -> None:
    seconds = []
    megabytes = []
    with tempfile.TemporaryDirectory() as folder:
        prepared(Path(folder))
        for turn in range(ROUNDS):
            print(f"start {turn + 1} of {ROUNDS} ...", file=sys.stderr)
            with gunicorn() as (server, site):
                seconds.append(first_answer(site))
                if turn == 0:
                    # What comes first compiles the modules, and finds no file in the cache of the
                    # system
                    continue
                time.sleep(IDLE)
                megabytes.append(memory(server.pid))
    report(seconds[1:], megabytes)


def report(seconds: list[float], megabytes: list[float]) -> None:
    taken = statistics.median(seconds)
    idle = statistics.median(megabytes)
    ratios = {"start_x_goal": taken / START_GOAL, "memory_x_goal": idle / MEMORY_GOAL}
    print(
        f"first answer after {taken:.2f} s = {ratios['start_x_goal']:.2f} x the goal of"
        f" {START_GOAL} s (at most 1)"
    )
    print(
        f"idle memory {idle:.0f} MB = {ratios['memory_x_goal']:.2f} x the goal of {MEMORY_GOAL:.0f}"
        " MB (at most 1)"
    )
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    content = {"seconds": seconds, "megabytes": megabytes, "ratios": ratios}
    (folder / "start.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
