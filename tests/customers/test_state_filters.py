"""The state of a padlock in SQL is the verdict of `standing`, whatever is stored."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from webapp.customers import access, catalog, lists, state_filters
from webapp.customers.lists import ListQuery
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.monitor.models import Target, standing
from webapp.probe import Reason, State
from webapp.words import states

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SOON = states.EXPIRING_WITHIN
ENDS = (
    None,
    NOW - SECOND,
    NOW,
    NOW + SECOND,
    NOW + SOON,
    NOW + SOON + SECOND,
    NOW + timedelta(days=900),
)


def ada():
    return db.session.scalar(db.select(User).filter_by(email="ada@example.com"))


def everything(model):
    statement = access.services_for(ada()) if model is Service else access.domains_for(ada())
    return {
        item.id: (item, standing(item.target, active=item.active, now=NOW))
        for item in db.session.scalars(statement)
    }


def found(model, condition):
    statement = access.services_for(ada()) if model is Service else access.domains_for(ada())
    return {item.id for item in db.session.scalars(statement.where(condition))}


@pytest.fixture
def all_kinds(in_app):
    """A service and a domain of every status, reason and end there can be, and some without a host
    name."""
    with writing():
        client = db.session.scalar(db.select(Client))
        targets = []
        for number, (reason, ends) in enumerate(product((None, *Reason), ENDS)):
            state = reason.state if reason else None
            targets.append(
                Target(hostname=f"n{number}.example", reason=reason, state=state, not_after=ends)
            )
        for number, (target, status) in enumerate(product((None, *targets), ServiceStatus)):
            service = Service(
                client=client,
                product="Hosting",
                domain=f"s{number}",
                status=status,
                target=target,
            )
            db.session.add(service)
        for number, (target, status) in enumerate(product((None, *targets), DomainStatus)):
            db.session.add(Domain(client=client, name=f"d{number}", status=status, target=target))


@pytest.mark.parametrize("model", [Service, Domain])
def test_every_state_in_sql_is_the_verdict(all_kinds, model):
    items = everything(model)
    for state in State:
        expected = {number for number, (_, stands) in items.items() if stands.state is state}
        assert found(model, state_filters.is_state(model, state, NOW)) == expected
        assert expected


@pytest.mark.parametrize("model", [Service, Domain])
def test_expiring_in_sql_is_the_amber_badge(all_kinds, model):
    expected = {
        number
        for number, (item, stands) in everything(model).items()
        if item.target and states.expiring(stands.state, item.target.not_after, NOW)
    }
    assert (
        found(model, state_filters.matches_filter(model, state_filters.EXPIRING, NOW))
        == expected
        != set()
    )


def urgency(item, stands):
    if stands.state is State.VALID and states.expiring(stands.state, item.target.not_after, NOW):
        return 1
    if stands.state is State.UNKNOWN and stands.reason is None:
        return 3
    return {State.INVALID: 0, State.UNKNOWN: 2, State.VALID: 4, State.INACTIVE: 5}[stands.state]


@pytest.mark.parametrize("model", [Service, Domain])
def test_urgency_puts_what_needs_a_person_first(all_kinds, model):
    statement = db.select(model.id, state_filters.urgency(model, NOW)).outerjoin(model.target)
    in_sql = dict(db.session.execute(statement).all())
    assert in_sql == {number: urgency(*found) for number, found in everything(model).items()}


def test_the_list_sorts_by_urgency_both_ways_and_ties_by_id(all_kinds):
    now = NOW
    items = everything(Service)
    there = lists.list_services(ada(), ListQuery(sort="ssl", size="100"), now)
    assert [row.id for row in there.rows] == sorted(
        items, key=lambda number: (urgency(*items[number]), number)
    )[:100]
    back = lists.list_services(ada(), ListQuery(sort="-ssl", size="100"), now)
    assert {row.active for row in back.rows} == {False}


def test_filters_go_together(all_kinds):
    question = ListQuery(search="s", status="Suspended", ssl="unknown", client="1", size="100")
    listing = lists.list_services(ada(), question, NOW)
    assert listing.filters == {"status": "Suspended", "ssl": "unknown", "client": "1"}
    stands = [standing(row.target, active=row.active, now=NOW).state for row in listing.rows]
    assert set(stands) == {State.UNKNOWN}
    assert {row.status for row in listing.rows} == {ServiceStatus.SUSPENDED}


def test_a_new_name_is_unknown_until_it_is_asked(in_app):
    with writing():
        client = db.session.scalar(db.select(Client))
        service = catalog.add_service(client, "Hosting", "new.example", ServiceStatus.ACTIVE)
    assert service.id in found(Service, state_filters.matches_filter(Service, "unknown", NOW))
