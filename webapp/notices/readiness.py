"""How ready all names are for shorter lifetimes of certificates.

The limits are those of the CA/Browser Forum (ballot SC-081v3). Many names take a second or two to
count: the scheduler does it once an hour, for all pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import ColumnElement, Integer, and_, case, cast, func, literal, select

from webapp.alerts.rules import parts_of
from webapp.customers.listing_row import INACTIVE, ListingRow
from webapp.customers.models import Client, Service
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.monitor.refresh import scheduler
from webapp.notices.models import AlertName, StoredCount
from webapp.words import readiness as say

STORED = "readiness"
COUNTED_EVERY = timedelta(hours=1)
KEPT_FOR = 2 * COUNTED_EVERY  # without a scheduler they are counted for each page
MOST_LISTED = 100  # of each list
DAY_SECONDS = 24 * 60 * 60


class Limit(NamedTuple):
    """The most days that a certificate issued from this day on may live."""

    days: int
    starts: date


LIMITS = (
    Limit(200, date(2026, 3, 15)),
    Limit(100, date(2027, 3, 15)),
    Limit(47, date(2029, 3, 15)),
)


@dataclass(slots=True)
class Group:
    """Names with something in common. Of those whose certificate is known there are `names`;
    `manual` of them are never seen renewed automatically. `beyond` has for each of `LIMITS` how
    many live longer, and `manual_beyond` how many of these are manual."""

    title: str = ""
    client_id: int | None = None
    names: int = 0
    manual: int = 0
    beyond: list[int] = field(default_factory=lambda: [0] * len(LIMITS))
    manual_beyond: list[int] = field(default_factory=lambda: [0] * len(LIMITS))

    def add(self, names: int, manual: int, *numbers: int) -> None:
        self.names += names
        self.manual += manual
        for place, (beyond, manual_beyond) in enumerate(
            zip(numbers[::2], numbers[1::2], strict=True)
        ):
            self.beyond[place] += beyond
            self.manual_beyond[place] += manual_beyond


@dataclass(slots=True)
class Numbers:
    """All names, and the same by what they have in common, most work first: by a word of
    `words.readiness.LISTS`. `totals`: how many groups each list has."""

    everything: Group
    lists: dict[str, list[Group]]
    totals: dict[str, int]


class Report(NamedTuple):
    """The numbers, and when they were counted."""

    numbers: Numbers
    counted_at: datetime


def register(app: Flask) -> None:
    """Has the names counted once an hour."""
    scheduler.at_each_tick(app, count_again)


def count_again(now: datetime) -> None:
    """Counts and stores the numbers, where those that are stored are an hour old."""
    if _stored(now, COUNTED_EVERY) is None:
        numbers = asdict(_count(MOST_LISTED))
        db.session.rollback()  # no transaction of readers is open while writers wait
        with writing():
            db.session.merge(StoredCount(name=STORED, counted_at=now, numbers=numbers))


def report(now: datetime) -> Report:
    """The numbers that are stored, or those of now."""
    row = _stored(now, KEPT_FOR)
    if row is None:
        return Report(_count(MOST_LISTED), now)
    stored = row.numbers
    lists = {key: [Group(**group) for group in groups] for key, groups in stored["lists"].items()}
    numbers = Numbers(Group(**stored["everything"]), lists, stored["totals"])
    return Report(numbers, row.counted_at)


def rows() -> Iterator[Sequence[object]]:
    """All groups, a line of the CSV each; the first has all names."""
    numbers = _count(None)
    yield say.everything(), "", *_cells(numbers.everything)
    for key, groups in numbers.lists.items():
        for group in groups:
            yield say.LISTS[key], say.title_of(key, group.title), *_cells(group)


def _cells(group: Group) -> list[int]:
    pairs = zip(group.beyond, group.manual_beyond, strict=True)
    return [group.names, group.manual, *(number for pair in pairs for number in pair)]


def _stored(now: datetime, most: timedelta) -> StoredCount | None:
    row = db.session.get(StoredCount, STORED)
    # One from after `now` was counted under a clock that has been set back
    return row if row is not None and timedelta() <= now - row.counted_at < most else None


def _count(most: int | None) -> Numbers:
    everything = Group()
    for _, *numbers in _grouped(literal("")):
        everything.add(*numbers)
    lists = {key: _groups(*of) for key, of in _LISTS.items()}
    totals = {key: len(groups) for key, groups in lists.items()}
    return Numbers(everything, {key: groups[:most] for key, groups in lists.items()}, totals)


def _groups(key: Any, group_of: Callable[[Any], Group]) -> list[Group]:
    found: dict[str | int, Group] = {}
    for value, *numbers in _grouped(key):
        group = group_of(value)
        found.setdefault(group.client_id or group.title, group).add(*numbers)
    if any(group.client_id for group in found.values()):
        stored = db.session.execute(select(Client.id, Client.name))
        names = {client.id: client.name for client in stored}
        for group in found.values():
            group.title = names.get(group.client_id or 0, "")
    return sorted(
        found.values(),
        key=lambda group: (-group.manual_beyond[-1], -group.names, group.title.casefold()),
    )


def _grouped(key: Any) -> Iterator[Any]:
    """How many names there are of each value: a name that several items share is one."""
    named = (
        select(ListingRow.target_id, key.label("key"))
        .outerjoin(Service, Service.id == ListingRow.service_id)
        .join(Target, Target.id == ListingRow.target_id)
        .where(ListingRow.rank != INACTIVE, Target.not_before.is_not(None))
        .where(Target.not_after.is_not(None))
        .distinct()
        .subquery()
    )
    seconds = _seconds(Target.not_after) - _seconds(Target.not_before)
    manual = func.coalesce(AlertName.regular, False).is_(False)
    conditions: list[ColumnElement[bool]] = [manual]
    for limit in LIMITS:
        beyond = seconds > limit.days * DAY_SECONDS
        conditions += [beyond, and_(beyond, manual)]
    counts = (func.sum(case((condition, 1), else_=0)) for condition in conditions)
    yield from db.session.execute(
        select(named.c.key, func.count(), *counts)
        .join(Target, Target.id == named.c.target_id)
        .outerjoin(AlertName, AlertName.target_id == named.c.target_id)
        .group_by(named.c.key)
    )


def _seconds(instant: Any) -> ColumnElement[int]:
    """Since 1970, in whole seconds."""
    if db.engine.dialect.name == "sqlite":
        return cast(func.strftime("%s", instant), Integer)
    return func.extract("epoch", instant)


_LISTS: Mapping[str, tuple[Any, Callable[[Any], Group]]] = MappingProxyType(
    {
        "issuer": (Target.issuer, lambda issuer: Group(parts_of(issuer)[1])),
        "product": (func.coalesce(Service.product, ""), lambda product: Group(product)),
        "client": (ListingRow.client_id, lambda client_id: Group(client_id=client_id)),
    }
)
