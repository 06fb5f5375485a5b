"""A page of any table: by both plans, in both directions, and from any text in the address bar."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain, takewhile

import pytest
from sqlalchemy import Column, Date, Index, Integer, MetaData, String, Table, insert, or_, select

from webapp.extensions import Instant, db, writing
from webapp.listing import cursor, in_memory, page, plan
from webapp.listing.cursor import Cursor
from webapp.listing.order import EMPTY, FILLED, Order, Traversal, walk
from webapp.listing.rows import Rows, Search

TABLES = MetaData()
THING = Table(
    "thing",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("kind", String(5)),
    Column("number", Integer),
    Column("name", String(20)),
    Index("ix_thing_number", "kind", "number", "id"),
    Index("ix_thing_name", "kind", "name", "id"),
)
BOTH = Rows(splits=(THING.c.kind == "x", THING.c.kind == "y"))
ORDERS = {
    "number": Order((THING.c.number,), THING.c.id, empty_last=True),
    "name": Order((THING.c.name,), THING.c.id),
    "id": Order((), THING.c.id),
}


@pytest.fixture
def things(in_app):
    """130 rows full of ties and gaps."""
    chance = random.Random(1)  # noqa: S311 - the same every time
    made = [
        {"kind": chance.choice("xy"), "number": chance.choice([None, 1, 2]), "id": number}
        | {"name": chance.choice("abc")}
        for number in range(1, 131)
    ]
    with writing():
        TABLES.create_all(db.session.connection())
        db.session.execute(insert(THING), made)
    yield
    with writing():
        TABLES.drop_all(db.session.connection())


@pytest.fixture(params=[5000, 0], ids=["gathered", "walked"])
def either_way(request, monkeypatch):
    """Each of the two ways."""
    monkeypatch.setattr(plan, "MOST_COUNTED", request.param)


def in_plain_order(name, backwards):
    column = THING.c[name]
    rows = db.session.execute(select(column.label("value"), THING.c.id)).all()
    filled = sorted((row for row in rows if row.value is not None), reverse=backwards)
    empty = sorted((row.id for row in rows if row.value is None), reverse=backwards)
    return [*(row.id for row in filled), *empty]


@pytest.mark.parametrize("sort", [way + name for name in ORDERS for way in ("", "-")])
def test_forwards_and_back_again_the_pages_are_a_plain_sort(things, either_way, sort):
    order = ORDERS[sort.removeprefix("-")]
    whole = in_plain_order(sort.removeprefix("-"), sort.startswith("-"))
    found = [page.fetch(BOTH, order, sort)]
    while found[-1].following:
        found.append(page.fetch(BOTH, order, sort, found[-1].following))
    assert [id_ for one in found for id_ in one.ids] == whole
    assert [one.first for one in found] == [1, 26, 51, 76, 101, 126]
    back = [page.fetch(BOTH, order, sort, found[-1].previous)]
    while back[-1].previous:
        back.append(page.fetch(BOTH, order, sort, back[-1].previous))
    assert [(one.ids, one.first) for one in back[::-1]] == [
        (one.ids, one.first) for one in found[:-1]
    ]


@pytest.mark.parametrize("sort", [way + name for name in ORDERS for way in ("", "-")])
def test_a_list_that_is_read_as_a_whole_is_a_plain_sort(things, monkeypatch, sort):
    monkeypatch.setattr(page, "ROWS_AT_ONCE", 50)
    parts = list(page.all_ids(BOTH, ORDERS[sort.removeprefix("-")], sort))
    assert [len(part) for part in parts] == [50, 50, 30]
    whole = in_plain_order(sort.removeprefix("-"), sort.startswith("-"))
    assert [id_ for part in parts for id_ in part] == whole


HITS = (THING.c.name == "a") | (THING.c.number == 2)
PARTS = (HITS & (THING.c.kind < "y"), HITS & (THING.c.kind > "x"))


@pytest.mark.parametrize("sort", ["number", "-name", "id"])
@pytest.mark.parametrize("search", ["with an index each", "with one index"])
@pytest.mark.parametrize(
    "limits",
    [(5000, 5000, 9), (20, 5000, 9), (20, 5000, 0), (20, 20, 9), (20, 20, 0), (0, 0, 130)],
    ids=["few", "gathered", "gathered unscanned", "walked", "collected", "near the start"],
)
def test_all_pages_of_a_search_are_a_plain_sort_with_one_total(
    things, monkeypatch, sort, search, limits
):
    for owner, name, limit in zip(
        (plan, plan, plan), ("MOST_COUNTED", "MOST_CANDIDATES", "NEAR_START"), limits, strict=True
    ):
        monkeypatch.setattr(owner, name, limit)
    monkeypatch.setattr(page, "ROWS_PER_HIT", (1, 2) if limits[2] else (0,))
    split = search == "with an index each"
    rows = replace(
        BOTH if split else Rows(),
        search=Search(HITS, indexed=True, by_itself=True, parts=PARTS if split else ()),
    )
    hits = {*db.session.scalars(select(THING.c.id).where(HITS))}
    name, backwards = sort.removeprefix("-"), sort.startswith("-")
    order = ORDERS[name]
    whole = [id_ for id_ in in_plain_order(name, backwards) if id_ in hits]
    assert len(whole) > 50
    found = [page.fetch(rows, order, sort)]
    while found[-1].following and len(found) < 9:
        found.append(page.fetch(rows, order, sort, found[-1].following))
    assert [id_ for one in found for id_ in one.ids] == whole
    back = [page.fetch(rows, order, sort, found[-1].previous)]
    while back[-1].previous and len(back) < 9:
        back.append(page.fetch(rows, order, sort, back[-1].previous))
    assert [one.ids for one in back[::-1]] == [one.ids for one in found[:-1]]
    last = page.fetch(rows, order, sort, cursor.LAST)
    assert last.ids == whole[-len(last.ids) :]
    totals = {(one.total, one.exact) for one in (*found, *back, last)}
    counted = limits[0]
    assert totals == {(len(whole), True) if counted >= len(whole) else (counted, False)}


@pytest.mark.parametrize(
    ("contains", "most", "counted"),
    [(HITS, 20, True), (HITS, 100, False), (THING.c.id > 0, 1000, True)],
    ids=["too many", "fewer", "in every row"],
)
def test_a_search_is_counted_only_where_the_next_rows_let_expect_too_many(
    things, monkeypatch, contains, most, counted
):
    asked = []
    total = page._total
    monkeypatch.setattr(page, "_total", lambda of: asked.append(of) or total(of))
    monkeypatch.setattr(page, "ROWS_PER_HIT", (1, 40))
    monkeypatch.setattr(plan, "MOST_COUNTED", most)
    found = page.fetch(Rows(search=Search(contains, indexed=True)), ORDERS["id"], "id")
    assert bool(asked) is counted
    assert found.ids == list(db.session.scalars(select(THING.c.id).where(contains).limit(25)))


@pytest.mark.parametrize("looked_into", range(0, 70, 3))
def test_a_scan_finds_what_contains_the_search_up_to_the_first_row_not_looked_into(
    things, looked_into
):
    search = Search(THING.c.id % 5 == 0, indexed=True)
    way = Traversal(ORDERS["id"], None, backwards=False, up=False)
    some = walk(replace(BOTH, search=search), way, 100, looked_into)
    found = [row.id for row in takewhile(lambda row: not row.edge, db.session.execute(some))]
    kinds = {kind: select(THING.c.id).where(THING.c.kind == kind) for kind in "xy"}
    edges = [
        [*db.session.scalars(rows.order_by(THING.c.id).offset(looked_into).limit(1))]
        for rows in kinds.values()
    ]
    assert found == list(range(5, min([131, *chain(*edges)]), 5))


@pytest.mark.parametrize(
    ("by_itself", "near_start", "common"),
    [(True, 130, True), (True, 20, False), (False, 130, False)],
    ids=["common", "rare near the start", "another database"],
)
def test_a_search_that_many_rows_near_the_start_have_is_common(
    things, monkeypatch, by_itself, near_start, common
):
    monkeypatch.setattr(plan, "MOST_COUNTED", 40)
    monkeypatch.setattr(plan, "NEAR_START", near_start)
    rows = Rows(search=Search(HITS, indexed=True, by_itself=by_itself))
    assert plan.is_common(rows, THING.c.id) is common


def test_a_search_that_few_of_the_first_rows_have_is_not_common_and_no_others_are_looked_into(
    things, monkeypatch
):
    looked_into = []
    monkeypatch.setattr(plan, "MOST_COUNTED", 0)
    near_start = plan.near_start
    monkeypatch.setattr(
        plan, "near_start", lambda *of: looked_into.append(of[-1]) or near_start(*of)
    )
    rows = Rows(search=Search(THING.c.id > 100, indexed=True, by_itself=True))
    assert not plan.is_common(rows, THING.c.id)
    assert looked_into == [plan.FIRST]


def test_the_last_page_is_reached_at_once(things, either_way):
    last = page.fetch(BOTH, ORDERS["name"], "name", cursor.LAST)
    whole = in_plain_order("name", False)
    counted = plan.MOST_COUNTED
    assert last.ids == (whole[-5:] if counted else whole[-25:])
    assert (last.following, last.first) == ("", 126 if counted else 0)
    before = page.fetch(BOTH, ORDERS["name"], "name", last.previous)
    assert before.ids == whole[: -len(last.ids)][-25:]


@pytest.mark.parametrize("text", ["7", "-1", "abc", "²", "x" * 9999, "bnVsbA", "W10", "WzFd", "%"])
def test_any_other_text_is_the_first_page(things, either_way, text):
    shown = page.fetch(BOTH, ORDERS["name"], "name", text)
    assert (shown.ids, shown.first) == (in_plain_order("name", False)[:25], 1)


def test_a_cursor_of_another_order_is_the_first_page(things, either_way):
    other = page.fetch(BOTH, ORDERS["number"], "number").following
    assert page.fetch(BOTH, ORDERS["name"], "name", other).first == 1


def test_where_what_followed_has_gone_the_first_page_is_shown(things, either_way):
    last = page.fetch(BOTH, ORDERS["id"], "id", cursor.LAST)
    fifth = page.fetch(BOTH, ORDERS["id"], "id", last.previous)
    with writing():
        db.session.execute(THING.delete().where(THING.c.id > fifth.ids[-1]))
    assert page.fetch(BOTH, ORDERS["id"], "id", fifth.following).ids[0] == 1


def test_rows_that_the_caller_has_counted_are_not_counted_again(things, monkeypatch):
    expected = page.fetch(BOTH, ORDERS["name"], "name")
    monkeypatch.setattr(plan, "count", pytest.fail)
    assert page.fetch(BOTH, ORDERS["name"], "name", total=130) == expected


def test_rows_of_a_few_values_are_walked_value_by_value(things, monkeypatch):
    monkeypatch.setattr(plan, "MOST_COUNTED", 0)
    values = (THING.c.name == "a", THING.c.name == "c")
    rows = Rows((or_(*values),), BOTH.splits)
    order = replace(ORDERS["number"], splits=values)
    few = {*db.session.scalars(select(THING.c.id).where(*rows.all()))}
    assert page.fetch(rows, order, "number", size=100).ids == [
        one for one in in_plain_order("number", False) if one in few
    ]
    # A piece for each of two kinds, two values and two parts
    assert str(walk(rows, Traversal(order, None, False, False), 1)).count("UNION ALL") == 7


@pytest.mark.parametrize("only", [FILLED, EMPTY])
def test_no_other_part_is_walked_than_the_one_that_all_rows_are_of(things, monkeypatch, only):
    monkeypatch.setattr(plan, "MOST_COUNTED", 0)
    column = THING.c.number
    within = (column == 2,) if only == FILLED else (column.is_(None),)
    order = replace(ORDERS["number"], within=within, only=only)
    rows = Rows(within, BOTH.splits)
    few = [*db.session.scalars(select(THING.c.id).where(*within).order_by(THING.c.id))]
    assert page.fetch(rows, order, "number", size=100).ids == few
    # One piece for each of the two kinds
    assert str(walk(rows, Traversal(order, None, False, False), 1)).count("UNION ALL") == 1


@pytest.mark.parametrize(
    ("only", "at"),
    [(FILLED, Cursor(True, EMPTY, (7,), 0)), (EMPTY, Cursor(False, FILLED, (1, 7), 0))],
)
def test_a_cursor_of_a_part_that_the_rows_are_not_of_is_the_first_page(
    things, either_way, only, at
):
    column = THING.c.number
    within = (column == 2,) if only == FILLED else (column.is_(None),)
    order = replace(ORDERS["number"], within=within, only=only)
    rows = Rows(within, BOTH.splits)
    shown = page.fetch(rows, order, "number", at.encode("number"))
    assert (shown.lost, shown.ids) == (True, page.fetch(rows, order, "number").ids)


def test_nothing_is_an_empty_page(things):
    nothing = Rows((THING.c.name == "nothing",))
    shown = page.fetch(nothing, ORDERS["name"], "name")
    assert (shown.ids, shown.total, shown.exact, shown.following) == ([], 0, True, "")


VALUES = (date(2026, 1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC), "é \U0001f512", -7)
TYPES = [[Date(), Instant(), String(), Integer()]]


def test_a_cursor_comes_back_as_it_was():
    one = Cursor(True, 0, VALUES, 26)
    assert cursor.decode(one.encode("-due"), "-due", TYPES) == one
    assert cursor.decode(one.encode("due"), "-due", TYPES) is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *((0, value) for value in ("2026-13-01", 7, None, "x")),
        *((1, value) for value in ("0001-01-01T00:00:00+23:59", [], "9")),
        *((2, value) for value in ("a\0b", "\ud800", 7, None)),
        *((3, value) for value in (2**63, 1.5, True, "7", None)),
    ],
)
def test_values_that_no_database_takes_are_no_cursor(place, value):
    values = [*VALUES]
    values[place] = value
    text = Cursor(True, 0, tuple(values), 26).encode("due")
    assert cursor.decode(text, "due", TYPES) is None


@pytest.mark.parametrize("total", [0, 1, 25, 26, 60])
def test_pages_of_what_is_in_memory_follow_each_other(total):
    names = [f"{number:03}.example" for number in range(total)]
    at, places = "", []
    while True:
        shown = in_memory.slice_of(names, "name", at)
        places += shown.ids
        if not shown.following:
            break
        back = in_memory.slice_of(
            names, "name", in_memory.slice_of(names, "name", shown.following).previous
        )
        assert back == shown
        at = shown.following
    assert places == list(range(total))
    assert in_memory.slice_of(names, "name", cursor.LAST).ids == shown.ids
    assert in_memory.slice_of(names, "name", "nowhere").lost
