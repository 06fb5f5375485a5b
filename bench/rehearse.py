"""Two years of a thousand names, made up, through `flask alerts rehearse`: time, memory, and what
came of the promises about its messages.

The history and the truth about it come from tests/alerts/fleet.py, the promises from
tests/alerts/checker.py; neither knows how messages are made.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.alerts.checker import Checker  # noqa: E402 - a script finds the project beside itself
from tests.alerts.fleet import Fleet  # noqa: E402

NAMES = 1000
DAYS = 730
# seconds of CPU, megabytes
TIME_GOAL = 90.0
MEMORY_GOAL = 500.0


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    fleet = Fleet(NAMES, DAYS, seed, catch_up=seed % 2 == 1)
    with tempfile.TemporaryDirectory() as folder:
        facts, told = Path(folder) / "facts.jsonl", Path(folder) / "messages.jsonl"
        with facts.open("w") as file:
            count = sum(bool(file.write(f"{line}\n")) for line in fleet.lines())
        flask = str(Path(sys.executable).with_name("flask"))
        with told.open("w") as file:
            command = [flask, "--app", "wsgi", "alerts", "rehearse", str(facts), "--json"]
            subprocess.run(command, stdout=file, check=True, cwd=ROOT)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime
        megabytes = used.ru_maxrss / 1024
        checker = Checker(fleet, told.read_text().splitlines()).check()
    for name, figure in sorted(checker.figures.items()):
        print(f"{figure:9,}  {name}")
    for fault in checker.faults[:20]:
        print(fault)
    print(f"{count:,} lines, {seconds:.1f} s of CPU (goal {TIME_GOAL:.0f}), ", end="")
    print(f"{megabytes:.0f} MB (goal {MEMORY_GOAL:.0f}), {len(checker.faults)} broken promises")
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    ratios = {"time_x_goal": seconds / TIME_GOAL, "memory_x_goal": megabytes / MEMORY_GOAL}
    content = {"lines": count, "figures": checker.figures, "ratios": ratios}
    (folder / "rehearse.json").write_text(json.dumps(content, indent=2) + "\n")
    sys.exit(bool(checker.faults or seconds > TIME_GOAL or megabytes > MEMORY_GOAL))


if __name__ == "__main__":
    main()
