"""How ready all names are for shorter lifetimes of certificates.

The limits are those of the CA/Browser Forum (ballot SC-081v3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from flask import Flask
from sqlalchemy import select

from webapp.alerts.rules import parts_of
from webapp.customers.listing_row import INACTIVE, ListingRow
from webapp.customers.models import Client, Service
from webapp.extensions import db
from webapp.monitor.models import Target
from webapp.notices import counts
from webapp.notices.counts import Count
from webapp.notices.epoch import epoch
from webapp.notices.models import AlertName
from webapp.words import readiness as say

MOST_LISTED = 100  # of each list
MOST_USED = 5  # issuers
EVERYTHING = ""  # beside the lists: all names
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
    `words.readiness.LISTS`. `totals`: how many groups each list has. `issuers`: how many names the
    most used issuers have, the most used first."""

    everything: Group
    lists: dict[str, list[Group]]
    totals: dict[str, int]
    issuers: dict[str, int]


class Report(NamedTuple):
    """The numbers, and when they were counted."""

    numbers: Numbers
    counted_at: datetime


def register(app: Flask) -> None:
    """Has the names counted once an hour."""
    counts.register(app, COUNT)


def report(now: datetime) -> Report:
    """The numbers that are stored, or those of now."""
    row = counts.stored(COUNT, now)
    if row is None:
        return Report(_count(MOST_LISTED), now)
    stored = row.numbers
    lists = {key: [Group(**group) for group in groups] for key, groups in stored["lists"].items()}
    numbers = Numbers(Group(**stored["everything"]), lists, stored["totals"], {})
    return Report(numbers, row.counted_at)


def issuers(now: datetime) -> tuple[dict[str, int], int] | None:
    """How many names the most used issuers have, and all issuers together, as counted last; None
    where that was long ago."""
    row = counts.stored(COUNT, now)
    if row is None or "issuers" not in row.numbers:
        return None
    return row.numbers["issuers"], row.numbers["everything"]["names"]


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


def _count(most: int | None) -> Numbers:
    """The groups of each list, `most` of them. A name that several items share is one in each."""
    groups: dict[tuple[str, object], Group] = {}
    counted: set[tuple[str, object, int]] = set()
    for row in db.session.execute(_NAMES):
        issuer = parts_of(row.issuer)[1]
        product = row.product or ""
        numbers = _numbers(row.ends - row.begins, manual=not row.regular)
        for of, key, title in (
            (EVERYTHING, "", ""),
            ("issuer", issuer, issuer),
            ("product", product, product),
            ("client", row.client_id, row.client),
        ):
            if (of, key, row.target_id) in counted:
                continue
            counted.add((of, key, row.target_id))
            if (of, key) not in groups:
                groups[of, key] = Group(title, row.client_id if of == "client" else None)
            groups[of, key].add(*numbers)
    lists = {of: _most_work_first(groups, of) for of in say.LISTS}
    most_used = sorted(lists["issuer"], key=_most_used_first)
    return Numbers(
        groups.get((EVERYTHING, ""), Group()),
        {of: found[:most] for of, found in lists.items()},
        {of: len(found) for of, found in lists.items()},
        {group.title: group.names for group in most_used[:MOST_USED]},
    )


def _most_used_first(group: Group) -> tuple[int, str]:
    return -group.names, group.title.casefold()


def _most_work_first(groups: dict[tuple[str, object], Group], wanted: str) -> list[Group]:
    return sorted(
        (group for (of, _), group in groups.items() if of == wanted),
        key=lambda group: (-group.manual_beyond[-1], -group.names, group.title.casefold()),
    )


def _numbers(seconds: int, *, manual: bool) -> tuple[int, ...]:
    """What one name adds to its groups."""
    beyond = [seconds > limit.days * DAY_SECONDS for limit in LIMITS]
    return (1, int(manual), *(int(part) for each in beyond for part in (each, each and manual)))


_NAMES = (
    select(
        *(ListingRow.target_id, ListingRow.client_id, Client.name.label("client")),
        *(Service.product, Target.issuer, AlertName.regular),
        *(epoch(Target.not_before).label("begins"), epoch(Target.not_after).label("ends")),
    )
    .join(Target, Target.id == ListingRow.target_id)
    .join(Client, Client.id == ListingRow.client_id)
    .outerjoin(Service, Service.id == ListingRow.service_id)
    .outerjoin(AlertName, AlertName.target_id == ListingRow.target_id)
    .where(ListingRow.rank != INACTIVE)
    .where(Target.not_before.is_not(None), Target.not_after.is_not(None))
    .execution_options(yield_per=5000)
)
COUNT = Count(
    "readiness count",
    timedelta(hours=1),
    lambda _now: asdict(_count(MOST_LISTED)),
    lambda numbers: not numbers["everything"]["names"],
)
