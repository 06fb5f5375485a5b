"""How fast the report is: each sort both ways, each filter, pages far inside, and the whole of it as CSV.

Fills an SQLite file with 1,000 and then with 100,000 items, half of them services and half domains, and asks the site
for the pages as bench/pages.py does; for the CSV it prints the seconds and how much memory the process took for it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from pages import GOAL, ROOT, fill, grown, measure, sizes

from webapp import create_app
from webapp.reports.orders import SORTS
from webapp.reports.questions import AGES, WINDOWS

REPORT = "/admin/reports/ssl-status"
CSV_GOAL = 5.0  # seconds for 100,000 rows


def pages() -> list[tuple[str, str]]:
    """Each sort with its first page, one in the middle and one near the end; each filter; some of them together."""
    queries = [
        f"?sort={way}{sort}{page}" for sort in SORTS for way in ("", "-") for page in ("", "&page=2000", "&page=3900")
    ]
    queries += [f"?ssl={state}&page=250" for state in ("invalid", "expiring", "unknown", "valid", "inactive")]
    queries += [f"?expires={word}" for word in WINDOWS] + [f"?checked={word}" for word in AGES]
    queries += [
        "?reason=expired",
        "?issuer=R11&page=2000&sort=checked",
        "?client=7&sort=issuer",
        "?q=shop-77",
        "?q=nothing",
    ]
    queries += ["?q=shop&sort=-client&page=2000", "?reason=ok&expires=30&sort=domain&page=100"]
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
    results: dict[int, dict[str, tuple[float, float]]] = {}
    files: dict[int, tuple[float, float, int]] = {}
    for size in sizes():
        print(f"{size:,} items ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            other = os.environ.get("PADLOCK_BENCH_DATABASE")  # an empty database, filled anew for each size
            os.environ["PADLOCK_DATABASE_URL"] = other or f"sqlite:///{folder}/report.sqlite3"
            app: Flask = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False})
            with app.app_context():
                if other:
                    downgrade(revision="base")
                upgrade()
                fill(size // 2)
            results[size], clients = measure(app, pages())
            files[size] = exported(clients["ada"])
    report(results, files)


def report(results: dict[int, dict[str, tuple[float, float]]], files: dict[int, tuple[float, float, int]]) -> None:
    first_size, last_size = sizes()[0], sizes()[-1]
    small, large = results[first_size], results[last_size]
    print(f"{'ms':54}{'cold':>8}{'warm':>8}{'cold':>8}{'warm':>8}")
    print(f"{'':54}{first_size:>16,}{last_size:>16,}    grew")
    for page in sorted(large, key=lambda page: large[page][1], reverse=True):
        late = "" if large[page][1] <= GOAL else "   over the goal"
        times = "".join(f"{taken:8.1f}" for taken in (*small[page], *large[page]))
        print(f"{page.removeprefix('ada /admin/reports'):54}{times}{large[page][1] / small[page][1]:8.2f}{late}")
    worst, first = (max(taken[place] for taken in large.values()) for place in (1, 0))
    print(grown(small, large))
    print(f"the slowest at {last_size:,}: {worst:.0f} ms = {worst / GOAL:.2f} x the goal of {GOAL:.0f} ms (at most 1)")
    print(f"the slowest while nothing is remembered: {first:.0f} ms")
    for size, (seconds, megabytes, rows) in files.items():
        print(f"CSV of {rows:,} rows: {seconds:.2f} s, {megabytes:.1f} MB more memory")
        if size == last_size:
            print(f"= {seconds / CSV_GOAL:.2f} x the goal of {CSV_GOAL:.0f} s (at most 1)")
    folder = Path(ROOT) / "bench" / "results"
    folder.mkdir(exist_ok=True)
    content = {"cold_ms_warm_p95_ms": {str(size): found for size, found in results.items()}, "csv": files}
    (folder / "report.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
