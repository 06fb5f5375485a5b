"""SSL Status Monitoring: every service and every domain in one table. Sorts and filters are on whitelists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.customers import counts, paging, segments, states
from webapp.customers.access import Item, ids_for, items_for
from webapp.customers.lists import Listing, matches
from webapp.customers.models import Client, Domain, Service, User
from webapp.customers.segments import Arm, Column, Segment
from webapp.customers.states import Model
from webapp.extensions import db
from webapp.monitor.models import Hostname
from webapp.probe import Reason
from webapp.reports.questions import NEVER_ASKED, REASONS, WEEK, Question, mondays, window

MODELS: tuple[Model, Model] = (Service, Domain)
SEARCHED: Mapping[Model, Sequence[InstrumentedAttribute[str]]] = MappingProxyType(
    {Service: (Service.domain, Service.product), Domain: (Domain.name,)}
)
MOST_ISSUERS = 200  # that can be chosen from
EXPIRING, WELL = 1, states.ALL_WELL  # places in `states.by_urgency`

# What each column is sorted by: of services, and of domains.
OWN_SORTS: Mapping[str, tuple[tuple[Column, ...], tuple[Column, ...]]] = MappingProxyType(
    {
        "domain": ((func.lower(Service.domain),), (func.lower(Domain.name),)),
        "client": ((func.lower(Client.name), Client.id), (func.lower(Client.name), Client.id)),
        "item": ((func.lower(Service.product),), (literal_column("'domain'"),)),
        "status": ((Service.status,), (Domain.status,)),
    }
)
# By what is known of the host name, and when nothing is.
HOSTNAME_SORTS: Mapping[str, tuple[Column, ColumnElement[bool]]] = MappingProxyType(
    {
        "issuer": (func.lower(Hostname.issuer), Hostname.issuer == ""),
        "expires": (Hostname.not_after, Hostname.not_after.is_(None)),
        "left": (Hostname.not_after, Hostname.not_after.is_(None)),
        "checked": (Hostname.checked_at, Hostname.checked_at.is_(None)),
        "changed": (Hostname.changed_at, Hostname.changed_at.is_(None)),
    }
)
DEFAULT_SORT = "ssl"  # what needs a person first
SORTS = ("ssl", "reason", *OWN_SORTS, *HOSTNAME_SORTS)


@dataclass(frozen=True)
class Week:
    """How many valid certificates end in the week from this Monday on."""

    monday: date
    ending: int


@dataclass(frozen=True)
class Report(Listing[Item]):
    """One page of the report, and what stands above it."""

    totals: Mapping[str, int] = field(default_factory=dict)  # of each of `states.KINDS`, with all filters but this one
    weeks: Sequence[Week] = ()  # the weeks ahead, with all filters but those of state and expiry
    issuers: Sequence[str] = ()  # what can be filtered by


def report(user: User, question: Question, now: datetime) -> Report:
    """One page of everything this user may see, with the state the padlocks have at `now`."""
    issuers = known_issuers()
    filters, client = question.understood(issuers)
    sort = _sort(question)
    order = in_order(user, filters, sort, now)
    key = _key(user, filters, sort.removeprefix("-") if sort != "-ssl" else sort)
    page = paging.fetch(
        key, order, (question.page, question.size), lambda found: fetch(user, found), backwards=sort.startswith("-")
    )
    kinds = totals(user, filters, now)
    return Report(
        page.rows,
        page.total,
        filters.pop("q", ""),
        sort,
        page.number,
        page.pages,
        page.size,
        filters,
        client,
        totals=kinds,
        weeks=weeks(user, filters, now),
        issuers=issuers,
    )


def understood(question: Question) -> tuple[dict[str, str], str]:
    """The filters and the sort that a question means."""
    return question.understood(known_issuers())[0], _sort(question)


def _sort(question: Question) -> str:
    return question.sort if question.sort.removeprefix("-") in SORTS else DEFAULT_SORT


def first_rows(user: User, question: Question, now: datetime, most: int) -> tuple[list[Item], int]:
    """The first rows of the report in its order, at most so many, and how many there are in all."""
    filters, sort = understood(question)
    order = in_order(user, filters, sort, now)
    numbers = segments.settled(order, counts.taken(segments.counting(order)))
    total = sum(numbers)
    if not total:
        return [], 0
    return fetch(user, segments.page(order, numbers, 0, most, backwards=sort.startswith("-"))), total


def known_issuers() -> tuple[str, ...]:
    """The issuers of the certificates there are, by name."""
    statement = (
        select(Hostname.issuer).where(Hostname.issuer != "").group_by(func.lower(Hostname.issuer), Hostname.issuer)
    )
    return counts.kept(
        "issuers",
        lambda: tuple(db.session.scalars(statement.order_by(func.lower(Hostname.issuer)).limit(MOST_ISSUERS))),
    )


def totals(user: User, filters: Mapping[str, str], now: datetime) -> Mapping[str, int]:
    """How many there are of each of `states.KINDS`, with all filters but that of the state."""
    others = {name: word for name, word in filters.items() if name != "ssl"}

    def take() -> tuple[int, ...]:
        return counts.taken(segments.counting(_by_urgency(user, others, now)))

    invalid, expiring, unknown, never, everything, inactive = counts.kept(_key(user, others, "ssl"), take)
    well = everything - invalid - expiring - unknown - never - inactive
    found = {"invalid": invalid, "expiring": expiring, "unknown": unknown + never, "valid": well + expiring}
    return found | {"inactive": inactive}


def weeks(user: User, filters: Mapping[str, str], now: datetime) -> list[Week]:
    """How many valid certificates end in each of the weeks ahead, with all filters but those of state and expiry."""
    others = {name: word for name, word in filters.items() if name not in ("ssl", "expires")}
    ahead = mondays(now)
    if others.get("reason", Reason.OK) != Reason.OK:
        return [Week(monday, 0) for monday in ahead]

    def take() -> tuple[int, ...]:
        return counts.taken(segments.counting(_ending(user, others, monday, now) for monday in ahead))

    numbers = counts.kept(_key(user, others, f"weeks {ahead[0]}"), take)
    return [Week(monday, number) for monday, number in zip(ahead, numbers, strict=True)]


def in_order(user: User, filters: Mapping[str, str], sort: str, now: datetime) -> list[Segment]:
    """Everything this user may see that the filters let through, as segments in the order of this sort."""
    column = sort.removeprefix("-")
    if column == "ssl":
        order = _by_urgency(user, filters, now)
        return order[::-1] if sort.startswith("-") else order
    if column == "reason":
        return _by_reason(user, filters, now)
    arms = _arms(user, filters, now)
    if column in OWN_SORTS:
        via = (Service.client, Domain.client) if column == "client" else (None, None)
        return [
            Segment(
                tuple(replace(arm, by=by, via=way) for arm, by, way in zip(arms, OWN_SORTS[column], via, strict=True))
            )
        ]
    return _by_hostname(arms, *HOSTNAME_SORTS[column])


def fetch(user: User, found: Subquery) -> list[Item]:
    """The services and domains of a page, in its order."""
    places = db.session.execute(select(found.c.kind, found.c.id).order_by(found.c.part, found.c.place)).all()
    items: dict[tuple[str, int], Item] = {}
    for model in MODELS:
        ids = [place.id for place in places if place.kind == model.kind]
        for item in db.session.scalars(items_for(model, user).where(model.id.in_(ids))) if ids else ():
            items[item.kind, item.id] = item
    return [items[place.kind, place.id] for place in places if (place.kind, place.id) in items]


def _key(user: User, filters: Mapping[str, str], what: str) -> tuple[object, ...]:
    return ("report", user.client_id, *sorted(filters.items()), what)


def _few(user: User, filters: Mapping[str, str]) -> bool:
    """Whether only some items are looked at: then each is asked about its host name, see `states.of_hostname`."""
    return "q" in filters or _of_one_client(user, filters)


def _of_one_client(user: User, filters: Mapping[str, str]) -> bool:
    return "client" in filters or not user.sees_everything


def _arms(user: User, filters: Mapping[str, str], now: datetime) -> tuple[Arm, ...]:
    arms = []
    for model in MODELS:
        kind: Any = literal_column(f"'{model.kind}'").label("kind")
        ids = ids_for(model, user).with_only_columns(model.id.label("id"), kind)
        rows, walk = (
            ids.where(
                *matches(model, filters.get("q", ""), SEARCHED[model], user, each=searching_each),
                *_conditions(model, filters, now, each=each),
            )
            for each, searching_each in ((_few(user, filters), _of_one_client(user, filters)), (True, True))
        )
        arms.append(Arm(rows, walk))
    return tuple(arms)


def _conditions(
    model: Model, filters: Mapping[str, str], now: datetime, *, each: bool
) -> Iterator[ColumnElement[bool]]:
    if "client" in filters:
        yield model.client_id == int(filters["client"])
    if "ssl" in filters:
        yield states.is_kind(model, filters["ssl"], now, each=each)
    if filters.get("reason") == NEVER_ASKED:
        yield states.never_asked(model, each=each)
    elif "reason" in filters:
        yield states.has_reason(model, Reason(filters["reason"]), now, each=each)
    for condition in _of_hostname(filters, now):
        yield states.of_hostname(model, condition, each=each)


def _of_hostname(filters: Mapping[str, str], now: datetime) -> Iterator[ColumnElement[bool]]:
    if "issuer" in filters:
        yield Hostname.issuer == filters["issuer"]
    if "expires" in filters:
        start, end = window(filters["expires"], now)
        yield Hostname.not_after < end
        if start is not None:
            yield Hostname.not_after >= start
    if filters.get("checked") == "never":
        yield Hostname.checked_at.is_(None)
    elif "checked" in filters:
        yield Hostname.checked_at < now - WEEK / 7 * int(filters["checked"])


def _segment(arms: Iterable[Arm], conditions: Iterable[Sequence[ColumnElement[bool]]]) -> Segment:
    return Segment(tuple(arm.where(*condition) for arm, condition in zip(arms, conditions, strict=True)))


def _by_urgency(user: User, filters: Mapping[str, str], now: datetime) -> list[Segment]:
    """What needs a person first. What expires is in the order in which it does."""
    arms, few = _arms(user, filters, now), bool(filters) or _few(user, filters)
    groups = [zip(*(states.by_urgency(model, now, each=each) for each in (few, True)), strict=True) for model in MODELS]
    order = [_segment(arms, conditions) for conditions in zip(*groups, strict=True)]
    soonest = (
        replace(arm, by=(Hostname.not_after, Hostname.id), via=model.hostname)
        for arm, model in zip(order[EXPIRING].arms, MODELS, strict=True)
    )
    order[EXPIRING] = Segment(tuple(soonest))
    order[WELL] = replace(order[WELL], rest_of=arms)
    return order


def _by_reason(user: User, filters: Mapping[str, str], now: datetime) -> list[Segment]:
    """In the order of the words a person reads; what is not active has no reason, and comes last."""
    arms, few, order = _arms(user, filters, now), bool(filters) or _few(user, filters), []
    for word in REASONS:
        conditions = [
            [
                states.never_asked(model, each=each)
                if word == NEVER_ASKED
                else states.has_reason(model, Reason(word), now, each=each)
                for each in (few, True)
            ]
            for model in MODELS
        ]
        order.append(_segment(arms, conditions))
    return [*order, _segment(arms, [[states.inactive(model)] for model in MODELS])]


def _by_hostname(arms: tuple[Arm, ...], column: Column, empty: ColumnElement[bool]) -> list[Segment]:
    """What is known first, in the order of the host names' own index; then all of which nothing is known."""
    filled, rest = [], []
    for arm, model in zip(arms, MODELS, strict=True):
        known = arm.where(states.of_hostname(model, ~empty), ~empty)
        filled.append(replace(known, by=(column, Hostname.id), via=model.hostname))
        nothing = (model.hostname_id.is_(None) | states.of_hostname(model, empty, each=each) for each in (False, True))
        rest.append(arm.where(*nothing))
    return [Segment(tuple(filled), rest_of=arms), Segment(tuple(rest))]


def _ending(user: User, filters: Mapping[str, str], monday: date, now: datetime) -> Segment:
    """What is valid until the week from this Monday on. These host names are few: all else is asked of theirs only."""
    start, end = window(monday.isoformat(), now)
    ends = and_(
        Hostname.reason == Reason.OK, Hostname.not_after > max(start or now, now), Hostname.not_after < end,
        *_of_hostname(filters, now),
    )  # fmt: skip
    arms = []
    for model in MODELS:
        rows = ids_for(model, user).where(states.of_hostname(model, ends), ~states.inactive(model))
        if "client" in filters:
            rows = rows.where(model.client_id == int(filters["client"]))
        rows = rows.where(*matches(model, filters.get("q", ""), SEARCHED[model], user, each=True))
        arms.append(Arm(rows, rows))
    return Segment(tuple(arms))
