"""How the rows of a list are found, whichever is quickest: by a link, an index of searches, one of
their conditions, all of them, or one after the other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

from sqlalchemy import Select, Table, false, func, literal, select
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import False_

from webapp.extensions import Column, db
from webapp.listing.order import near_start
from webapp.listing.rows import LinkedRow, Rows, Search, hidden

MOST_COUNTED = 5000  # rows
# Rows that are looked into by way of an index: of more, all rows as they are stored are quicker
MOST_SCATTERED = 50_000
# Rows that a link or an index of searches finds: up to so many are gathered, or looked into for
# what the filters say
MOST_CANDIDATES = 20_000
NEAR_START = 15_000  # the first rows of a table, which tell whether a word is common
FIRST = 150  # of these: where a third or fewer contain it, the others are not looked into
SAMPLED = 1000  # the first rows of a table: do more match a search, or the filters?


def planned(rows: Rows, id_: Column) -> Rows:
    """These rows, to be found by their link, by the index of their search, by their other
    conditions, or one after the other, whichever is quickest.

    `id_`: the id column of their table.
    """
    if any(isinstance(one, False_) for one in rows.where):  # filters that exclude each other
        return Rows((false(),), rows.splits)
    search = rows.search
    link = rows.link
    if link is not None and linked(link, MOST_CANDIDATES) <= MOST_CANDIDATES:
        contains = () if search is None else (search.contains,)
        return replace(rows, where=(*rows.where, *contains), search=None, scan=True)
    rows = _led(rows)
    if link is not None and rows.where and db.engine.dialect.name == "sqlite":
        # It would start from the link, however many have it
        rows = replace(rows, link=replace(link, may_lead=False))
    if search is None:
        return rows
    filtered = rows.where or link
    others = replace(rows, search=None)
    some = select(literal(1)).where(*others.all())
    most = MOST_COUNTED if search.indexed else MOST_SCATTERED
    few = count(some, most) if filtered else most + 1
    if few <= MOST_COUNTED or not search.indexed:
        scan = few > MOST_SCATTERED
        return replace(others, where=(*rows.where, search.contains), scan=scan)
    if not filtered:
        return rows
    if search.candidates is None:
        common = is_common(Rows(splits=rows.splits, search=search), id_)
    else:
        many = count(select(search.candidates.c.id), MOST_CANDIDATES) > MOST_CANDIDATES
        common = many and _search_matches_more(search, others, id_)
    if not common:
        return rows
    # So many rows contain it that those which meet the conditions do as well
    return replace(rows, search=Search(search.contains, indexed=True))


def _led(rows: Rows) -> Rows:
    """The same rows; on SQLite found by one column, where two of the conditions share no index:
    the first column whose conditions few rows meet, or else the first that is compared with a
    single value.

    SQLite's statistics are averages of a few rows (`analysis_limit`), so it would choose an index
    in which nearly all rows are next to each other.
    """
    if db.engine.dialect.name != "sqlite":
        return rows
    of_column = defaultdict[str, list[Any]](list)
    for one in rows.where:
        if _key(one):
            of_column[_key(one)].append(one)
    if all(_in_one_index(*pair) for pair in combinations(rows.where, 2)):
        return rows
    few = (some for some in of_column.values() if _are_few(Rows(tuple(some), rows.splits)))
    single = (some for some in of_column.values() if _is_value(some[0]))
    leading = next(few, None) or next(single, None)
    if leading is None:
        return rows
    kept = [one for one in rows.where if _in_one_index(one, leading[0])]
    others = [one for one in rows.where if not _in_one_index(one, leading[0])]
    return replace(rows, where=(*kept, hidden(others) == 1))


def _are_few(rows: Rows) -> bool:
    return count(select(literal(1)).where(*rows.all()), MOST_COUNTED) <= MOST_COUNTED


def _key(condition: Any) -> str:
    """The column that a condition compares with a value; "" where no index begins with it."""
    column: Any = getattr(condition, "left", None)
    key = str(getattr(column, "key", ""))
    return key if key and any(key in begin for begin in _begins(column.table)) else ""


def _is_value(condition: Any) -> bool:
    return condition.operator in (operators.eq, operators.is_)


def _in_one_index(one: Any, other: Any) -> bool:
    """Whether an index begins with the columns of both conditions; True where no index begins with
    one of them."""
    both = {_key(one), _key(other)}
    return "" in both or any(both <= begin for begin in _begins(one.left.table))


@cache
def _begins(table: Table) -> list[set[str]]:
    """The first three columns of each index of a table, and the column in the condition of one
    that has some of the rows only."""
    found = []
    for index in table.indexes:
        condition = index.dialect_options["sqlite"]["where"]
        filtered = set() if condition is None else {condition.left.key}
        found.append(filtered | {column.key for column in index.columns[:3]})
    return found


def leads_to_many(rows: Rows) -> bool:
    """Whether these rows, as `planned`, have a link that more than `MOST_CANDIDATES` have."""
    return rows.link is not None and not rows.scan


def is_common(rows: Rows, id_: Column) -> bool:
    """Whether more than `MOST_COUNTED` of the first `NEAR_START` rows of the table contain the
    search: to count them by way of PostgreSQL's index would take long.

    Always False where the database does not go by the index by itself. `rows` have no link.
    """
    if rows.search is None or not rows.search.by_itself:
        return False
    samples = ((FIRST, FIRST // 3), (NEAR_START, MOST_COUNTED))
    return all(count(near_start(rows, id_, first), most) > most for first, most in samples)


def _search_matches_more(search: Search, others: Rows, id_: Column) -> bool:
    """Whether more of the first rows of the table match the search than are among the others."""
    link = others.link
    met = replace(others, link=link and replace(link, may_lead=False))
    containing = Rows(splits=others.splits, search=Search(search.contains))
    first = [count(near_start(rows, id_, SAMPLED), SAMPLED) for rows in (containing, met)]
    return first[0] > first[1]


def linked(link: LinkedRow, most: int) -> int:
    # In the order of its index: else PostgreSQL may read the whole table
    found = select(literal(1)).where(link.chosen, *link.of_list).order_by(link.column)
    return count(found, most)


def count(rows: Select[Any], most: int) -> int:
    """How many there are, up to one more than `most`."""
    some = rows.limit(most + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0
