from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from webapp.customers import catalog, home
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Reason, State

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def user(name):
    return db.session.scalar(db.select(User).filter_by(email=f"{name}@example.com"))


def add(name, reason=None, ends=None, status=ServiceStatus.ACTIVE):
    with writing():
        client = db.session.scalar(db.select(Client).where(Client.name.startswith("Alice")))
        service = catalog.add_service(client, "Hosting", name, status)
        service.target.reason = reason
        service.target.not_after = ends


def make_well(name="alice.example"):
    with writing():
        row = db.session.scalar(db.select(Target).filter_by(hostname=name))
        row.reason = Reason.OK
        row.not_after = NOW + timedelta(days=60)


@pytest.fixture
def mixed(in_app):
    make_well()
    add("unknown.example", Reason.TIMEOUT)
    add("soon.example", Reason.OK, NOW + timedelta(days=3))
    add("old.example", Reason.EXPIRED, status=ServiceStatus.TERMINATED)
    add("ended.example", Reason.OK, NOW - timedelta(days=1))


def test_the_worst_comes_first_and_what_is_well_does_not_come(mixed):
    shown = home.overview(user("alice"), NOW)
    assert [item.shown_name for item in shown.items] == [
        "ended.example",
        "soon.example",
        "unknown.example",
    ]
    assert shown.wanting == 3


def test_every_state_is_counted(mixed):
    counts = home.overview(user("alice"), NOW).services
    assert counts.by_state == {
        State.VALID: 2,
        State.INVALID: 1,
        State.UNKNOWN: 1,
        State.INACTIVE: 1,
    }
    assert (counts.expiring, counts.total, counts.wanting) == (1, 5, 3)


def test_a_client_sees_nothing_of_anothers(mixed):
    shown = home.overview(user("bob"), NOW)
    assert {item.client_id for item in shown.items} == {user("bob").client_id}
    assert (shown.services.total, shown.domains.total) == (1, 1)


def test_it_costs_two_queries_however_much_there_is(mixed):
    alice = user("alice")
    queries = []
    for number in range(30):
        add(f"n{number}.example", Reason.REFUSED)
    alice = user("alice")
    assert alice.client_id
    event.listen(db.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    assert len(home.overview(alice, NOW).items) == home.MOST_URGENT_ITEMS
    assert len(queries) == 2


def test_nothing_at_all_is_empty(in_app):
    with writing():
        db.session.execute(db.delete(Service))
        db.session.execute(db.delete(Domain))
    assert home.overview(user("alice"), NOW).empty


def test_services_and_domains_are_put_in_one_order(in_app):
    with writing():
        client = db.session.scalar(db.select(Client).where(Client.name.startswith("Alice")))
        domain = catalog.add_domain(client, "red.example", DomainStatus.ACTIVE, date(2020, 1, 1))
        domain.target.reason = Reason.REVOKED
    assert home.overview(user("alice"), NOW).items[0].shown_name == "red.example"


def test_what_was_never_asked_is_counted_apart(mixed):
    add("new.example")
    counts = home.overview(user("alice"), NOW).services
    assert (counts.never_asked, counts.by_state[State.UNKNOWN], counts.total) == (1, 1, 6)
