"""How much faster 2, 4 and 8 workers are than one, where the time goes into waiting for servers: see `distant`.

Each worker is a process that does what a worker does with what it is handed, over and over: claim a batch of 100 names
in the one database, ask them, record what they say. Handing them out costs nothing that could be measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import distant
from fleet import fill
from start import ROOT, prepared

NAMES = 40_000
SECONDS = 20  # that each worker takes up batches; the last is waited for
WORKERS = (1, 2, 4, 8)
GOAL, UP_TO = 0.85, 4


def rate(workers: int) -> float:
    """Names a second of so many workers together."""
    command = [sys.executable, str(Path(__file__).with_name("fleet.py")), "measure", str(SECONDS)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
    printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit("A worker failed, see above.")
    return sum(row["asked"] / row["seconds"] for row in map(json.loads, printed))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, distant.serving(Path(folder)) as settings:
        with prepared(Path(folder), settings).app_context():
            fill(NAMES)
        rates = {}
        for workers in WORKERS:
            print(f"{workers} of {WORKERS[-1]} workers ...", file=sys.stderr)
            rates[workers] = rate(workers)
    report(rates)


def report(rates: dict[int, float]) -> None:
    print(f"{'workers':>8}{'names/s':>10}{'a worker':>10}{'efficiency':>12}")
    efficiency = {workers: found / workers / rates[1] for workers, found in rates.items()}
    for workers, found in rates.items():
        goal = f"   (at least {GOAL})" if 1 < workers <= UP_TO else ""
        print(f"{workers:8}{found:10.1f}{found / workers:10.1f}{efficiency[workers]:12.2f}{goal}")
    worst = min(found for workers, found in efficiency.items() if workers <= UP_TO)
    print(f"{worst / GOAL:.2f} x the goal up to {UP_TO} workers (at least 1)")
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    content = {"names_a_second": rates, "efficiency": efficiency, "worst_x_goal": worst / GOAL}
    (folder / "workers.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
