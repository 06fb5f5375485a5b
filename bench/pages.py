"""How fast the lists are when there are many items: every list, each of its sorts and filters, and pages far inside.

Fills an SQLite file with 1,000 and then with 100,000 services and as many domains, and asks the site for the pages.
Prints of each page, at both sizes, the median where its count has to be taken first ("cold"), the p95 where it is
remembered ("warm", see webapp/customers/counts.py), and the factor by which the latter grew. Other sizes are arguments:
bench/pages.py 1000 10000 1000000. PADLOCK_BENCH_DATABASE names a PostgreSQL database to fill instead; what is in it is
thrown away.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402 - a script finds the project beside itself
from flask.testing import FlaskClient  # noqa: E402
from flask_login import FlaskLoginClient  # noqa: E402
from flask_migrate import downgrade, upgrade  # noqa: E402
from sqlalchemy import insert  # noqa: E402

from webapp import create_app  # noqa: E402
from webapp.customers import accounts, clients, counts, lists, states, users  # noqa: E402
from webapp.customers.models import Activity, Client, Domain, DomainStatus, Role, Service, ServiceStatus, User  # noqa: E402
from webapp.extensions import db, writing  # noqa: E402
from webapp.monitor.models import Hostname  # noqa: E402
from webapp.probe import Reason  # noqa: E402

SIZES = (1_000, 100_000)  # where the command line names no others: the first is what the last is compared with
LOADS = 21  # the p95 is the second slowest
COLD_LOADS = 3
PAGES = ("", "&page=2000")  # the middle of 100,000 rows, the farthest from both ends
PER_CLIENT = 40
GOAL = 60.0  # milliseconds, p95
NOW = datetime.now(UTC)


def sizes() -> tuple[int, ...]:
    """How many items there are, one time after the other."""
    return tuple(map(int, sys.argv[1:])) or SIZES


def fill(size: int) -> None:
    """`size` services and as many domains, `PER_CLIENT` to a client, in every status and state."""
    chance = Random(1)  # noqa: S311 - the same every time
    services, domains, reasons = list(ServiceStatus), list(DomainStatus), [Reason.OK] * 8 + list(Reason)
    owners = range(1, size // PER_CLIENT + 1)
    with writing():
        rows = [{"id": n, "name": f"Client {n:06}", "created_at": NOW, "version": 1} for n in owners]
        db.session.execute(insert(Client), rows)
        db.session.execute(insert(Hostname), [_hostname(n, chance.choice(reasons), chance) for n in range(1, size + 1)])
        common = [
            (n, 1 + n % len(owners), date(2026, 1, 1) + timedelta(days=chance.randrange(700)))
            for n in range(1, size + 1)
        ]
        db.session.execute(
            insert(Service),
            [
                {
                    "id": n,
                    "client_id": client,
                    "product": f"Product {n % 9}",
                    "domain": f"shop-{n}.example",
                    "version": 1,
                }
                | {"status": chance.choice(services), "next_due_on": due, "hostname_id": n}
                for n, client, due in common
            ],
        )
        db.session.execute(
            insert(Domain),
            [
                {"id": n, "client_id": client, "name": f"shop-{n}.example", "hostname_id": n, "version": 1}
                | {"status": chance.choice(domains), "registered_on": due, "expires_on": due}
                for n, client, due in common
            ],
        )
        done = {"at": NOW, "who": "ada@example.com", "action": "changed", "detail": "status: Pending to Active"}
        noted = [{"kind": ("service", "domain")[n % 2], "item_id": n, "item": f"shop-{n}.example"} for n, *_ in common]
        db.session.execute(insert(Activity), [done | item for item in noted])
        owner = db.session.get(Client, 1)
        hasher = accounts._hasher.hash("a password for a benchmark")
        common_user = {"password_hash": hasher, "active": True, "created_at": NOW, "version": 1, "role": Role.CLIENT}
        people = [{"client_id": n, "name": f"Person {n % 997}", "email": f"p{n}@example.com"} for n in owners]
        db.session.execute(insert(User), [person | common_user for person in people])
        accounts.add_user("alice@example.com", "Alice", "a password for a benchmark", NOW, client=owner)
        accounts.add_user("ada@example.com", "Ada", "a password for a benchmark", NOW, role=Role.ADMIN)
    db.session.execute(db.text("ANALYZE"))
    db.session.commit()


def _hostname(number: int, reason: Reason, chance: Random) -> dict[str, object]:
    ends = NOW + timedelta(days=chance.randrange(-5, 90))
    row = {"id": number, "name": f"shop-{number}.example", "state": reason.state, "reason": reason, "checked_at": NOW}
    empty = dict.fromkeys(("detail", "subject", "serial", "key", "signature"), "")
    return row | empty | {"issuer": "R11", "not_after": ends, "problems": [], "notes": [], "names": []}


def pages() -> list[tuple[str, str]]:
    """Who loads what: every list with each of its sorts, both ways, a search, and a late page."""
    found = []
    for who, prefix in (("alice", ""), ("ada", "/admin")):
        for what, sorts in (("services", lists.SERVICE_SORTS), ("domains", lists.DOMAIN_SORTS)):
            base = f"{prefix}/{what}"
            queries = ["", "?q=shop-77", "?q=nothing-at-all"]
            queries += [f"?sort={way}{sort}{page}" for sort in (*sorts, "ssl") for way in ("", "-") for page in PAGES]
            queries += [f"?ssl={state}{page}" for state in states.KINDS for page in ("", "&page=300")]
            queries += ["?status=Active&page=280", "?q=shop&page=2000", "?q=shop-77&sort=client", "?client=7&sort=ssl"]
            queries += ["?status=Active&ssl=invalid&sort=-domain&q=shop", "?ssl=unknown&sort=client&page=250"]
            found += [(who, base + query) for query in queries]
    queries = [
        "",
        "?q=person 77",
        "?role=client&page=50",
        *(f"?sort={way}{sort}" for sort in users.SORTS for way in ("", "-")),
    ]
    found += [("ada", f"/admin/users{query}") for query in queries]
    queries = ["", "?q=client 77", *(f"?sort={way}{sort}&page=50" for sort in clients.SORTS for way in ("", "-"))]
    found += [("ada", f"/admin/clients{query}") for query in queries]
    found += [
        ("ada", f"/admin/activity{query}") for query in ("", "?page=2000", "?kind=service&page=500", "?q=shop-77")
    ]
    return found


def measure(app: Flask, asked: list[tuple[str, str]]) -> tuple[dict[str, tuple[float, float]], dict[str, FlaskClient]]:
    """Of each page the median while no count is remembered and the p95 while it is, in milliseconds; and the browsers
    that asked."""
    app.test_client_class = FlaskLoginClient
    taken = {}
    with app.app_context():
        browsers = {name: _client(app, f"{name}@example.com") for name in ("alice", "ada")}
    gc.collect()
    gc.freeze()  # as wsgi.py does, and the next line too
    gc.set_threshold(5_000, 10, 100)
    for who, path in asked:
        cold = [_load(browsers[who], path, forget=True) for _ in range(COLD_LOADS + 1)][1:]
        times = [_load(browsers[who], path) for _ in range(LOADS + 1)][1:]
        taken[f"{who} {path}"] = statistics.median(cold), statistics.quantiles(times, n=20, method="inclusive")[-1]
    return taken, browsers


def _client(app: Flask, email: str) -> FlaskClient:
    user = db.session.scalar(db.select(User).filter_by(email=email))
    user.token = accounts.sign_in(user, NOW)
    return app.test_client(user=user, fresh_login=False)


def _load(client: FlaskClient, path: str, *, forget: bool = False) -> float:
    if forget:
        with client.application.app_context():
            counts.forget()
    started = time.perf_counter()
    response = client.get(path)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    results: dict[int, dict[str, tuple[float, float]]] = {}
    for size in sizes():
        print(f"{size:,} services and as many domains ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            other = os.environ.get("PADLOCK_BENCH_DATABASE")  # an empty database, filled anew for each size
            os.environ["PADLOCK_DATABASE_URL"] = other or f"sqlite:///{folder}/pages.sqlite3"
            app = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False})
            with app.app_context():
                if other:
                    downgrade(revision="base")
                upgrade()
                fill(size)
            results[size], _ = measure(app, pages())
    report(results)


def grown(small: dict[str, tuple[float, float]], large: dict[str, tuple[float, float]]) -> str:
    """By how much first pages grew from the small to the large number of items, in words."""
    factors = sorted(large[page][1] / small[page][1] for page in large if "page=" not in page)
    return f"first pages grew {statistics.median(factors):.2f} x in the median, {factors[-1]:.2f} x at most (goal 1.5)"


def report(results: dict[int, dict[str, tuple[float, float]]]) -> None:
    first_size, last_size = sizes()[0], sizes()[-1]
    small, large = results[first_size], results[last_size]
    print(f"{'ms':54}{'cold':>8}{'warm':>8}{'cold':>8}{'warm':>8}")
    print(f"{'':54}{first_size:>16,}{last_size:>16,}    grew")
    for page in sorted(large, key=lambda page: large[page][1], reverse=True):
        late = "" if large[page][1] <= GOAL else "   over the goal"
        times = "".join(f"{time:8.1f}" for time in (*small[page], *large[page]))
        print(f"{page:54}{times}{large[page][1] / small[page][1]:8.2f}{late}")
    worst, first = (max(taken[place] for taken in large.values()) for place in (1, 0))
    print(grown(small, large))
    print(f"the slowest at {last_size:,}: {worst:.0f} ms = {worst / GOAL:.2f} x the goal of {GOAL:.0f} ms (at most 1)")
    print(f"the slowest while nothing is remembered: {first:.0f} ms")
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    content = {
        "cold_ms_warm_p95_ms": {str(size): pages for size, pages in results.items()},
        "worst_x_goal": worst / GOAL,
    }
    (folder / "pages.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
