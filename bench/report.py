"""How fast the report is: each sort both ways, each filter, pages far inside, and the whole of it as CSV.

Fills an SQLite file with 1,000 and then with 100,000 items, half of them services and half domains, and asks the site
for the pages as bench/pages.py does; for the CSV it prints the seconds and how much memory the process took for it.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time

import pages as lists
from flask.testing import FlaskClient

from webapp.reports.orders import SORTS
from webapp.reports.questions import AGES, WINDOWS

REPORT = "/admin/reports/ssl-status"
CSV_GOAL = 5.0  # seconds for 100,000 rows


def pages(size: int) -> list[tuple[str, str]]:
    """Each sort with its first page, one in the middle and one near the end; each filter; some of them together."""
    middle, end, later = (lists.page(size, share) for share in (0.5, 0.975, 0.0625))
    queries = [f"?sort={way}{sort}{place}" for sort in SORTS for way in ("", "-") for place in ("", middle, end)]
    queries += [f"?ssl={state}{later}" for state in ("invalid", "expiring", "unknown", "valid", "inactive")]
    queries += [f"?expires={word}" for word in WINDOWS] + [f"?checked={word}" for word in AGES]
    queries += [
        "?reason=expired",
        f"?issuer=R11&sort=checked{middle}",
        "?client=7&sort=issuer",
        "?q=shop-77",
        "?q=nothing",
    ]
    queries += [f"?q=shop&sort=-client{middle}", f"?reason=ok&expires=30&sort=domain{lists.page(size, 0.025)}"]
    return [("ada", REPORT + query) for query in queries]


def exported(client: FlaskClient) -> tuple[float, float, int]:
    """The seconds that the CSV of everything took, the megabytes by which memory grew, and the rows."""
    before, started, lines = _peak(), time.perf_counter(), 0
    response = client.get(f"{REPORT}.csv?sort=expires")
    for piece in response.iter_encoded():
        lines += piece.count(b"\r\n")
    return time.perf_counter() - started, _peak() - before, lines - 1


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    results: dict[int, dict[str, lists.Times]] = {}
    files: dict[int, tuple[float, float, int]] = {}
    for size in lists.sizes():
        print(f"{size:,} items ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder, lists.database() as other:
            results[size], clients = lists.measure(lists.filled(folder, size // 2, other), pages(size))
            files[size] = exported(clients["ada"])
    content = lists.report(results)
    for size, (seconds, megabytes, rows) in files.items():
        print(f"CSV of {rows:,} rows: {seconds:.2f} s, {megabytes:.1f} MB more memory")
        if size == 100_000:
            print(f"= {seconds / CSV_GOAL:.2f} x the goal of {CSV_GOAL:.0f} s (at most 1)")
    lists.save("report", content | {"csv": files})


if __name__ == "__main__":
    main()
