"""A page of any table: by both plans, in both directions, and from any text in the address bar."""

import random
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Column, Date, Index, Integer, MetaData, String, Table, insert, select

from webapp.extensions import Instant, db, writing
from webapp.listing import cursor, page
from webapp.listing.cursor import Cursor
from webapp.listing.order import Order, Rows

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


@pytest.fixture(params=[(5000, 0), (0, 0), (0, 130)], ids=["gathered", "walked", "counted"])
def known(request, monkeypatch):
    """How many rows there are, as a counter knows; the plan that is taken follows from it."""
    most, known = request.param
    monkeypatch.setattr(page, "MOST_COUNTED", most)
    return known


def in_plain_order(name, backwards):
    column = THING.c[name]
    rows = db.session.execute(select(column.label("value"), THING.c.id)).all()
    filled = sorted((row for row in rows if row.value is not None), reverse=backwards)
    empty = sorted((row.id for row in rows if row.value is None), reverse=backwards)
    return [*(row.id for row in filled), *empty]


@pytest.mark.parametrize("sort", [way + name for name in ORDERS for way in ("", "-")])
def test_forwards_and_back_again_the_pages_are_a_plain_sort(things, known, sort):
    order = ORDERS[sort.removeprefix("-")]
    whole = in_plain_order(sort.removeprefix("-"), sort.startswith("-"))
    found = [page.fetch(BOTH, order, sort, known=known)]
    while found[-1].following:
        found.append(page.fetch(BOTH, order, sort, found[-1].following, known=known))
    assert [id_ for one in found for id_ in one.ids] == whole
    assert [one.first for one in found] == [1, 26, 51, 76, 101, 126]
    back = [page.fetch(BOTH, order, sort, found[-1].previous, known=known)]
    while back[-1].previous:
        back.append(page.fetch(BOTH, order, sort, back[-1].previous, known=known))
    assert [(one.ids, one.first) for one in back[::-1]] == [
        (one.ids, one.first) for one in found[:-1]
    ]


def test_the_last_page_is_reached_at_once(things, known):
    last = page.fetch(BOTH, ORDERS["name"], "name", cursor.LAST, known=known)
    whole = in_plain_order("name", False)
    counted = known or page.MOST_COUNTED
    assert last.ids == (whole[-5:] if counted else whole[-25:])
    assert (last.following, last.first) == ("", 126 if counted else 0)
    before = page.fetch(BOTH, ORDERS["name"], "name", last.previous, known=known)
    assert before.ids == whole[: -len(last.ids)][-25:]


@pytest.mark.parametrize("text", ["7", "-1", "abc", "²", "x" * 9999, "bnVsbA", "W10", "WzFd", "%"])
def test_any_other_text_is_the_first_page(things, known, text):
    shown = page.fetch(BOTH, ORDERS["name"], "name", text, known=known)
    assert (shown.ids, shown.first) == (in_plain_order("name", False)[:25], 1)


def test_a_cursor_of_another_order_is_the_first_page(things, known):
    other = page.fetch(BOTH, ORDERS["number"], "number", known=known).following
    assert page.fetch(BOTH, ORDERS["name"], "name", other, known=known).first == 1


def test_where_what_followed_has_gone_the_first_page_is_shown(things, known):
    last = page.fetch(BOTH, ORDERS["id"], "id", cursor.LAST, known=known)
    fifth = page.fetch(BOTH, ORDERS["id"], "id", last.previous, known=known)
    with writing():
        db.session.execute(THING.delete().where(THING.c.id > fifth.ids[-1]))
    assert page.fetch(BOTH, ORDERS["id"], "id", fifth.following, known=known).ids[0] == 1


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
