"""How long an import of 100,000 rows takes, how long others wait for it, and its memory.

Checks and writes a file of 10,000 rows and one of 100,000 into an empty SQLite file each. A row of
the large file may cost 1.5 times one of the small file. Other writers wait for the transaction: it
may take twice as long as the checking before it.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from start import ROOT, prepared

from webapp.extensions import writing
from webapp.imports import importer

SIZES = (10_000, 100_000)
GROWTH_GOAL = 1.5  # of the time for one row
WRITING_GOAL = 2.0  # x the checking
MEMORY_GOAL = 100.0  # megabytes more than after the small file
HEAD = "kind,client,client_name,reference,product,domain,status,next_due,registered,expires"


def rows(count: int) -> Iterator[str]:
    """A header, then clients, services and domains as a provider has them."""
    yield HEAD
    clients = count // 100
    services = count * 6 // 10
    yield from (f"client,c{n},Client {n},,,,,,," for n in range(clients))
    for n in range(services):
        yield f"service,c{n % clients},,s{n},Hosting,www{n}.example.com,Active,2027-01-15,,"
    for n in range(count - clients - services):
        yield f"domain,c{n % clients},,,,name{n}.example.org,Active,,2020-01-01,2027-01-01"


class Times(NamedTuple):
    """What an import took, in seconds."""

    checking: float
    writing: float  # with the second comparison before the transaction
    others_waited: float  # for the transaction


def brought_in(count: int) -> Times:
    """Checks so many rows and writes them, into an empty database."""
    waited = []

    @contextmanager
    def timed() -> Iterator[None]:
        began = time.perf_counter()
        with writing():
            yield
        waited.append(time.perf_counter() - began)

    importer.writing = timed
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.csv"
        file.write_text("\n".join(rows(count)))
        staged = Path(folder) / "rows"
        with prepared(Path(folder)).app_context():
            started = time.perf_counter()
            checked = importer.check(file, staged, _silent)
            if checked.problems:
                raise SystemExit(f"the file is not right: {checked}")
            between = time.perf_counter()
            importer.write(staged, None, "file.csv", datetime.now(UTC), _silent)
            return Times(between - started, time.perf_counter() - between, waited[0])


def _silent(doing: str, done: int, total: int) -> None:
    print(f"\r{doing} {done:,} of {total:,}   ", end="", file=sys.stderr)


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    small = brought_in(SIZES[0])
    before = megabytes()
    large = brought_in(SIZES[1])
    more = megabytes() - before
    growth = (large.checking + large.writing) / (small.checking + small.writing)
    growth /= SIZES[1] / SIZES[0]
    waited = large.others_waited / large.checking
    print(
        f"\n{SIZES[1]:,} rows: checked in {large.checking:.1f} s, written in {large.writing:.1f} s;"
        f" others waited {large.others_waited:.1f} s = {waited:.2f} x the checking (at most"
        f" {WRITING_GOAL})"
    )
    print(f"a row of them costs {growth:.2f} x one of {SIZES[0]:,} (at most {GROWTH_GOAL})")
    print(f"{more:.0f} MB more = {more / MEMORY_GOAL:.2f} x the goal (at most 1)")
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    content = {"small": small, "large": large, "growth": growth, "megabytes": more}
    (folder / "imports.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
