"""The pages of a list, one after the other, are the whole list in the order of a plain sort; and
every order has its index."""

import re
from datetime import timedelta
from itertools import cycle, product

import pytest
from sqlalchemy import text

from tests.customers.shelf import NOW, ada, all_pages, shelf, way  # noqa: F401 - two are fixtures
from tests.customers.test_index import rank
from webapp.accounts import users
from webapp.customers import audit_log, client_list, lists, tags
from webapp.customers.listing_row import VALID, ListingRow
from webapp.customers.lists import ListQuery
from webapp.customers.models import Domain, DomainStatus, Service, ServiceStatus
from webapp.customers.orders import narrowed
from webapp.customers.tag_models import item_tag
from webapp.extensions import db, writing
from webapp.listing import page, plan
from webapp.listing.order import EMPTY, Order
from webapp.listing.rows import Rows
from webapp.monitor.models import standing
from webapp.reports import query
from webapp.words.report_filters import AGES, WINDOWS
from webapp.words.report_filters import NEVER_ASKED as NOT_YET


def pages(list_rows, **question):
    def rows(at):
        return list_rows(ada(), ListQuery(page=at, **question), NOW)

    return [row.id for row in all_pages(rows)]


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
    "ssl": lambda row: rank(row, standing(row.target, active=row.active, now=NOW), NOW),
}
LISTS = [(lists.list_services, Service, sort) for sort in lists.SERVICE_SORTS]
LISTS += [(lists.list_domains, Domain, sort) for sort in lists.DOMAIN_SORTS]


def test_the_pages_are_a_plain_sort(shelf, way):  # noqa: F811
    for list_rows, model, sort in LISTS:
        assert pages(list_rows, sort=sort) == in_plain_order(model, VALUES[sort], False), sort
        assert pages(list_rows, sort=f"-{sort}") == in_plain_order(model, VALUES[sort], True), sort


STATES = ("", "valid", "invalid", "unknown", "never-asked", "inactive", "expiring")


def test_filters_and_searches_find_the_same_by_both_plans(shelf, monkeypatch):  # noqa: F811
    filters = product(("", "d1", "zoe"), ("", "3"), STATES)
    for (search, client, ssl), sort in zip(filters, cycle(("due", "-client", "ssl")), strict=False):
        found = []
        for most in (0, 5000):
            monkeypatch.setattr(plan, "MOST_COUNTED", most)
            question = {"sort": sort, "search": search, "ssl": ssl, "client": client}
            found.append(pages(lists.list_services, **question) if any_rows(question) else [])
        assert found[0] == found[1], question
        assert len(found[0]) == len(set(found[0]))


def any_rows(question):
    return lists.list_services(ada(), ListQuery(**question), NOW).rows


def ids_of(rows, order, sort, size):
    """The ids of all pages of so many rows, one after the other."""
    found, at = [], ""
    while True:
        shown = page.fetch(rows, order, sort, at, size)
        found += shown.ids
        at = shown.following
        if not at:
            return found


def third(ids):
    """The size of a page of which these ids fill three."""
    return max(2, len(ids) // 3)


def ids_from_the_end(rows, order, sort, size):
    """The same, from the last page backwards: the first page is a full one, too."""
    found, at = [], "last"
    while True:
        shown = page.fetch(rows, order, sort, at, size)
        assert len({*shown.ids}) == len(shown.ids)
        found = [*dict.fromkeys([*shown.ids, *found])]
        at = shown.previous
        if not at:
            return found


ONE_OF_EACH = [
    *({"ssl": ssl} for ssl in STATES[1:]),
    *({"reason": reason} for reason in ("ok", "expired", "timeout", "not_checkable", NOT_YET)),
    *({"expires": window} for window in WINDOWS),
    *({"checked": age} for age in AGES),
    {"ssl": "valid", "expires": "30"},
    {"ssl": "invalid", "reason": "expired"},
    {"ssl": "unknown", "reason": "ok"},
    {"reason": "expired", "checked": "7"},
    {"issuer": "R11", "expires": "30", "checked": "7"},
    {"issuer": "R11"},
    {"browsers": "refuse"},
    {"client": "3"},
]


def both_ways(sorts):
    return [sign + sort for sort in sorts for sign in ("", "-")]


def test_along_its_index_the_report_finds_what_its_filters_do(shelf, monkeypatch):  # noqa: F811
    everything = query.rows_of(ada(), {}, NOW)
    for sort in both_ways(query.SORTS):
        order = query.SORTS[sort.removeprefix("-")]
        whole = ids_of(everything, order, sort, 1000)
        for filters in ONE_OF_EACH:
            rows = query.rows_of(ada(), filters, NOW)
            let_through = {*db.session.scalars(db.select(ListingRow.id).where(*rows.all()))}
            along = narrowed(order, rows, filters)
            expected = [one for one in whole if one in let_through]
            with monkeypatch.context() as patch:
                patch.setattr(plan, "MOST_COUNTED", 0)
                size = third(expected)
                assert ids_of(rows, along, sort, size) == expected, (sort, filters)
                assert ids_from_the_end(rows, along, sort, size) == expected, (sort, filters)


def test_what_has_expired_since_ranks_were_written_is_found_too(shelf, monkeypatch):  # noqa: F811
    everything = query.rows_of(ada(), {}, NOW)
    for later, sort in product((NOW, NOW + timedelta(days=100)), ("reason", "-reason")):
        rows = query.rows_of(ada(), {"expires": "ended"}, later)
        order = narrowed(query.SORTS["reason"], rows, {"expires": "ended"})
        let_through = {*db.session.scalars(db.select(ListingRow.id).where(*rows.all()))}
        expected = [
            one
            for one in ids_of(everything, query.SORTS["reason"], sort, 1000)
            if one in let_through
        ]
        with monkeypatch.context() as patch:
            patch.setattr(plan, "MOST_COUNTED", 0)
            size = third(expected)
            assert ids_of(rows, order, sort, size) == expected, (later, sort)
            assert ids_from_the_end(rows, order, sort, size) == expected, (later, sort)


def test_what_is_valid_is_not_walked_for_what_has_expired(shelf):  # noqa: F811
    rows = query.rows_of(ada(), {"expires": "ended"}, NOW)
    order = narrowed(query.SORTS["reason"], rows, {"expires": "ended"})
    within = db.session.scalars(db.select(ListingRow.reason).where(*order.within))
    valid = db.session.scalars(db.select(ListingRow.reason).where(ListingRow.rank == VALID))
    assert not {*within} & {*valid}


def test_along_its_index_a_list_finds_what_its_filters_do(shelf, monkeypatch):  # noqa: F811
    for kind, sorts, statuses in (
        ("service", lists.SERVICE_SORTS, ServiceStatus),
        ("domain", lists.DOMAIN_SORTS, DomainStatus),
    ):
        for sort, ssl, status in product(both_ways(sorts), STATES, ("", *statuses)):
            asked = ListQuery(sort=sort, ssl=ssl, status=status)
            found = lists.understood(kind, ada(), asked)
            expected = ids_of(found.rows, sorts[sort.removeprefix("-")], sort, 1000)
            with monkeypatch.context() as patch:
                patch.setattr(plan, "MOST_COUNTED", 0)
                shown = ids_of(found.rows, found.order, sort, third(expected))
                assert shown == expected, (kind, asked)


def test_all_plans_find_what_has_a_tag_and_meets_a_filter(shelf, monkeypatch):  # noqa: F811
    with writing():
        for model in (Service, Domain):
            for item in db.session.scalars(db.select(model).where(model.id % 3 > 0)).all():
                tags.give(item, ["shop"])
    tagged = {*db.session.scalars(db.select(item_tag.c.row_id))}
    everything = query.rows_of(ada(), {}, NOW)
    for sort, more in product(
        ("expires", "-status", "domain"), ({}, {"ssl": "valid"}, {"q": "exam"})
    ):
        order = query.SORTS[sort.removeprefix("-")]
        rows = query.rows_of(ada(), {"tag": "shop", **more}, NOW)
        others = query.rows_of(ada(), more, NOW).all()
        met = tagged & {*db.session.scalars(db.select(ListingRow.id).where(*others))}
        expected = [one for one in ids_of(everything, order, sort, 1000) if one in met]
        for candidates, counted in product((0, 20_000), (0, 5000)):
            with monkeypatch.context() as patch:
                patch.setattr(plan, "MOST_CANDIDATES", candidates)
                patch.setattr(plan, "MOST_COUNTED", counted)
                found = ids_of(rows, narrowed(order, rows, more), sort, third(expected))
                assert found == expected, (sort, more, candidates, counted)


def looked_up(rows):
    """The indexes by which SQLite finds these rows."""
    found = db.select(ListingRow.id).where(*plan.planned(rows, ListingRow.id).all())
    made = found.compile(db.engine, compile_kwargs={"literal_binds": True})
    steps = db.session.execute(text(f"EXPLAIN QUERY PLAN {made}")).all()
    return {*re.findall(r"USING (?:COVERING )?INDEX (\S+)", " ".join(one.detail for one in steps))}


@pytest.mark.sqlite("it is SQLite whose statistics tell too little")
def test_rows_are_found_by_the_first_filter_that_few_meet(shelf, monkeypatch):  # noqa: F811
    rows = query.rows_of(ada(), {"issuer": "R11", "expires": "ended"}, NOW)
    ended = rows_of(expires="ended")
    assert 0 < ended < rows_of(issuer="R11")
    monkeypatch.setattr(plan, "MOST_COUNTED", ended)
    assert looked_up(rows) == {"ix_listing_row_not_after"}
    monkeypatch.setattr(plan, "MOST_COUNTED", 0)  # many meet both: one has a single value
    assert looked_up(rows) == {"ix_listing_row_issuer_rank"}


@pytest.mark.sqlite("it is SQLite whose statistics tell too little")
@pytest.mark.parametrize("more", [{"issuer": "R11"}, {"ssl": "valid"}, {"expires": "ended"}])
def test_a_flag_that_few_rows_have_is_looked_up_first(shelf, monkeypatch, more):  # noqa: F811
    marked = rows_of(browsers="refuse")
    assert 0 < marked < rows_of(**more)
    monkeypatch.setattr(plan, "MOST_COUNTED", marked)
    rows = query.rows_of(ada(), {"browsers": "refuse", **more}, NOW)
    assert looked_up(rows) == {"ix_listing_row_browsers_refuse"}


@pytest.mark.sqlite("it is SQLite whose statistics tell too little")
@pytest.mark.parametrize("most", [0, 5000])
def test_a_client_leads_however_many_rows_it_has(shelf, monkeypatch, most):  # noqa: F811
    monkeypatch.setattr(plan, "MOST_COUNTED", most)
    owner = db.session.scalar(db.select(ListingRow.client_id).limit(1))
    rows = query.rows_of(ada(), {"client": str(owner), "status": "Active"}, NOW)
    assert looked_up(rows) == {"ix_listing_row_client"}


@pytest.mark.sqlite("it is SQLite whose statistics tell too little")
def test_two_filters_that_one_index_has_are_both_looked_up(shelf, monkeypatch):  # noqa: F811
    monkeypatch.setattr(plan, "MOST_COUNTED", 0)
    rows = query.rows_of(ada(), {"issuer": "R11", "ssl": "invalid"}, NOW)
    assert plan.planned(rows, ListingRow.id).where == rows.where


def test_filters_that_exclude_each_other_find_nothing_at_once(shelf):  # noqa: F811
    rows = query.rows_of(ada(), {"ssl": "unknown", "reason": "expired"}, NOW)
    assert str(db.select(ListingRow.id).where(*rows.all())).endswith("WHERE false")


def test_filters_that_exclude_each_other_skip_the_tag_and_the_search(shelf):  # noqa: F811
    filters = {"ssl": "unknown", "reason": "expired", "tag": "shop", "q": "zoe"}
    rows = plan.planned(query.rows_of(ada(), filters, NOW), ListingRow.id)
    assert (rows.link, rows.search) == (None, None)
    assert page.fetch(query.rows_of(ada(), filters, NOW), query.SORTS["ssl"], "ssl").total == 0


def test_the_filter_by_origin_reads_services_only(shelf):  # noqa: F811
    with writing():
        db.session.execute(db.update(Service).values(origin="cdn"))
    for more in ({}, {"q": "zoe"}, {"ssl": "valid"}):
        rows = query.rows_of(ada(), {"origin": "cdn", **more}, NOW)
        assert len(rows.splits) == 1
        found = ids_of(rows, query.SORTS["domain"], "domain", 25)
        every = query.rows_of(ada(), more, NOW).all()
        services = db.select(ListingRow.id).where(*every, ListingRow.kind == "service")
        assert sorted(found) == sorted(db.session.scalars(services))
        assert found


@pytest.mark.sqlite("PostgreSQL chooses by its own statistics")
@pytest.mark.parametrize(("word", "by_word"), [("n1.e", True), ("example", False)])
def test_rows_of_a_common_word_are_found_by_it_where_more_meet_the_filters(
    shelf,  # noqa: F811
    monkeypatch,
    word,
    by_word,
):
    monkeypatch.setattr(plan, "MOST_COUNTED", 0)
    monkeypatch.setattr(plan, "MOST_CANDIDATES", 0)
    rows = query.rows_of(ada(), {"issuer": "R11", "q": word}, NOW)
    planned = plan.planned(rows, ListingRow.id)
    assert rows_of(q=word) > 0
    assert (rows_of(q=word) < rows_of(issuer="R11")) is by_word
    assert (planned.search.candidates is not None) is by_word


def rows_of(**filters):
    rows = query.rows_of(ada(), filters, NOW)
    return db.session.query(ListingRow).where(*rows.all()).count()


KIND = Rows(splits=(ListingRow.kind == "service",))
ORDERS = {
    **{f"services by {sort}": (KIND, order) for sort, order in lists.SERVICE_SORTS.items()},
    **{f"domains by {sort}": (KIND, order) for sort, order in lists.DOMAIN_SORTS.items()},
    **{f"report by {sort}": (KIND, order) for sort, order in query.SORTS.items()},
    **{f"clients by {sort}": (Rows(), order) for sort, order in client_list.SORTS.items()},
    **{f"users by {sort}": (Rows(), order) for sort, order in users.SORTS.items()},
    "activity": (Rows(), audit_log.NEWEST_FIRST),
}


def sorts_by_itself(rows, order, part):
    """Whether SQLite puts the rows of a page in order itself: no index has them in this order."""
    one = Rows((*rows.where, *of_part(order, part)), rows.splits)
    found = one.all()
    statement = order.selected(part).where(*found).order_by(*order.index_columns(part)).limit(25)
    made = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
    plan = db.session.execute(text(f"EXPLAIN QUERY PLAN {made}")).all()
    return any("TEMP B-TREE" in step.detail for step in plan)


def of_part(order, part):
    if part == EMPTY:
        return (order.is_empty(),)
    return order.within or ((~order.is_empty(),) if order.empty_last else ())


@pytest.mark.sqlite("it is SQLite that tells whether it sorts by itself")
def test_every_order_has_its_index(in_app):
    without = [
        (name, part)
        for name, (rows, order) in ORDERS.items()
        for part in order.parts
        if sorts_by_itself(rows, order, part)
    ]
    assert without == []


@pytest.mark.sqlite("it is SQLite that tells whether it sorts by itself")
def test_every_order_of_the_rows_of_a_state_has_its_index(in_app):
    without = []
    for name, filters in product(query.SORTS, ONE_OF_EACH):
        order = narrowed(query.SORTS[name], query.rows_of(ada(), filters, NOW), filters)
        rows = Rows(order.splits[:1], KIND.splits)
        parts = order.parts if order.only is None else [order.only]
        without += [(name, filters) for part in parts if sorts_by_itself(rows, order, part)]
    for name, status in product(lists.SERVICE_SORTS, ServiceStatus):
        order = lists.understood("service", ada(), ListQuery(sort=name, status=status)).order
        rows = Rows(order.splits[:1], KIND.splits)
        without += [(name, status)] if sorts_by_itself(rows, order, order.parts[0]) else []
    assert without == []


@pytest.mark.sqlite("it is SQLite that tells whether it sorts by itself")
def test_an_order_without_an_index_is_found(in_app):
    assert sorts_by_itself(KIND, Order((ListingRow.text,), ListingRow.id), 0)
