from datetime import UTC, date, datetime
from itertools import product

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from webapp.customers import catalog, lists
from webapp.customers.lists import ListQuery
from webapp.customers.models import (
    ACTIVE_DOMAINS,
    ACTIVE_SERVICES,
    Client,
    DomainStatus,
    ServiceStatus,
    User,
)
from webapp.extensions import db, writing
from webapp.monitor.models import Target

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def user(name):
    return db.session.scalar(db.select(User).filter_by(email=f"{name}@example.com"))


def alices():
    return db.session.scalar(db.select(Client).where(Client.name.startswith("Alice")))


@pytest.fixture
def shelf(in_app):
    """Thirty services of Alice's, added to the one she has."""
    with writing():
        for number in range(30):
            due = date(2027, 1, 1 + number)
            catalog.add_service(
                alices(),
                f"Product {number % 3}",
                f"s{number:02}.example",
                ServiceStatus.ACTIVE,
                due,
            )


def found(question, name="alice"):
    return [row.shown_name for row in lists.list_services(user(name), question, NOW).rows]


def test_one_name_has_one_row_however_it_is_written(in_app):
    with writing():
        added = [
            catalog.add_service(alices(), "Hosting", text, ServiceStatus.ACTIVE)
            for text in (
                "bücher.example",
                "https://BÜCHER.example./shop",
                "xn--bcher-kva.example",
                "*.bücher.example",
            )
        ]
    assert {service.target_id for service in added} == {added[0].target_id}
    assert {service.shown_name for service in added} == {"bücher.example"}
    assert added[1].domain == "https://BÜCHER.example./shop"


@pytest.mark.parametrize("text", ["", "see ticket 4711", "10.0.0.1", "localhost", "a" * 255])
def test_what_is_no_host_name_is_kept_as_entered(in_app, text):
    with writing():
        service = catalog.add_service(alices(), "Hosting", text, ServiceStatus.ACTIVE)
    assert (service.target, service.shown_name) == (None, text)
    assert service.refusal is not None


def test_two_clients_share_a_host_name_and_nothing_else(in_app):
    with writing():
        service = catalog.add_service(alices(), "Hosting", "bob.example", ServiceStatus.ACTIVE)
    rows = db.session.scalars(db.select(Target).filter_by(hostname="bob.example")).all()
    assert [row.id for row in rows] == [service.target_id]
    assert found(ListQuery("bob.example")) == ["bob.example"]
    assert len(found(ListQuery("bob.example"), "bob")) == 1


def test_a_client_has_a_domain_once(in_app):
    with pytest.raises(IntegrityError), writing():
        catalog.add_domain(alices(), "alice.example", DomainStatus.ACTIVE)


def test_active_is_what_the_verdicts_say():
    assert {"Pending", "Active", "Suspended", "Completed"} == ACTIVE_SERVICES
    assert {
        "Pending",
        "Pending Registration",
        "Pending Transfer",
        "Active",
        "Grace Period",
    } == ACTIVE_DOMAINS


def test_pages_of_25_that_exist(shelf):
    last = lists.list_services(user("alice"), ListQuery(page="last"), NOW)
    assert (last.total, last.page.exact, last.page.first, len(last.rows)) == (31, True, 26, 6)


def test_odd_pages_and_numbers_of_old_are_the_first(shelf):
    for asked in ("2", "-1", "0", "9" * 21, "abc", "1e3", "NaN", "²", "١", "", "W10"):
        shown = lists.list_services(user("alice"), ListQuery(page=asked), NOW)
        assert (shown.page.first, shown.rows[0].shown_name) == (1, "alice.example"), asked


def test_sorts_both_ways(shelf):
    assert found(ListQuery(sort="due"))[0] == "s00.example"
    assert found(ListQuery(sort="-due"))[0] == "s29.example"
    assert found(ListQuery(sort="-domain"))[:2] == ["s29.example", "s28.example"]


def test_an_unknown_sort_is_the_default(shelf):
    for sort in ("1;DROP TABLE user", "password_hash", "", "-", "--domain", "domain desc"):
        listing = lists.list_services(user("alice"), ListQuery(sort=sort), NOW)
        assert (listing.sort, listing.rows[0].shown_name) == ("domain", "alice.example"), sort


def test_a_search_is_no_pattern(shelf):
    for search in ("%", "_", "\\", "'", "s__.example", "s%", "\\%", "'--"):
        assert found(ListQuery(search)) == [], search


def test_a_search_finds_what_stands_there(shelf):
    with writing():
        catalog.add_service(alices(), "100%_\\' Hosting", "odd.example", ServiceStatus.ACTIVE)
    for search in ("100%_\\'", "00%_", "%_\\"):
        assert found(ListQuery(search)) == ["odd.example"], search


def test_a_search_takes_what_people_paste(shelf):
    for search in ("S07", " s07.example ", "https://s07.example/"):
        assert found(ListQuery(search)) == ["s07.example"], search


def test_a_name_is_found_in_either_spelling(in_app):
    with writing():
        catalog.add_service(alices(), "Hosting", "xn--bcher-kva.example", ServiceStatus.ACTIVE)
    assert found(ListQuery("bücher.example")) == found(ListQuery("xn--bcher")) == ["bücher.example"]


def test_admins_search_by_client_and_clients_do_not(shelf):
    assert lists.list_services(user("ada"), ListQuery("bakery"), NOW).total == 31
    assert lists.list_services(user("alice"), ListQuery("bakery"), NOW).total == 0


@pytest.mark.parametrize("list_rows", [lists.list_services, lists.list_domains])
def test_a_list_costs_five_queries_however_long(shelf, list_rows):
    ada = user("ada")
    queries = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    for row in list_rows(ada, ListQuery(), NOW).rows:
        assert row.client.name
        assert row.target.hostname
    assert len(queries) == 5  # their number, rows, items, their tags, tags to filter by


def test_a_long_search_is_quick(shelf):
    assert found(ListQuery("a" * 50_000 + "!")) == []


def test_page_sizes_are_on_a_whitelist(shelf):
    sizes = {"25": 25, "50": 31, "100": 31, "26": 25, "10" * 9: 25, "-1": 25}
    for size, shown in sizes.items():
        rows = lists.list_services(user("alice"), ListQuery(size=size), NOW).rows
        assert len(rows) == shown, size


def test_an_unknown_filter_filters_nothing(shelf):
    texts = ("", "nonsense", "1;DROP", "%", "-1", "²", "9" * 30, "active")
    for field, text in product(("status", "ssl", "client"), texts):
        listing = lists.list_services(user("ada"), ListQuery(**{field: text}), NOW)
        assert (listing.total, listing.filters) == (32, {}), (field, text)


def test_a_list_is_narrowed_to_a_status(shelf):
    with writing():
        catalog.add_service(alices(), "Hosting", "old.example", ServiceStatus.TERMINATED)
    assert found(ListQuery(status="Terminated")) == ["old.example"]
    assert found(ListQuery(ssl="inactive")) == ["old.example"]


def test_staff_narrow_a_list_to_a_client_and_clients_cannot(shelf):
    question = ListQuery(client=str(alices().id))
    assert lists.list_services(user("sam"), question, NOW).total == 31
    assert lists.list_services(user("bob"), question, NOW).total == 1
    assert lists.list_services(user("bob"), question, NOW).filters == {}
