"""The listing rows are what they copy, whatever changes it."""

import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import product
from threading import Thread
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import Column
from sqlalchemy.sql import visitors

from webapp.accounts import sign_ins
from webapp.customers import (
    access,
    bulk,
    catalog,
    clients,
    concurrency,
    index,
    index_check,
    index_rows,
    items,
    listing_row,
)
from webapp.customers.items import DomainDetails, ServiceDetails
from webapp.customers.listing_row import SEVERITIES, ListingRow
from webapp.customers.models import (
    Client,
    Domain,
    DomainStatus,
    Role,
    Service,
    ServiceStatus,
    User,
)
from webapp.extensions import db, tune, writing
from webapp.imports import importer
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE
from webapp.monitor import results
from webapp.monitor.models import Target, standing
from webapp.probe import Certificate, Finding, Reason, State
from webapp.site import site_of
from webapp.words import jobs, states

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SOON = timedelta(days=30)  # where the lifetime is not known
ENDS = (
    *(None, NOW - SECOND, NOW, NOW + SECOND, NOW + SOON, NOW + SOON + SECOND),
    NOW + timedelta(days=900),
)


def ada():
    return db.session.scalar(db.select(User).filter_by(email="ada@example.com"))


def rank(item, stands, now):
    """As a person would tell it from the padlock."""
    if stands.state is State.VALID:
        ends = item.target.not_after
        soon = states.expiring(stands.state, ends and ends - SOON, now)
        return listing_row.EXPIRING if soon else listing_row.VALID
    if stands.state is State.UNKNOWN and stands.reason is None:
        return listing_row.NEVER_ASKED
    places = {State.INVALID: 0, State.UNKNOWN: 2, State.INACTIVE: 5}
    return places[stands.state]


def wanted(item, now):
    """The row of an item, made from its objects in Python."""
    stands = standing(item.target, active=item.active, now=now)
    service = isinstance(item, Service)
    place = rank(item, stands, now)
    reason = None if not item.active else SEVERITIES[stands.reason or "never-asked"]
    ends = item.target.not_after if item.target else None
    until = {listing_row.EXPIRING: ends, listing_row.VALID: ends and ends - SOON}.get(place)
    texts = (item.entered, item.product) if service else (item.entered,)
    texts += (item.target.authority if item.target else None,)
    texts += (item.reference,) if service else ()
    return {
        "kind": item.kind,
        "service_id": item.id if service else None,
        "domain_id": None if service else item.id,
        "client_id": item.client_id,
        "client_name": item.client.name.lower(),
        "name": item.entered.lower(),
        "product": item.product.lower() if service else "domain",
        "status": item.status.value,
        "due_on": item.next_due_on if service else item.expires_on,
        "registered_on": None if service else item.registered_on,
        "origin": item.origin if service else None,
        "target_id": item.target_id,
        "rank": place,
        "rank_until": until,
        "soonest": ends if place == listing_row.EXPIRING else listing_row.NOT_SOON,
        "reason": reason,
        "browsers_refuse": stands.state is State.VALID and item.target.browsers_refuse,
        "issuer": (item.target and item.target.issuer.lower()) or None,
        "not_after": ends,
        "checked_at": item.target.checked_at if item.target else None,
        "changed_at": item.target.changed_at if item.target else None,
        "text": "".join(f"{text}\n" for text in texts if text is not None),
        "client_text": "".join(
            f"{text}\n" for text in (item.client.name, item.client.reference) if text is not None
        ),
    }


def rows_are_right(now):
    db.session.rollback()
    db.session.expire_all()
    shall = {}
    for statement in (access.services_for(ada()), access.domains_for(ada())):
        for item in db.session.scalars(statement):
            shall[listing_row.row_id(item.kind, item.id)] = wanted(item, now)
    table = ListingRow.__table__
    found = {row.id: row._asdict() for row in db.session.execute(db.select(table))}
    for id_, row in found.items():
        del row["id"]
        assert row == shall.get(id_), id_
    assert found.keys() == shall.keys()


@pytest.fixture
def all_kinds(in_app):
    """A service and a domain of every status, reason and end there can be, and some without a
    target."""
    with writing():
        client = db.session.scalar(db.select(Client))
        targets = [None]
        for number, (reason, ends) in enumerate(product((None, *Reason), ENDS)):
            facts = {"reason": reason, "state": reason and reason.state, "not_after": ends}
            refuse = {"browsers_refuse": number % 2 == 0}
            targets.append(Target(hostname=f"n{number}.example", issuer="R11", **facts, **refuse))
        for number, (target, status) in enumerate(product(targets, ServiceStatus)):
            service = {"product": "Hosting", "domain": f"s{number}", "target": target}
            db.session.add(Service(client=client, status=status, **service))
        for number, (target, status) in enumerate(product(targets, DomainStatus)):
            db.session.add(Domain(client=client, name=f"d{number}", status=status, target=target))


def test_every_row_tells_what_the_padlock_does(all_kinds):
    index_check.rebuild(NOW)
    rows_are_right(NOW)
    assert index_check.drifted(NOW) == 0


def test_ranks_that_time_changes_move_in_the_minute(all_kinds):
    index_check.rebuild(NOW)
    for later in (NOW + SECOND, NOW + SOON + SECOND, NOW + timedelta(days=1000)):
        assert index_check.drifted(later) == 0  # what waits for its minute is no drift
        index.move_ranks(later)
        rows_are_right(later)


def test_what_is_written_past_the_session_is_found_and_mended(in_app):
    with writing():
        db.session.connection().execute(db.text("UPDATE service SET product = 'Other'"))
        db.session.connection().execute(db.text("DELETE FROM listing_row WHERE domain_id = 1"))
        db.session.connection().execute(db.text("UPDATE client SET domain_count = 7 WHERE id = 1"))
    assert index_check.drifted(NOW) == 4
    index_check.rebuild(NOW)
    assert index_check.drifted(NOW) == 0
    rows_are_right(NOW)


def test_targets_that_are_updated_by_their_ids_have_rows_written_where_facts_change(all_kinds):
    index_check.rebuild(NOW)
    with writing():
        given = [{"id": 3, "reason": Reason.EXPIRED}, {"id": 4, "asked_at": NOW}]
        db.session.execute(db.update(Target), given)
        assert db.session.info["listing_touched"].targets == {3}
    rows_are_right(NOW)


NEVER_CHANGED = {"id", "hostname", "port"}  # of a target: another has another name


@pytest.mark.parametrize("model", [Service, Domain])
def test_what_rows_copy_of_others_is_written_again_when_that_changes(model):
    columns = list(index_rows.rows_of(model, NOW).inner_columns)
    for parent, link in ((Target, "target_id"), (Client, "client_id")):
        read = {one.key: columns_of(parent, one) - NEVER_CHANGED for one in columns}
        assert set().union(*read.values()) == index._COPIED[parent], parent
        assert {key for key in read if read[key]} == {*index._COPIED_FROM[link]}, parent


def columns_of(model, expression):
    """The columns of this model that an expression has."""
    found = (one for one in visitors.iterate(expression) if isinstance(one, Column))
    return {one.key for one in found if one.table is model.__table__}


def finding(name, number, now):
    """What a server of this number may have answered."""
    reason = list(Reason)[number % len(Reason)]
    # Certificates end on a whole second
    ends = (now + timedelta(days=number % 40 - 5)).replace(microsecond=0)
    certificate = Certificate("ab" * 32, issuer=f"CA {number % 3}", not_after=ends)
    return Finding(
        input=name,
        hostname=name,
        reason=reason,
        checked_at=now,
        elapsed_seconds=0.1,
        certificate=certificate if number % 4 else None,
    )


STEP = some.tuples(some.integers(0, 13), some.integers(0, 500), some.integers(0, 500))


def name_of(one, other):
    port = ":8443" if other % 3 == 0 else ""
    return ("shop", "www", "café", "see ticket")[other % 4] + f"{one % 5}.example{port}"


def change_many(what, one, other, now, folder):
    """The same with several items at once, and with a file."""
    ids = db.session.scalars(db.select(ListingRow.id).order_by(ListingRow.id)).all()
    chosen = ids[one % 3 :: 1 + other % 3]
    if what == 10:
        status = list(ServiceStatus)[other % 7], list(DomainStatus)[one % 11]
        bulk.set_status(ada(), chosen, *status, now)
    elif what == 11:
        owners = db.session.scalars(db.select(Client.id).order_by(Client.id)).all()
        bulk.move(ada(), chosen, owners[one % len(owners)], now)
    elif what == 12:
        bulk.set_tags(ada(), chosen, ["shop", f"t{one % 3}"], [f"t{other % 3}"], now)
        bulk.remove(ada(), ids[one % 5 :: 5], now)
    elif what == 13:
        file = folder / "file.csv"
        name = name_of(one, other)
        file.write_text(
            "kind,client,client_name,reference,product,domain,status\n"
            f"client,c{one % 3},Carol {other},,,,\n"
            f"service,c{one % 3},,s{one % 4},P{other},{name},Active\n"
            f"domain,c{one % 3},,,,i{one % 4}.example,Active\n"
        )
        importer.check(file, folder / "rows", lambda *_: None)
        importer.write(folder / "rows", None, "file.csv", now, lambda *_: None)


def change(what, one, other, now):
    """One of the things that people and checks do; what is refused changes nothing."""
    owners = db.session.scalars(db.select(Client).order_by(Client.id)).all()
    owner = owners[one % len(owners)]
    name = name_of(one, other)
    services = db.session.scalars(db.select(Service).order_by(Service.id)).all()
    domains = db.session.scalars(db.select(Domain).order_by(Domain.id)).all()
    every = [*services, *domains]
    item = every[one % len(every)] if every else None
    status = list(ServiceStatus)[other % 7]
    if what == 0:
        details = ServiceDetails(f"P{other}", name, status, None, f"r{one}" if one % 2 else None)
        items.add(ada(), f"#{owner.id}", details, now)
    elif what == 1:
        status = list(DomainStatus)[other % 11]
        items.add(ada(), f"#{owner.id}", DomainDetails(name, status), now)
    elif what == 2 and isinstance(item, Service):
        details = ServiceDetails(f"P{other}", name, status, None, item.reference)
        items.change(ada(), item.kind, item.id, item.version, details, now)
    elif what == 3 and item:
        items.move(ada(), item.kind, item.id, item.version, owner.id, now)
    elif what == 4 and item:
        items.remove(ada(), item.kind, item.id, item.version, now)
    elif what == 5:
        clients.change(ada(), owner.id, owner.version, clients.ClientDetails(f"Firm {other}"), now)
    elif what == 6 and len(owners) > 2:
        clients.remove(ada(), owner.id, owner.version, clients.what_goes_with(owner), now)
    elif what == 7:
        targets = db.session.scalars(db.select(Target).order_by(Target.id)).all()
        if targets:
            results.record(finding(targets[one % len(targets)].hostname, other, now), now)
    elif what == 8:
        with writing():
            email = f"{uuid4()}@example.com"
            sign_ins.add_user(email, "New", None, now, client=owner, password_hash="none")
    elif what == 9:
        theirs = db.select(User).where(User.role == Role.CLIENT).order_by(User.id)
        people = db.session.scalars(theirs).all()
        if people:
            with writing():
                person = db.session.get(User, people[other % len(people)].id)
                if one % 2:
                    db.session.delete(person)
                else:
                    person.client = db.session.get(Client, owner.id)


# RANDOM_CHANGES=10000 makes as many; it takes minutes, so give `--timeout=0` as well
EXAMPLES = int(os.environ.get("RANDOM_CHANGES", "240")) // 30


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.lists(STEP, min_size=20, max_size=40))
def test_random_changes_leave_every_row_right(in_app, tmp_path, steps):
    now = datetime.now(UTC)
    with writing():
        catalog.add_client("Third & Co", now)
    for number, step in enumerate(steps):
        at = now + timedelta(seconds=number)
        with suppress(concurrency.Taken, concurrency.ChangedMeanwhile, clients.NoSuchClient):
            change(*step, at) if step[0] < 10 else change_many(*step, at, tmp_path)
    now = datetime.now(UTC)
    index.move_ranks(now)
    rows_are_right(now)
    assert index_check.drifted(now) == 0


def test_a_nightly_sample_that_finds_drift_is_told_in_system_health(in_app):
    night = NOW.replace(hour=3)
    index_check.add_sample(night.replace(hour=1))
    assert db.session.scalar(db.select(Job)) is None
    index_check.add_sample(night)
    runner = site_of(in_app).jobs
    assert runner.works[index_check.SAMPLE].run(None) == DONE
    with writing():
        db.session.connection().execute(db.text("UPDATE service SET product = 'Other'"))
    outcome = runner.works[index_check.SAMPLE].run(None)
    told = jobs.job_problem(outcome.problem, outcome.detail)
    assert told.startswith("2 list entries do not match their sources.")
    assert outcome.final


@pytest.mark.sqlite("PostgreSQL counts its rows by itself")
def test_the_nightly_sample_tells_sqlite_how_its_tables_have_grown(in_app):
    told = db.text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'listing_row'")
    before = db.session.scalar(told)
    site_of(in_app).jobs.works[index_check.SAMPLE].run(None)
    assert before == 0 < db.session.scalar(told)


@pytest.mark.sqlite("PostgreSQL keeps its statistics in one place")
def test_connections_that_are_open_learn_how_tables_have_grown(in_app):
    """The index that a connection chooses shows which figures it has."""
    fill = """WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
        INSERT INTO pair SELECT n, iif(:unique = 'a', n, 1), iif(:unique = 'b', n, 1) FROM n"""
    with writing():
        for statement in (
            "CREATE TABLE pair (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER)",
            "CREATE INDEX ix_a ON pair (a)",
            "CREATE INDEX ix_b ON pair (b)",
        ):
            db.session.execute(db.text(statement))
    with db.engine.connect() as other:

        def plan_of(statement, unique):
            with writing():
                db.session.execute(db.text("DELETE FROM pair"))
                db.session.execute(db.text(fill), {"unique": unique})
            tune()
            other.scalar(db.text("SELECT count(*) FROM pair"))
            detail = other.execute(db.text(f"EXPLAIN QUERY PLAN {statement}")).one().detail
            other.rollback()
            return detail

        # The driver keeps the plan of a statement that it has seen
        assert "ix_a" in plan_of("SELECT id FROM pair WHERE a = 1 AND b = 1", "a")
        assert "ix_b" in plan_of("SELECT id FROM pair WHERE b = 1 AND a = 1", "b")


def waits_for_a_lock():
    with db.engine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return connection.scalar(db.text(waiting)) > 0


@pytest.mark.postgresql("results are written beside other writers there only")
def test_an_item_that_comes_while_its_target_is_recorded_has_the_result(in_app):
    def add():
        with in_app.app_context(), writing():
            client = db.session.get(Client, 2)
            catalog.add_service(client, "Hosting", "alice.example", ServiceStatus.ACTIVE)

    beside = Thread(target=add)
    with writing(beside_others=True):
        target = db.session.scalar(db.select(Target).filter_by(hostname="alice.example"))
        target.reason = Reason.EXPIRED
        db.session.flush()
        beside.start()
        until = time.monotonic() + 10
        while not waits_for_a_lock():
            assert time.monotonic() < until, "it did not wait for the result"
    beside.join()
    assert db.session.scalar(db.select(db.func.count(Service.id))) == 3
    assert index_check.drifted(datetime.now(UTC)) == 0
