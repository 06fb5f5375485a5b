"""The pages of a list, one after the other, are the whole list in the order of a plain sort."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from tests.customers.test_state_filters import urgency
from webapp.customers import counts, lists, paging, segments
from webapp.customers.lists import ListQuery
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.monitor.models import Target, standing
from webapp.probe import Reason
from webapp.site import site_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DATES = (None, date(2027, 1, 1), date(2026, 1, 1), None, date(2027, 1, 1))
REASONS = (Reason.OK, None, Reason.EXPIRED, Reason.TIMEOUT, Reason.OK)


@pytest.fixture
def shelf(in_app):
    """Services and domains full of ties and gaps: the same names, dates and states again and
    again."""
    with writing():
        clients = [Client(name=name, created_at=NOW) for name in ("Zoe", "anna", "Zoe")]
        for number in range(90):
            client = clients[number % 3]
            reason = REASONS[number % 5]
            ends = NOW + timedelta(days=(-1, 5, 60)[number % 3])
            row = (
                Target(hostname=f"n{number}.example", reason=reason, not_after=ends)
                if number % 4
                else None
            )
            service = {"product": "AXax"[number % 4], "next_due_on": DATES[number % 5]}
            status = list(ServiceStatus)[number % 7]
            db.session.add(
                Service(
                    client=client, domain=f"D{number % 8}", target=row, status=status, **service
                )
            )
            domain = {"registered_on": DATES[number % 5], "expires_on": DATES[-number % 5]}
            status = list(DomainStatus)[number % 11]
            db.session.add(
                Domain(client=client, name=f"d{number}", target=row, status=status, **domain)
            )


@pytest.fixture(params=["walked", "gathered", "from marks"])
def way(request, in_app, monkeypatch):
    """How the rows of a page are found."""
    monkeypatch.setattr(segments, "FEW_ROWS", 5000 if request.param == "gathered" else 0)
    if request.param == "from marks":
        with_marks(in_app, monkeypatch)


def with_marks(app, monkeypatch):
    """What was counted and walked to is kept for a minute, however quick it was."""
    monkeypatch.setattr(segments, "ROWS_BETWEEN_MARKS", 7)
    monkeypatch.setattr(counts, "SLOW_COUNT_SECONDS", 0)
    site_of(app).counts = counts.Memory(60)


def ada():
    return db.session.scalar(db.select(User).filter_by(email="ada@example.com"))


def all_pages(list_rows, **question):
    first = list_rows(ada(), ListQuery(**question), NOW)
    pages = [
        list_rows(ada(), ListQuery(page=str(page), **question), NOW)
        for page in range(1, first.pages + 1)
    ]
    assert len({page.total for page in pages}) == 1
    return [row.id for page in pages for row in page.rows]


def in_plain_order(model, value, backwards):
    """Empty last both ways, and ties by the id in the direction of the sort."""
    rows = [(value(row), row.id) for row in db.session.scalars(db.select(model))]
    filled = sorted(row for row in rows if row[0] is not None)
    empty = sorted(row[1] for row in rows if row[0] is None)
    order = [number for _, number in filled], empty
    return [*order[0][::-1], *order[1][::-1]] if backwards else [*order[0], *order[1]]


VALUES = {
    "domain": lambda row: row.entered.lower(),
    "product": lambda row: row.product.lower(),
    "client": lambda row: (row.client.name.lower(), row.client.id),
    "status": lambda row: row.status.value,
    "due": lambda row: row.next_due_on,
    "registered": lambda row: row.registered_on,
    "expires": lambda row: row.expires_on,
    "ssl": lambda row: urgency(row, standing(row.target, active=row.active, now=NOW)),
}
LISTS = [(lists.list_services, Service, sort) for sort in (*lists.SERVICE_SORTS, "ssl")]
LISTS += [(lists.list_domains, Domain, sort) for sort in (*lists.DOMAIN_SORTS, "ssl")]


@pytest.mark.parametrize(("list_rows", "model", "sort"), LISTS)
def test_the_pages_are_a_plain_sort(shelf, way, list_rows, model, sort):
    assert all_pages(list_rows, sort=sort) == in_plain_order(model, VALUES[sort], False)
    assert all_pages(list_rows, sort=f"-{sort}") == in_plain_order(model, VALUES[sort], True)


@pytest.mark.parametrize("ssl", ["", "valid", "invalid", "unknown", "inactive", "expiring"])
def test_filters_and_searches_find_the_same_walked_and_gathered(shelf, monkeypatch, ssl):
    for sort, search, client in product(("due", "-client", "ssl"), ("", "d1", "zoe"), ("", "3")):
        found = []
        for few in (0, 5000):
            monkeypatch.setattr(segments, "FEW_ROWS", few)
            found.append(
                all_pages(lists.list_services, sort=sort, search=search, ssl=ssl, client=client)
            )
        assert found[0] == found[1]
        assert len(found[0]) == len(set(found[0]))


def test_any_cut_through_segments_is_a_piece_of_the_whole(shelf):
    ids = db.select(Service.id)
    arm = segments.Arm(ids, ids)
    counts = [
        db.session.scalar(db.select(db.func.count()).where(Service.status == status))
        for status in ServiceStatus
    ]
    order = [segments.Segment((arm.where(Service.status == status),)) for status in ServiceStatus]
    whole = [
        row.id
        for status in ServiceStatus
        for row in db.session.scalars(db.select(Service).filter_by(status=status))
    ]
    for offset in range(0, len(whole), 7):
        cut = segments.rows_of_page(order, counts, offset, 30, backwards=False)
        found = (
            db.session.execute(db.select(cut.c.id).order_by(cut.c.part, cut.c.place))
            .scalars()
            .all()
        )
        assert list(found) == whole[offset : offset + 30]


@pytest.fixture
def row_of_names(in_app, monkeypatch):
    """Sixty services, from a10.example to a69.example: a list of two pages and a half, found from
    marks."""
    monkeypatch.setattr(segments, "FEW_ROWS", 0)
    with_marks(in_app, monkeypatch)
    with writing():
        client = db.session.scalar(db.select(Client))
        db.session.execute(db.delete(Service))
        for number in range(10, 70):
            service = {
                "product": "Hosting",
                "domain": f"a{number}.example",
                "status": ServiceStatus.ACTIVE,
            }
            db.session.add(Service(client=client, **service))


def services(page):
    return [
        service.domain for service in lists.list_services(ada(), ListQuery(page=page), NOW).rows
    ]


def test_who_pages_on_sees_what_follows_although_what_came_before_has_moved(row_of_names):
    second = services("2")
    third = services("3")
    with writing():  # past the session's eye, as host names change with every check
        db.session.execute(
            db.update(Service).where(Service.domain == "a10.example").values(domain="z.example")
        )
    assert services("2") == second
    counts.forget()
    assert services("2") == [*second[1:], third[0]]


def test_where_a_mark_leads_past_the_end_all_is_looked_for_anew(row_of_names):
    assert len(services("2")) == 25
    with writing():
        db.session.execute(db.delete(Service).where(Service.domain > "a33"))
    left = lists.list_services(ada(), ListQuery(page="2"), NOW)
    assert (left.page, left.total, len(left.rows)) == (1, 23, 23)


def test_a_mark_that_is_forgotten_as_it_is_found_leads_nowhere_else(row_of_names, monkeypatch):
    second = services("2")
    looked = set()
    recall = counts.recall

    def forgets_at_once(key):
        found = None if key in looked else recall(key)
        looked.add(key)
        return found

    monkeypatch.setattr(counts, "recall", forgets_at_once)
    assert services("2") == second


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "99999999999999", "²"])
def test_there_is_always_a_page(text):
    assert paging.page_number(text, 3) == (3 if text.startswith("9") else 1)
