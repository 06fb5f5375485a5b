"""SSL Status Monitoring: every service and every domain in one table.

Sorts and filters are on whitelists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Subquery, case, exists, func, or_, select, union_all

from webapp.customers import counts, paging, segments, state_filters
from webapp.customers.access import Item, items_for
from webapp.customers.lists import Listing
from webapp.customers.models import Service, User
from webapp.customers.state_filters import Model
from webapp.extensions import db
from webapp.monitor.models import Target
from webapp.probe import Reason
from webapp.reports.orders import DEFAULT_SORT, MODELS, OWN_SORTS, SORTS, arms, in_order, without
from webapp.reports.questions import REASONS, ReportQuery, mondays, window
from webapp.words import states
from webapp.words.report_filters import NEVER_ASKED, ORIGINS

R = TypeVar("R")

MOST_ISSUERS = 200  # that can be chosen from


@dataclass(frozen=True)
class Week:
    """How many valid certificates expire in the week from this Monday on."""

    monday: date
    ending: int


@dataclass(frozen=True)
class Report(Listing[Item]):
    """One page of the report, and what stands above it."""

    # Of each of `state_filters.FILTERS`, with all filters but this one
    totals: Mapping[str, int] = field(default_factory=dict)
    weeks: Sequence[Week] = ()  # the weeks ahead, with all filters but those of state and expiry
    issuers: Sequence[str] = ()  # what can be filtered by


def report(user: User, question: ReportQuery, now: datetime) -> Report:
    """One page of everything this user may see, with the state the padlocks have at `now`."""
    issuers = known_issuers()
    filters, client = question.understood(issuers)
    sort = _sort(question)
    order = in_order(user, filters, sort, now)
    column = sort.removeprefix("-")
    in_groups = groups(user, filters, now)

    def count(anew: bool) -> Sequence[int]:
        nonlocal in_groups
        if column == "reason":
            *given, inactive = reasons(user, filters, now, anew=anew)
            return [*(given[::-1] if sort.startswith("-") else given), inactive]
        if anew:
            in_groups = groups(user, filters, now, anew=True)
        chosen = (
            [in_groups[place] for place in state_filters.PLACES[filters["ssl"]]]
            if "ssl" in filters
            else in_groups
        )
        if column in OWN_SORTS:
            return [sum(chosen)]
        return chosen[::-1] if sort.startswith("-") else chosen

    page = paging.fetch(
        _key(user, filters, "rows"),
        order,
        (question.page, question.size),
        lambda found: fetch(user, found),
        sort=sort,
        count=count if column in ("ssl", "reason", *OWN_SORTS) else None,
    )
    any_origin, any_refused = _worth_a_filter()
    return Report(
        page.rows,
        page.total,
        filters.get("q", ""),
        sort,
        page.number,
        page.pages,
        page.size,
        without(filters, "q"),
        client,
        totals=totals(in_groups),
        weeks=weeks(user, filters, now),
        issuers=issuers,
        origins=ORIGINS if "origin" in filters or any_origin else {},
        browsers=states.BROWSERS if "browsers" in filters or any_refused else {},
    )


def understood(question: ReportQuery) -> tuple[dict[str, str], str]:
    """The filters and the sort that a question means."""
    return question.understood(known_issuers())[0], _sort(question)


def _sort(question: ReportQuery) -> str:
    return question.sort if question.sort.removeprefix("-") in SORTS else DEFAULT_SORT


def first_rows(
    user: User, question: ReportQuery, now: datetime, most: int
) -> tuple[list[Item], int]:
    """The first rows of the report in its order, at most so many, and how many there are in all."""
    filters, sort = understood(question)
    order = in_order(user, filters, sort, now)
    numbers = segments.settled(order, counts.taken(segments.counting(order)))
    total = sum(numbers)
    if not total:
        return [], 0
    return fetch(
        user, segments.rows_of_page(order, numbers, 0, most, backwards=sort.startswith("-"))
    ), total


def known_issuers() -> tuple[str, ...]:
    """The issuers of the certificates there are, by name."""
    statement = (
        select(Target.issuer)
        .where(Target.issuer != "")
        .group_by(func.lower(Target.issuer), Target.issuer)
    )
    return counts.kept(
        "issuers",
        lambda: tuple(
            db.session.scalars(statement.order_by(func.lower(Target.issuer)).limit(MOST_ISSUERS))
        ),
    )


def _worth_a_filter() -> tuple[bool, bool]:
    """Whether it is known of any service where it leads, and whether browsers may refuse any
    certificate."""
    any_origin = exists().where(Service.origin.is_not(None))
    any_refused = exists().where(Target.browsers_refuse.is_(True))
    origin, refused = db.session.execute(select(any_origin, any_refused)).one()
    return origin, refused


def groups(
    user: User, filters: Mapping[str, str], now: datetime, *, anew: bool = False
) -> Sequence[int]:
    """How many there are in each of the groups of `state_filters.by_urgency`, with all filters but
    that of the state."""
    others = without(filters, "ssl")

    def take() -> tuple[int, ...]:
        found = _tally(user, others, now, lambda model: state_filters.urgency(model, now))
        return tuple(found[place] for place in range(state_filters.INACTIVE + 1))

    return counts.kept(_key(user, others, "groups"), take, anew=anew)


def reasons(
    user: User, filters: Mapping[str, str], now: datetime, *, anew: bool = False
) -> Sequence[int]:
    """How many there are of each of `REASONS`, and last of those that are not active."""

    def take() -> tuple[int, ...]:
        found = _tally(
            user, filters, now, lambda model: state_filters.reason(model, now, NEVER_ASKED)
        )
        return tuple(found[word] for word in (*REASONS, None))

    return counts.kept(_key(user, filters, "reasons"), take, anew=anew)


def totals(groups: Sequence[int]) -> Mapping[str, int]:
    """How many there are of each of `state_filters.FILTERS`."""
    return {
        kind: sum(groups[place] for place in places)
        for kind, places in state_filters.PLACES.items()
    }


def weeks(user: User, filters: Mapping[str, str], now: datetime) -> list[Week]:
    """How many valid certificates expire in each of the weeks ahead, with all filters but those of
    state and expiry."""
    others = without(filters, "ssl", "expires")
    ahead = mondays(now)
    if others.get("reason", Reason.OK) != Reason.OK:
        return [Week(monday, 0) for monday in ahead]

    def take() -> tuple[int, ...]:
        ends = [window(monday.isoformat(), now)[1] for monday in ahead]
        places = [(Target.not_after < end, number) for number, end in enumerate(ends)]

        def week(model: Model) -> ColumnElement[int]:
            none = or_(
                state_filters.inactive(model),
                Target.reason.is_distinct_from(Reason.OK),
                Target.not_after <= now,
            )
            return case((none, None), *places)

        found = _tally(user, others, now, week)
        return tuple(found[number] for number in range(len(ends)))

    numbers = counts.kept(_key(user, others, f"weeks {ahead[0]}"), take)
    return [Week(monday, number) for monday, number in zip(ahead, numbers, strict=True)]


def fetch(user: User, found: Subquery) -> list[Item]:
    """The services and domains of a page, in its order."""
    places = db.session.execute(
        select(found.c.kind, found.c.id).order_by(found.c.part, found.c.place)
    ).all()
    items: dict[tuple[str, int], Item] = {}
    for model in MODELS:
        ids = [place.id for place in places if place.kind == model.kind]
        for item in (
            db.session.scalars(items_for(model, user).where(model.id.in_(ids))) if ids else ()
        ):
            items[item.kind, item.id] = item
    return [items[place.kind, place.id] for place in places if (place.kind, place.id) in items]


def _key(user: User, filters: Mapping[str, str], what: str) -> tuple[object, ...]:
    return ("report", user.client_id, *sorted(filters.items()), what)


def _tally(
    user: User,
    filters: Mapping[str, str],
    now: datetime,
    value: Callable[[Model], ColumnElement[R]],
) -> Counter[R]:
    """How many there are of each value, which is found out of an item beside its host name."""
    numbers = (
        arm.rows.outerjoin(model.target)
        .with_only_columns(value(model).label("value"), func.count(), maintain_column_froms=True)
        .group_by("value")
        for model, arm in zip(MODELS, arms(user, filters, now), strict=True)
    )
    found = Counter[R]()
    for each, number in db.session.execute(union_all(*numbers)):
        found[each] += number
    return found
