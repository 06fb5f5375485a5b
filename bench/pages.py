"""How fast the lists are when there are many items: every list, each of its sorts and filters, and pages far inside.

Fills an SQLite file with 1,000 and then with 100,000 services and as many domains, and asks the site for the pages.
Prints of each page, at the first and the last size, the median where its count has to be taken first ("cold"), p50 and
p95 where it is remembered (see webapp/customers/counts.py), and the factor by which the p95 grew. Other sizes are
arguments: bench/pages.py 1000 10000 1000000. With --postgresql it fills a PostgreSQL of the benchmark's own instead.
BENCH_LOADS is how often each page is loaded: fewer are enough for a first look.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402 - a script finds the project beside itself
from flask.testing import FlaskClient  # noqa: E402
from flask_login import FlaskLoginClient  # noqa: E402
from flask_migrate import upgrade  # noqa: E402
from sqlalchemy import insert  # noqa: E402

from tests import postgresql  # noqa: E402
from webapp import create_app  # noqa: E402
from webapp.customers import accounts, clients, counts, lists, states, users  # noqa: E402
from webapp.customers.models import Activity, Client, Domain, DomainStatus, Role, Service, ServiceStatus, User  # noqa: E402
from webapp.customers.paging import PAGE_SIZE  # noqa: E402
from webapp.extensions import db, plan_anew, writing  # noqa: E402
from webapp.monitor.models import Hostname  # noqa: E402
from webapp.probe import Reason  # noqa: E402

POSTGRESQL = "--postgresql"
SIZES = (1_000, 100_000)  # where the command line names no others: the first is what the last is compared with
LOADS = int(os.environ.get("BENCH_LOADS", "21"))  # the p95 is the second slowest of so many
COLD_LOADS = min(3, max(1, LOADS // 4))
AT_ONCE = 10_000  # rows that are made and inserted together: however many there will be, little of it is in memory
PER_CLIENT = 40
GOAL = 60.0  # milliseconds, p95
NOW = datetime.now(UTC)


def sizes() -> tuple[int, ...]:
    """How many items there are, one time after the other."""
    return tuple(int(size) for size in sys.argv[1:] if size != POSTGRESQL) or SIZES


@contextmanager
def database() -> Iterator[str | None]:
    """The URL of a PostgreSQL server, where the command line asks for one."""
    if POSTGRESQL not in sys.argv:
        yield None
        return
    server = postgresql.Server()
    try:
        server.start()
        yield server.url()
    finally:
        server.remove()


class Times(NamedTuple):
    """What the loads of one page took, in milliseconds."""

    cold: float  # median, while no count is remembered
    p50: float
    p95: float


def page(size: int, share: float) -> str:
    """What asks for a page so far inside a list of `size` rows: 0.5 is the middle, the farthest from both ends."""
    return f"&page={max(2, round(size * share / PAGE_SIZE))}"


def fill(size: int) -> None:
    """`size` services and as many domains, `PER_CLIENT` to a client, in every status and state."""
    chance = Random(1)  # noqa: S311 - the same every time
    owners = size // PER_CLIENT
    hasher = accounts._hasher.hash("a password for a benchmark")
    common_user = {"password_hash": hasher, "active": True, "created_at": NOW, "version": 1, "role": Role.CLIENT}
    with writing():
        for some in _batches(owners):
            rows = [{"id": n, "name": f"Client {n:06}", "created_at": NOW, "version": 1} for n in some]
            db.session.execute(insert(Client), rows)
            people = [{"client_id": n, "name": f"Person {n % 997}", "email": f"p{n}@example.com"} for n in some]
            db.session.execute(insert(User), [person | common_user for person in people])
        for some in _batches(size):
            _fill_items(some, owners, chance)
            if 1 in some:
                plan_anew(*(model.__table__ for model in (Client, User, Hostname, Service, Domain)))
        owner = db.session.get(Client, 1)
        accounts.add_user("alice@example.com", "Alice", "a password for a benchmark", NOW, client=owner)
        accounts.add_user("ada@example.com", "Ada", "a password for a benchmark", NOW, role=Role.ADMIN)
    # What PostgreSQL does by itself within a minute, and SQLite after an import.
    tidy = "ANALYZE" if db.engine.dialect.name == "sqlite" else "VACUUM (ANALYZE)"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(tidy)


def _batches(most: int) -> Iterator[range]:
    """The numbers from 1 to `most`, `AT_ONCE` at a time."""
    return (range(first, min(first + AT_ONCE, most + 1)) for first in range(1, most + 1, AT_ONCE))


def _fill_items(numbers: Sequence[int], owners: int, chance: Random) -> None:
    services, domains, reasons = list(ServiceStatus), list(DomainStatus), [Reason.OK] * 8 + list(Reason)
    common = [(n, 1 + n % owners, date(2026, 1, 1) + timedelta(days=chance.randrange(700))) for n in numbers]
    db.session.execute(insert(Hostname), [_hostname(n, chance.choice(reasons), chance) for n in numbers])
    rows = [
        {"id": n, "client_id": client, "product": f"Product {n % 9}", "domain": f"shop-{n}.example", "version": 1}
        | {"status": chance.choice(services), "next_due_on": due, "hostname_id": n}
        for n, client, due in common
    ]
    db.session.execute(insert(Service), rows)
    rows = [
        {"id": n, "client_id": client, "name": f"shop-{n}.example", "hostname_id": n, "version": 1}
        | {"status": chance.choice(domains), "registered_on": due, "expires_on": due}
        for n, client, due in common
    ]
    db.session.execute(insert(Domain), rows)
    done = {"at": NOW, "who": "ada@example.com", "action": "changed", "detail": "status: Pending to Active"}
    noted = [{"kind": ("service", "domain")[n % 2], "item_id": n, "item": f"shop-{n}.example"} for n in numbers]
    db.session.execute(insert(Activity), [done | item for item in noted])


def _hostname(number: int, reason: Reason, chance: Random) -> dict[str, object]:
    ends = NOW + timedelta(days=chance.randrange(-5, 90))
    row = {"id": number, "name": f"shop-{number}.example", "state": reason.state, "reason": reason, "checked_at": NOW}
    empty = dict.fromkeys(("detail", "subject", "serial", "key", "signature"), "")
    return row | empty | {"issuer": "R11", "not_after": ends, "problems": [], "notes": [], "names": []}


def pages(size: int) -> list[tuple[str, str]]:
    """Who loads what: every list with each of its sorts, both ways, a search, and a late page."""
    found: list[tuple[str, str]] = []
    middle, later, inside = page(size, 0.5), page(size, 0.075), page(size, 0.5 / PER_CLIENT)
    for who, prefix in (("alice", ""), ("ada", "/admin")):
        for what, sorts in (("services", lists.SERVICE_SORTS), ("domains", lists.DOMAIN_SORTS)):
            base = f"{prefix}/{what}"
            queries = ["", "?q=shop-77", "?q=nothing-at-all"]
            ways = [way + sort for sort in (*sorts, "ssl") for way in ("", "-")]
            queries += [f"?sort={way}{late}" for way in ways for late in ("", middle)]
            queries += [f"?ssl={state}{late}" for state in states.KINDS for late in ("", later)]
            queries += [
                f"?status=Active{page(size, 0.07)}",
                f"?q=shop{middle}",
                "?q=shop-77&sort=client",
                "?client=7&sort=ssl",
            ]
            queries += ["?status=Active&ssl=invalid&sort=-domain&q=shop", f"?ssl=unknown&sort=client{later}"]
            found += [(who, base + query) for query in queries]
    queries = [
        "",
        "?q=person 77",
        f"?role=client{inside}",
        *(f"?sort={way}{sort}" for sort in users.SORTS for way in ("", "-")),
    ]
    found += [("ada", f"/admin/users{query}") for query in queries]
    queries = ["", "?q=client 77", *(f"?sort={way}{sort}{inside}" for sort in clients.SORTS for way in ("", "-"))]
    found += [("ada", f"/admin/clients{query}") for query in queries]
    queries = ["", f"?{middle}", f"?kind=service{page(size, 0.125)}", "?q=shop-77"]
    return found + [("ada", f"/admin/activity{query}") for query in queries]


def measure(app: Flask, asked: list[tuple[str, str]]) -> tuple[dict[str, Times], dict[str, FlaskClient]]:
    """What each page took, and the browsers that asked."""
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
        p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
        taken[f"{who} {path}"] = Times(statistics.median(cold), statistics.median(times), p95)
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


def filled(folder: str, size: int, other: str | None) -> Flask:
    """The site, with a database of so many services and as many domains: the `other` one, or a file in this folder."""
    os.environ["PADLOCK_DATABASE_URL"] = other or f"sqlite:///{folder}/bench.sqlite3"
    app = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False})
    with app.app_context():
        upgrade()
        fill(size)
    return app


def main() -> None:
    results: dict[int, dict[str, Times]] = {}
    for size in sizes():
        print(f"{size:,} services and as many domains ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder, database() as other:
            results[size], _ = measure(filled(folder, size, other), pages(size))
    save("pages", report(results))


def report(results: dict[int, dict[str, Times]]) -> dict[str, object]:
    """Prints all of it as a table, the slowest first, and returns what is to be saved of it."""
    first_size, *_, last_size = [*results, *results]
    small, large = results[first_size], results[last_size]
    print(f"{'ms':64}{'cold':>8}{'p50':>7}{'p95':>7}{'cold':>8}{'p50':>7}{'p95':>7}")
    print(f"{'':64}{first_size:>22,}{last_size:>22,}    grew")
    pairs = zip(large.items(), small.values(), strict=True)
    for (path, then), before in sorted(pairs, key=lambda pair: pair[0][1].p95, reverse=True):
        late = "" if then.p95 <= GOAL else "   over the goal"
        times = "".join(f"{times.cold:8.1f}{times.p50:7.1f}{times.p95:7.1f}" for times in (before, then))
        print(f"{path:64}{times}{then.p95 / before.p95:8.2f}{late}")
    for size, taken in results.items():
        print(f"{size:>9,}: {summary(taken)}; {grown(small, taken)}")
    worst = max(times.p95 for times in large.values())
    print(f"the slowest at {last_size:,}: {worst:.0f} ms = {worst / GOAL:.2f} x the goal of {GOAL:.0f} ms (at most 1)")
    times = {str(size): {path: took._asdict() for path, took in taken.items()} for size, taken in results.items()}
    return {"ms": times, "worst_x_goal": worst / GOAL}


def summary(taken: dict[str, Times]) -> str:
    """How all pages of one size did, in words."""
    colds, p50s, p95s = (sorted(column) for column in zip(*taken.values(), strict=True))
    over = sum(p95 > GOAL for p95 in p95s)
    told = f"p50 {statistics.median(p50s):.0f} ms in the median, {p50s[-1]:.0f} at most; p95 {p95s[-1]:.0f} at most"
    return f"{told}, {over} of {len(p95s)} over {GOAL:.0f}; cold {colds[-1]:.0f} at most"


def grown(small: dict[str, Times], large: dict[str, Times]) -> str:
    """By how much the p95 of first pages grew from the small to the large number of items, in words."""
    pairs = zip(small.values(), large.items(), strict=True)
    factors = sorted(then.p95 / before.p95 for before, (path, then) in pairs if "page=" not in path)
    return f"first pages grew {statistics.median(factors):.2f} x in the median, {factors[-1]:.2f} x at most (goal 1.5)"


def save(name: str, content: dict[str, object]) -> None:
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    place = "-postgresql" if POSTGRESQL in sys.argv else ""
    (folder / f"{name}{place}.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
