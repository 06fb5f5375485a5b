"""The history of names, clients and the whole site, as pages show it; and how long it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
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
MOST_LIVES = 20  # certificates that are shown of a name
DELETED_AT_ONCE = 1000


class Period(NamedTuple):
    """So many days up to now: the share of them with a valid certificate, and their picture."""

    days: int
    valid: float | None
    bars: list[Bar]


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
    parts = ((number, days[-number:]) for number in PERIODS)
    return [
        Period(number, validity.valid_share(part), validity.bars(part)) for number, part in parts
    ]


COUNT = Count(
    "history count",
    timedelta(hours=6),
    _tend,
    lambda numbers: not any(map(any, numbers["days"])),
)
