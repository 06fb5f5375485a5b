"""SSL Status Monitoring: every service and every domain in one table.

Sorts and filters are on whitelists.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Select, exists, func, literal, select, union_all

from webapp.customers import access, listing_row, tags
from webapp.customers.access import Item
from webapp.customers.listing_row import ListingRow
from webapp.customers.lists import Listing
from webapp.customers.models import User
from webapp.customers.name_key import name_key
from webapp.customers.orders import narrowed
from webapp.extensions import db
from webapp.listing import page
from webapp.monitor.models import Target
from webapp.reports import tally
from webapp.reports.query import ReportQuery, mondays, rows_of
from webapp.reports.tally import Tally
from webapp.words import states
from webapp.words.report_filters import ORIGINS

MOST_ISSUERS = 200  # that can be chosen from


@dataclass(frozen=True)
class Week:
    """How many valid certificates expire in the week from this Monday on."""

    monday: date
    ending: int


@dataclass(frozen=True)
class Report(Listing[Item]):
    """One page of the report, and what stands above it.

    The numbers are empty where there are too many items to count, see `tally.tallies`.
    """

    # Of each of `words.states.STATE_FILTERS`, with all filters but this one
    totals: Mapping[str, int] = field(default_factory=dict)
    weeks: Sequence[Week] = ()  # the weeks ahead, with all filters but those of state and expiry
    issuers: Sequence[str] = ()  # what can be filtered by


def report(user: User, question: ReportQuery, now: datetime) -> Report:
    """One page of everything this user may see at `now`."""
    choices = _choices()
    filters, client = question.understood(choices.issuers)
    rows = rows_of(user, filters, now)
    size = page.size_of(question.size)
    order = narrowed(question.order, rows, filters)
    shown = page.fetch(rows, order, question.known_sort, question.page, size)
    by_rank, by_week = tally.tallies(user, filters, now, many=not shown.exact)
    return Report(
        access.items_of_rows(user, shown.ids),
        shown,
        filters.get("q", ""),
        question.known_sort,
        _without(filters, "q"),
        client,
        origins=ORIGINS if "origin" in filters or choices.any_origin else {},
        browsers=states.BROWSERS if "browsers" in filters or choices.any_refused else {},
        tags=tags.choices(choices.tags, filters.get("tag", "")),
        totals=_totals(by_rank),
        weeks=_weeks(by_week, now),
        issuers=choices.issuers,
    )


@dataclass(frozen=True)
class Numbers:
    """What stands above the report, of everything."""

    totals: Mapping[str, int]
    weeks: Sequence[Week]
    filters: Mapping[str, str] = field(default_factory=dict)


def numbers(user: User, now: datetime) -> Numbers:
    """How many items this user may see are in each state, and how many expire in each week."""
    by_rank, by_week = tally.tallies(user, {}, now, many=False)
    return Numbers(_totals(by_rank), _weeks(by_week, now))


def understood(question: ReportQuery) -> dict[str, str]:
    """The filters that a question means."""
    return question.understood(_choices().issuers)[0]


def first_rows(
    user: User, question: ReportQuery, now: datetime, most: int
) -> tuple[list[Item], page.Page]:
    """The first rows of the report in its order, at most so many, and how many there are in all."""
    filters = understood(question)
    rows = rows_of(user, filters, now)
    order = narrowed(question.order, rows, filters)
    shown = page.fetch(rows, order, question.known_sort, size=most)
    return access.items_of_rows(user, shown.ids), shown


@dataclass(frozen=True)
class _Choices:
    """What the report can be filtered by. `any_origin`: of some service it is known where it leads.
    `any_refused`: browsers may refuse some certificate."""

    issuers: tuple[str, ...]
    tags: list[str]
    any_origin: bool
    any_refused: bool


def _choices() -> _Choices:
    """All of it, read in one statement."""
    found = defaultdict[str, list[str]](list)
    for word, name in db.session.execute(_choices_query()):
        found[word].append(name)
    return _Choices(
        tuple(sorted(found["issuer"], key=str.lower))[:MOST_ISSUERS],
        sorted(found["tag"], key=name_key),
        any_origin="origin" in found,
        any_refused="refused" in found,
    )


@cache
def _choices_query() -> CompoundSelect[Any]:
    known = {
        "issuer": _issuers(),
        "tag": tags.in_use(),
        "origin": select(literal("")).where(exists().where(ListingRow.origin.is_not(None))),
        "refused": select(literal("")).where(exists().where(ListingRow.browsers_refuse.is_(True))),
    }
    return union_all(*(select(literal(word), *names.subquery().c) for word, names in known.items()))


def _issuers() -> Select[Any]:
    """The issuers of the certificates there are.

    Each is looked up in the index behind the one before: there are few of them, in many rows.
    """
    first = select(func.min(Target.issuer).label("issuer")).where(Target.issuer != "")
    found = first.cte("issuers", recursive=True)
    following = select(func.min(Target.issuer)).where(Target.issuer > found.c.issuer)
    found = found.union_all(select(following.scalar_subquery()).where(found.c.issuer.is_not(None)))
    return select(found.c.issuer).where(found.c.issuer.is_not(None)).limit(MOST_ISSUERS + 1)


def _totals(found: Tally | None) -> Mapping[str, int]:
    """How many there are of each of `words.states.STATE_FILTERS`; empty where a search finds
    too many to count."""
    if found is None:
        return {}
    numbers = Counter[int]()
    for (rank, _), number in found.items():
        numbers[rank] += number
    return {kind: sum(numbers[rank] for rank in ranks) for kind, ranks in listing_row.RANKS.items()}


def _weeks(found: Tally | None, now: datetime) -> list[Week]:
    """How many valid certificates expire in each of the weeks ahead; empty where a search
    finds too many to count."""
    if found is None:
        return []
    numbers = Counter[int | None]()
    for (_, week), number in found.items():
        numbers[week] += number
    return [Week(monday, numbers[week]) for week, monday in enumerate(mondays(now))]


def _without(filters: Mapping[str, str], *names: str) -> dict[str, str]:
    """All filters but these."""
    return {name: word for name, word in filters.items() if name not in names}
