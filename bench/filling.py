"""A site with many items, for the benchmarks: services and domains in every status and state,
users, and the log."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402 - a script finds the project beside itself
from flask import Flask  # noqa: E402
from flask_migrate import upgrade  # noqa: E402
from sqlalchemy import JSON, String, case, cast, insert, literal, select, true  # noqa: E402

from tests import postgresql  # noqa: E402
from webapp import create_app  # noqa: E402
from webapp.accounts import password_hashes, sign_ins  # noqa: E402
from webapp.customers import client_counts  # noqa: E402
from webapp.customers import index as rows  # noqa: E402
from webapp.customers.listing_row import ListingRow  # noqa: E402
from webapp.customers.models import (  # noqa: E402
    Activity,
    Client,
    Domain,
    DomainStatus,
    Role,
    Service,
    ServiceStatus,
    User,
)
from webapp.customers.tag_models import Tag, item_tag  # noqa: E402
from webapp.extensions import db, tune, writing  # noqa: E402
from webapp.monitor.models import Target  # noqa: E402
from webapp.notices.models import AlertClock, AlertIncident, AlertName  # noqa: E402
from webapp.probe import Reason  # noqa: E402
from webapp.words.activity import Detail  # noqa: E402

# Rows that are made and inserted together: however many there will be, little of it is in memory
AT_ONCE = 10_000
# Services and domains: what goes beyond is copied from these, which takes a tenth of the time
MADE = 100_000
PER_CLIENT = 40
TAGS = {"half": 2, "hundredth": 100, "rare": 1000}
PASSWORD = "a password for a benchmark"
NOW = datetime.now(UTC)


@contextmanager
def postgresql_server(name: str = "bench") -> Iterator[str]:
    """The URL of a PostgreSQL server of the benchmark's own, which has no pg_trgm; or of an empty
    database of this name on the server whose database `postgres` is at the URL in `BENCH_SERVER`.
    """
    if given := os.environ.get("BENCH_SERVER"):
        yield postgresql.database_of_worker(given, name)
        return
    server = postgresql.Server()
    try:
        server.start()
        yield server.url()
    finally:
        server.remove()


@contextmanager
def database(size: int, *, on_postgresql: bool) -> Iterator[str]:
    """The URL of a database for `filled`.

    With `BENCH_KEEP`, a folder, it stays for the next run: a file in it, or a database on
    `BENCH_SERVER`. Not for a benchmark that changes what is in it.
    """
    kept = os.environ.get("BENCH_KEEP")
    if kept and on_postgresql:
        yield _kept_database(os.environ["BENCH_SERVER"], f"bench_{size}")
    elif kept:
        yield f"sqlite:///{kept}/bench_{size}.sqlite3"
    elif on_postgresql:
        with postgresql_server(f"bench_{size}") as url:
            yield url
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"


def _kept_database(server: str, name: str) -> str:
    with suppress(psycopg.errors.DuplicateDatabase):
        postgresql.run(server, f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


def filled(url: str, size: int) -> Flask:
    """The site, with an empty database at this URL filled with so many services and as many
    domains; one that a run before has filled is left as it is."""
    os.environ["PADLOCK_DATABASE_URL"] = url
    app = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False})
    with app.app_context():
        upgrade()
        if db.session.get(Service, size) is None:
            _fill(size)
    return app


def watch() -> None:
    """A watched name for each target, of which one in fifty needs a person; and an incident.
    Once."""
    if db.session.get(AlertClock, 1) is not None:
        return
    needed = Target.id % 50 == 0
    columns = {
        "name": Target.hostname,
        "target_id": Target.id,
        "checked_at": Target.checked_at,
        "regular": literal(False),
        "need": case((needed, 1 + Target.id // 50 % 6)),
        "need_at": case((needed, Target.not_after)),
        "state": literal({"name": "shop-1.example", "facts": 11 * ["x" * 60]}, JSON),  # as long
    }
    names = [f"shop-{number}.example" for number in range(1, 401)]
    cause = {"kind": "invalid", "reason": "refused", "part": "address", "value": "192.0.2.1"}
    state = {"id": 1, "kind": "invalid", "opened_at": NOW.isoformat(), "grown_at": NOW.isoformat()}
    state |= {"causes": [cause], "names": names, "troubled": names}
    with writing():
        db.session.execute(insert(AlertName).from_select(list(columns), select(*columns.values())))
        db.session.add(AlertClock(id=1, evaluated_at=NOW + timedelta(days=1), state={}))
        db.session.add(AlertIncident(id=1, state=state))
    tune()


def _fill(size: int) -> None:
    chance = Random(1)  # noqa: S311 - the same every time
    made = min(size, MADE)
    tables = [model.__table__ for model in (Client, User, Target, Service, Domain, Activity)]
    indexes = [index for table in tables for index in table.indexes]
    with writing():
        for index in indexes:  # to make each at the end is quicker
            index.drop(db.session.connection())
        _make_clients(made // PER_CLIENT)
        for first in range(1, made + 1, AT_ONCE):
            _make_items(range(first, min(first + AT_ONCE, made + 1)), made // PER_CLIENT, chance)
        for more in range(made, size, made):
            _copy(made, more)
        for index in indexes:
            index.create(db.session.connection())
        for model in (Service, Domain):
            rows.write(model, true(), NOW)
        _tag()
        owner = db.session.get(Client, 1)
        client_counts.recount(true())
        sign_ins.add_user("alice@example.com", "Alice", PASSWORD, NOW, client=owner)
        sign_ins.add_user("ada@example.com", "Ada", PASSWORD, NOW, role=Role.ADMIN)
    # What PostgreSQL does by itself within a minute, and SQLite after an import.
    if db.engine.dialect.name == "sqlite":
        tune()
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")


def _tag() -> None:
    """Each of `TAGS`, on one in so many services and domains."""
    row = ListingRow
    for number, (name, each) in enumerate(TAGS.items(), start=1):
        db.session.execute(insert(Tag), {"id": number, "name": name, "key": name})
        links = select(literal(number), row.id, row.service_id, row.domain_id)
        chosen = links.where(row.id // 2 % each == 0)
        db.session.execute(insert(item_tag).from_select(list(item_tag.c.keys()), chosen))


def _make_clients(owners: int) -> None:
    hasher = password_hashes._hasher.hash(PASSWORD)
    common_user = {
        "password_hash": hasher,
        "active": True,
        "created_at": NOW,
        "version": 1,
        "role": Role.CLIENT,
    }
    rows = [
        {"id": n, "name": f"Client {n}", "created_at": NOW, "version": 1}
        for n in range(1, owners + 1)
    ]
    db.session.execute(insert(Client), rows)
    people = [
        {"client_id": n, "name": f"Person {n % 997}", "email": f"p{n}@example.com"}
        for n in range(1, owners + 1)
    ]
    db.session.execute(insert(User), [person | common_user for person in people])


def _make_items(numbers: Sequence[int], owners: int, chance: Random) -> None:
    services = list(ServiceStatus)
    domains = list(DomainStatus)
    reasons = [Reason.OK] * 8 + list(Reason)
    common = [
        (n, 1 + n % owners, date(2026, 1, 1) + timedelta(days=chance.randrange(700)))
        for n in numbers
    ]
    db.session.execute(
        insert(Target), [_target(n, chance.choice(reasons), chance) for n in numbers]
    )
    rows = [
        {
            "id": n,
            "client_id": client,
            "product": f"Product {n % 9}",
            "domain": f"shop-{n}.example",
            "version": 1,
        }
        | {"status": chance.choice(services), "next_due_on": due, "target_id": n}
        for n, client, due in common
    ]
    db.session.execute(insert(Service), rows)
    rows = [
        {"id": n, "client_id": client, "name": f"shop-{n}.example", "target_id": n, "version": 1}
        | {"status": chance.choice(domains), "registered_on": due, "expires_on": due}
        for n, client, due in common
    ]
    db.session.execute(insert(Domain), rows)
    done = {
        "at": NOW,
        "who": "ada@example.com",
        "action": "changed",
        "detail_code": Detail.CHANGES,
        "detail_parameters": {"changes": [["status", "Pending", "Active"]]},
        "detail_texts": "status, Pending, Active",
    }
    noted = [
        {"kind": ("service", "domain")[n % 2], "item_id": n, "item": f"shop-{n}.example"}
        for n in numbers
    ]
    db.session.execute(insert(Activity), [done | item for item in noted])


def _target(number: int, reason: Reason, chance: Random) -> dict[str, object]:
    ends = NOW + timedelta(days=chance.randrange(-5, 90))
    row = {
        "id": number,
        "hostname": f"shop-{number}.example",
        "state": reason.state,
        "reason": reason,
    }
    row |= {"checked_at": NOW - timedelta(seconds=chance.randrange(24 * 3600))}
    # By the site's rule as it is by default
    row |= {"not_before": ends - timedelta(days=90), "expiring_at": ends - timedelta(days=22.5)}
    empty = dict.fromkeys(("detail", "subject", "serial", "key", "signature"), "")
    return (
        row | empty | {"issuer": "R11", "not_after": ends, "problems": [], "notes": [], "names": []}
    )


def _copy(made: int, more: int) -> None:
    """What was made, once more under numbers that are so much higher."""
    items = (made, more)
    owners = (made // PER_CLIENT, more // PER_CLIENT)
    for model, numbered, named, text, (first, higher) in (
        (Client, "id", "name", "Client {}", owners),
        (User, "client_id", "email", "p{}@example.com", owners),
        (Target, "id", "hostname", "shop-{}.example", items),
        (Service, "id", "domain", "shop-{}.example", items),
        (Domain, "id", "name", "shop-{}.example", items),
        (Activity, "item_id", "item", "shop-{}.example", items),
    ):
        columns: dict[str, Any] = dict(model.__table__.columns)
        given = columns[numbered]
        before, after = text.split("{}")
        number = given + higher
        columns |= {
            numbered: number,
            named: literal(before).concat(cast(number, String)).concat(after),
        }
        if numbered != "id":
            del columns["id"]
        elif "client_id" in columns:
            columns |= {"client_id": columns["client_id"] + owners[1], "target_id": number}
        rows = select(*columns.values()).where(given <= first)
        db.session.execute(insert(model).from_select(list(columns), rows))
