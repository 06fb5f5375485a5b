"""The history of names, clients and the whole site, as pages show it; and how long it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from flask import Flask, current_app
from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import aliased

from webapp.customers import access
from webapp.customers.access import Item
from webapp.customers.listing_row import INACTIVE, ListingRow
from webapp.customers.models import Client, User
from webapp.extensions import db, writing
from webapp.monitor.models import Change
from webapp.notices import counts, validity
from webapp.notices.counts import Count
from webapp.notices.epoch import epoch
from webapp.notices.validity import Bar, Day, LifePicture, Strip

PERIODS = (30, 90, 365)  # days
TREND_DAYS = 90
MOST_LIVES = 20  # certificates that are shown of a name
DELETED_AT_ONCE = 1000


class Period(NamedTuple):
    """So many days up to now: the share of them with a valid certificate, on how many of them
    anything is known, and their picture."""

    days: int
    valid: float | None
    known: int
    bars: list[Bar]


class Trend(NamedTuple):
    """The picture of the last `TREND_DAYS`, and how many names were in each state on the last full
    days, a week apart, the latest first."""

    period: Period
    weeks: list[tuple[date, Day]]


class ItemHistory(NamedTuple):
    """The history of one name; its last certificates, the latest first."""

    periods: list[Period]
    picture: LifePicture | None


def register(app: Flask) -> None:
    """Has old history deleted and the site counted, a few times a day."""
    counts.register(app, COUNT)


def of_item(item: Item, now: datetime) -> ItemHistory:
    """The history of an item's name; none of an inactive item, whose name may be another user's by
    now."""
    target = item.target
    if target is None or not item.active:
        return ItemHistory([], None)
    found = select(Change).filter_by(target_id=target.id).order_by(Change.at, Change.id)
    changes = list(db.session.scalars(found))
    lives = validity.lives_of(changes, target, now)[-MOST_LIVES:]
    return ItemHistory(
        _periods(_days(_histories(Change.target_id == target.id), now)),
        validity.life_picture(lives, now),
    )


def of_client(user: User, client: Client, now: datetime) -> list[Period]:
    """The days of all names of this client's active items, as far as this user may see them."""
    where = (*access.rows_for(user), ListingRow.client_id == client.id)
    return _periods(_days(_histories(_of_rows(*where)), now))


def of_site(now: datetime) -> list[Period]:
    """The days of all names of active items, as they were counted last."""
    row = counts.stored(COUNT, now)
    if row is None:
        return _periods(_days(_histories(_of_rows()), now))
    return _periods([Day(*day) for day in row.numbers["days"]])


def trend(now: datetime) -> Trend | None:
    """The last days of all names of active items, as they were counted last; None where that was
    long ago, or there was nothing to count."""
    row = counts.stored(COUNT, now)
    if row is None or COUNT.is_empty(row.numbers):
        return None
    days = [Day(*day) for day in row.numbers["days"]]
    today = row.counted_at.astimezone(UTC).date()
    ago = range(1, TREND_DAYS, 7)
    weeks = [(today - timedelta(days=number), days[-1 - number]) for number in ago]
    return Trend(_period(days, TREND_DAYS), [week for week in weeks if any(week[1])])


def _tend(now: datetime) -> dict[str, Any]:
    """Deletes what is too old, and counts the days of the site."""
    while _thin(now):
        pass
    return {"days": _days(_histories(_of_rows()), now)}


def _thin(now: datetime) -> bool:
    """Deletes some changes that are older than `PADLOCK_HISTORY_DAYS`; whether there may be more.

    The last of them stays for each name: it says how things were when the kept time began.
    """
    before = now - timedelta(days=current_app.config["PADLOCK_HISTORY_DAYS"])
    later = aliased(Change)
    followed = exists().where(
        later.target_id == Change.target_id, later.at > Change.at, later.at <= before
    )
    old = select(Change.id).where(Change.at < before, followed).limit(DELETED_AT_ONCE)
    ids = list(db.session.scalars(old))
    db.session.rollback()
    if ids:
        with writing():
            db.session.execute(delete(Change).where(Change.id.in_(ids)))
    return len(ids) == DELETED_AT_ONCE


def _of_rows(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    """The changes of the names of these rows' active items."""
    rows = select(ListingRow.target_id).where(ListingRow.rank != INACTIVE, *where)
    return Change.target_id.in_(rows)


def _histories(which: ColumnElement[bool]) -> Iterable[Sequence[Any]]:
    """These changes name by name, in their order."""
    columns = (Change.target_id, epoch(Change.at).label("at"), Change.new_state)
    found = (
        select(*columns, epoch(Change.new_not_after).label("expires"))
        .where(which)
        .order_by(Change.target_id, Change.at, Change.id)
    )
    rows = db.session.execute(found.execution_options(yield_per=5000))
    for _, changes in groupby(rows, attrgetter("target_id")):
        yield list(changes)


def _days(histories: Iterable[Sequence[Any]], now: datetime) -> list[Day]:
    strip = Strip(now, PERIODS[-1])
    for changes in histories:
        strip.add(validity.spans_of(changes, now))
    return strip.days()


def _periods(days: Sequence[Day]) -> list[Period]:
    return [_period(days, number) for number in PERIODS]


def _period(days: Sequence[Day], number: int) -> Period:
    part = days[-number:]
    known = sum(any(day) for day in part)
    return Period(number, validity.valid_share(part), known, validity.bars(part))


COUNT = Count(
    "history count",
    timedelta(hours=6),
    _tend,
    lambda numbers: not any(map(any, numbers["days"])),
)
