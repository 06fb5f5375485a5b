"""How many rows of the report there are of each state, and how many expire in each week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, SelectBase, and_, case, func, literal, null, select, true

from webapp.customers import listing_row
from webapp.customers.listing_row import INACTIVE, ListingRow
from webapp.customers.models import Client, User
from webapp.extensions import db
from webapp.listing import plan
from webapp.listing.plan import MOST_COUNTED
from webapp.listing.rows import Rows
from webapp.probe import Reason
from webapp.reports.query import WEEK, mondays, rows_of, window
from webapp.site import CountedRows, this_site

COUNTED_AGAIN = timedelta(seconds=60)  # numbers of many rows are as old, at most
MOST_REMEMBERED = 200  # of those numbers
MOST_OF_INDEX = 100_000  # rows that are counted one by one along an index that has it all

# How many rows there are of each rank, and of the valid ones of each of the weeks ahead; None: of
# no week, or of any.
Tally = Counter[tuple[int, int | None]]
Range = tuple[int, int | None, ColumnElement[bool]]


def tallies(
    user: User, filters: Mapping[str, str], now: datetime, *, many: bool
) -> tuple[Tally | None, Tally | None]:
    """The rows with these filters by rank, whatever filter of state is among them; and the valid
    ones by week, whatever filter of expiry.

    None where a search finds more than `MOST_COUNTED`, there are so `many` with all filters; where
    a tag has more items than `plan.MOST_CANDIDATES`, or several filters have more rows; and where
    more than `MOST_OF_INDEX` were last checked before a time.
    """
    if many and "q" in filters:
        return None, None
    of_ranks = {name: word for name, word in filters.items() if name != "ssl"}
    of_weeks = {name: word for name, word in of_ranks.items() if name != "expires"}
    by_rank = _tally(user, of_ranks, now, weeks=False)
    few = by_rank is None or by_rank.total() <= MOST_COUNTED
    if of_weeks == of_ranks and (few or _at_once(of_ranks)):
        return by_rank, by_rank
    return by_rank, _tally(user, of_weeks, now, weeks=True)


def _at_once(filters: Mapping[str, str]) -> bool:
    """Whether one statement counts ranks and weeks of many rows: one index has both, or a tag leads
    to the rows."""
    return filters.keys() <= {"issuer"} or filters.keys() == {"checked"} or "tag" in filters


def _tally(user: User, filters: Mapping[str, str], now: datetime, *, weeks: bool) -> Tally | None:
    """The rows with these filters by rank, or the valid ones by week; both `_at_once`, and of up to
    `MOST_COUNTED`.

    More than `MOST_COUNTED` are counted once a minute, as ranks move in the scheduler's minute.
    """
    known = this_site().counted_rows
    # All who see everything share them
    whose = 0 if user.sees_everything else user.id
    key = (whose, weeks and not _at_once(filters), *sorted(filters.items()))
    if key in known and timedelta() <= now - known[key].counted_at < COUNTED_AGAIN:
        return known[key].numbers
    if weeks and _ranks(filters) != listing_row.RANKS["valid"]:
        return Tally()
    rows = plan.planned(rows_of(user, filters, now), ListingRow.id)
    if plan.leads_to_many(rows) and not rows.where:
        return None
    # A tag alone has few enough items to count all of them
    linked = rows.link is not None and rows.scan and "q" not in filters
    most = None if linked else MOST_COUNTED + 1
    found = _grouped(rows.matching(select(ListingRow.rank, _week(_ends(now))), most))
    if found.total() <= MOST_COUNTED:
        return found
    if "q" in filters or plan.leads_to_many(rows):
        return None
    numbers = found if linked else _along_indexes(user, filters, rows, now, weeks=weeks)
    if len(known) >= MOST_REMEMBERED:
        known.clear()
    known[key] = CountedRows(numbers, now)
    return numbers


def _ranks(filters: Mapping[str, str]) -> tuple[int, ...]:
    """The ranks of rows with the reason that is asked for; without one those of valid rows."""
    return listing_row.ranks_of_reason(filters.get("reason", Reason.OK))


def _along_indexes(
    user: User, filters: Mapping[str, str], rows: Rows, now: datetime, *, weeks: bool
) -> Tally | None:
    """The tally of more than `MOST_COUNTED` rows, counted along an index where one fits the
    filters. None where they are too many, see `tallies`."""
    if user.sees_everything and not filters:
        found = _counted(rows, [one for one in _rank_and_week_ranges(now) if one[0] != INACTIVE])
        # Often the most by far: what clients have and no other rank has
        found[INACTIVE, None] = _items() - found.total()
        return found
    if user.sees_everything and filters.keys() == {"issuer"}:
        return _counted(rows, [*_rank_and_week_ranges(now)])
    if _at_once(filters):
        # PostgreSQL walks an index for one of the splits; for all at once it reads the table
        whole = Tally()
        for split in rows.splits:
            where = replace(rows, splits=(split,)).all()
            some = select(ListingRow.rank, _week(_ends(now))).where(*where).limit(MOST_OF_INDEX + 1)
            whole += _grouped(some)
            if whole.total() > MOST_OF_INDEX:
                return None
        return whole
    if user.sees_everything and filters.keys() == {"expires"}:
        return _counted(Rows(splits=rows.splits), [*_rank_ranges(filters["expires"], now)])
    ranks = _ranks(filters)
    if len(filters) == 1 and not weeks and len(ranks) == 1:
        # It is the same for all rows of most reasons, which need not be read for it
        return _counted(rows, [(ranks[0], None, true())])
    if weeks:
        valid = ListingRow.rank.in_(listing_row.RANKS["valid"])
        where = (*rows.all(), valid, ListingRow.not_after < _ends(now)[-1])
        chosen = select(literal(listing_row.VALID), _week(_ends(now))).where(*where)
    else:
        chosen = select(ListingRow.rank, null()).where(*rows.all())
    if len(filters) == 1:
        return _grouped(chosen)
    quick = _grouped(chosen.limit(plan.MOST_CANDIDATES + 1))
    return quick if quick.total() <= plan.MOST_CANDIDATES else None


def _items() -> int:
    """How many items there are, by the numbers that stand with each client."""
    return db.session.scalar(select(func.sum(Client.service_count + Client.domain_count))) or 0


def _ends(now: datetime) -> tuple[datetime, ...]:
    """When each of the weeks ahead ends."""
    return tuple(
        datetime.combine(monday + WEEK, time.min, tzinfo=UTC)  # of the calendar that `window` has
        for monday in mondays(now)
    )


@lru_cache(maxsize=1)  # it is the same all week
def _week(ends: tuple[datetime, ...]) -> Any:
    """The number of the week in which a valid certificate expires; NULL for others."""
    valid = ListingRow.rank.in_(listing_row.RANKS["valid"])
    each = [(ListingRow.not_after < end, week) for week, end in enumerate(ends)]
    return case((~valid, null()), *each)


def _grouped(rows: SelectBase) -> Tally:
    """How often each pair of values comes."""
    some = rows.subquery()
    rank, week = some.c
    found = Tally()
    for one, other, number in db.session.execute(
        select(rank, week, func.count()).group_by(rank, week)
    ):
        found[one, other] = number
    return found


def _rank_and_week_ranges(now: datetime) -> Iterator[Range]:
    """Ranges of the index of rank and expiry that have each row once."""
    ends = _ends(now)
    day = ListingRow.not_after
    for rank in range(INACTIVE + 1):
        of_rank = ListingRow.rank == rank
        if rank not in listing_row.RANKS["valid"]:
            yield rank, None, of_rank
            continue
        yield rank, None, and_(of_rank, day.is_(None))
        yield rank, 0, and_(of_rank, day < ends[0])
        for week in range(1, len(ends)):
            yield rank, week, and_(of_rank, day >= ends[week - 1], day < ends[week])
        yield rank, None, and_(of_rank, day >= ends[-1])


def _rank_ranges(expires: str, now: datetime) -> Iterator[Range]:
    """The ranges of that index that this filter lets through."""
    start, end = window(expires, now)
    expiring = [ListingRow.not_after < end]
    if start is not None:
        expiring.append(ListingRow.not_after >= start)
    for rank in range(INACTIVE + 1):
        yield rank, None, and_(ListingRow.rank == rank, *expiring)


def _counted(rows: Rows, ranges: list[Range]) -> Tally:
    """How many of the rows each of these ranges has: to count along an index is quicker than to
    sort rows into groups. In one statement for each split, so that it is compiled once."""
    found = Tally()
    for split in rows.splits:
        counts = [
            select(func.count()).select_from(ListingRow).where(split, *rows.where, within)
            for _, _, within in ranges
        ]
        numbers = db.session.execute(select(*(one.scalar_subquery() for one in counts))).one()
        for (rank, week, _), number in zip(ranges, numbers, strict=True):
            found[rank, week] += number
    return found
