"""How fast the lists are when there are many items: every list, each of its sorts, filters and a late page.

Fills an SQLite file with 1,000 and then with 100,000 services and as many domains, and asks the site for the pages.
Prints the p95 of each page at both sizes and the factor by which it grew.
"""

from __future__ import annotations

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
from flask_migrate import upgrade  # noqa: E402
from sqlalchemy import insert  # noqa: E402

from webapp import create_app  # noqa: E402
from webapp.customers import accounts, lists  # noqa: E402
from webapp.customers.models import Client, Domain, DomainStatus, Role, Service, ServiceStatus, User  # noqa: E402
from webapp.extensions import db, writing  # noqa: E402
from webapp.monitor.models import Hostname  # noqa: E402
from webapp.probe import Reason  # noqa: E402

SIZES = (1_000, 100_000)
LOADS = 15
PER_CLIENT = 40
GOAL = 60.0  # milliseconds, p95
NOW = datetime.now(UTC)


def fill(size: int) -> None:
    """`size` services and as many domains, `PER_CLIENT` to a client, in every status and state."""
    chance = Random(1)  # noqa: S311 - the same every time
    services, domains, reasons = list(ServiceStatus), list(DomainStatus), [Reason.OK] * 8 + list(Reason)
    clients = range(1, size // PER_CLIENT + 1)
    with writing():
        rows = [{"id": n, "name": f"Client {n:06}", "created_at": NOW, "version": 1} for n in clients]
        db.session.execute(insert(Client), rows)
        db.session.execute(insert(Hostname), [_hostname(n, chance.choice(reasons), chance) for n in range(1, size + 1)])
        common = [
            (n, 1 + n % len(clients), date(2026, 1, 1) + timedelta(days=chance.randrange(700)))
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
        owner = db.session.get(Client, 1)
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
            queries = ["", "?q=shop-77", "?q=nothing-at-all", "?page=900"]
            queries += [f"?sort={way}{sort}" for sort in sorts for way in ("", "-")]
            queries += [f"?ssl={state}" for state in ("valid", "invalid", "unknown", "inactive", "expiring")]
            queries += ["?status=Active", "?status=Active&ssl=invalid&sort=-domain&q=shop"]
            found += [(who, base + query) for query in queries]
    return found


def measured(app: Flask) -> dict[str, float]:
    """The p95 of each page, in milliseconds."""
    app.test_client_class = FlaskLoginClient
    taken = {}
    with app.app_context():
        clients = {name: _client(app, f"{name}@example.com") for name in ("alice", "ada")}
    for who, path in pages():
        times = [_load(clients[who], path) for _ in range(LOADS + 2)][2:]
        taken[f"{who} {path}"] = statistics.quantiles(times, n=20)[-1]
    return taken


def _client(app: Flask, email: str) -> FlaskClient:
    user = db.session.scalar(db.select(User).filter_by(email=email))
    user.token = accounts.sign_in(user, NOW)
    return app.test_client(user=user, fresh_login=False)


def _load(client: FlaskClient, path: str) -> float:
    started = time.perf_counter()
    response = client.get(path)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    results: dict[int, dict[str, float]] = {}
    for size in SIZES:
        print(f"{size:,} services and as many domains ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["PADLOCK_DATABASE_URL"] = f"sqlite:///{folder}/pages.sqlite3"
            app = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False})
            with app.app_context():
                upgrade()
                fill(size)
            results[size] = measured(app)
    report(results)


def report(results: dict[int, dict[str, float]]) -> None:
    small, large = (results[size] for size in SIZES)
    print(f"{'p95 in ms':58}{SIZES[0]:>10,}{SIZES[1]:>10,}    grew")
    for page in sorted(large, key=large.__getitem__, reverse=True):
        late = "" if large[page] <= GOAL else "   over the goal"
        print(f"{page:58}{small[page]:10.1f}{large[page]:10.1f}{large[page] / small[page]:8.2f}{late}")
    worst = max(large.values())
    print(f"the slowest at {SIZES[1]:,}: {worst:.0f} ms = {worst / GOAL:.2f} x the goal of {GOAL:.0f} ms (at most 1)")
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    content = {"p95_ms": {str(size): pages for size, pages in results.items()}, "worst_x_goal": worst / GOAL}
    (folder / "pages.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
