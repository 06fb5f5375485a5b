"""Checks of many services and domains that a program has asked for, with a result to read.

What there is room for is begun at once, and more each time that the result is read.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import Flask
from sqlalchemy import JSON, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from webapp.customers import padlocks
from webapp.customers.access import Item, items_of_rows
from webapp.customers.models import User
from webapp.errors import NotFound, Refused
from webapp.extensions import Instant, Model, db, writing
from webapp.monitor import live
from webapp.monitor.checks import COOL_DOWN, MOST_CHECKS_OF_ADMINISTRATOR, MOST_CHECKS_OF_VIEWER
from webapp.monitor.refresh import scheduler
from webapp.words import api as say

MOST_ITEMS = 1000
MOST_REQUESTS = 100  # of one user within `KEPT`
KEPT = timedelta(hours=1)
TRIED_FOR = timedelta(minutes=20)  # then what fails on our side is skipped


class CheckRequest(Model):
    """What is to be checked: items that are called "service-12" and the like.

    `viewer` is the id of the user who asked, as `accounts.tokens` has it.
    """

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    viewer: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(Instant, index=True)
    names: Mapped[list[str]] = mapped_column(JSON)


class Progress(StrEnum):
    CHECKED = "checked"
    WAITING = "waiting"
    SKIPPED = "skipped"  # inactive, no host name, not there for this user, or it kept failing


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """`items`: by the names that were asked for, those that the user may see, and how far each
    is."""

    id: str
    started_at: datetime
    items: Mapping[str, tuple[Item | None, Progress]]


def register(app: Flask) -> None:
    """Has old ones deleted."""
    scheduler.at_each_tick(app, delete_old)


def begin(user: User, names: Sequence[str], now: datetime) -> CheckProgress:
    """Starts as many of the checks as there is room for. Raises `errors.Refused` where this user
    has asked for too many."""
    asked = CheckRequest(
        id=secrets.token_urlsafe(16), viewer=user.id, started_at=now, names=list(names)
    )
    id_ = asked.id
    theirs = select(func.count()).select_from(CheckRequest).filter_by(viewer=user.id)
    with writing(beside_others=True):
        if (db.session.scalar(theirs) or 0) >= MOST_REQUESTS:
            raise Refused(say.too_many_checks(MOST_REQUESTS))
        db.session.add(asked)
    return progress(user, id_, now)


def progress(user: User, check_id: str, now: datetime) -> CheckProgress:
    """How far it is. Raises `errors.NotFound` where this user has none of this id."""
    asked = db.session.get(CheckRequest, check_id)
    if asked is None or asked.viewer != user.id or asked.started_at <= now - KEPT:
        raise NotFound
    rows = padlocks.row_ids_of(asked.names, MOST_ITEMS)
    found = {f"{item.kind}-{item.id}": item for item in items_of_rows(user, [*rows])}
    since = asked.started_at - COOL_DOWN
    over = now > asked.started_at + TRIED_FOR
    items = {
        name: (found.get(name), _progress(found.get(name), since, over=over))
        for name in asked.names
    }
    waiting = [item for item, far in items.values() if far is Progress.WAITING]
    targets = {item.target for item in waiting if item and item.target}
    most = MOST_CHECKS_OF_ADMINISTRATOR if user.is_admin else MOST_CHECKS_OF_VIEWER
    live.start(targets, viewer=user.id, now=now, most=most)
    return CheckProgress(asked.id, asked.started_at, items)


def delete_old(now: datetime) -> None:
    """Deletes what no one can read any more."""
    old = delete(CheckRequest).where(CheckRequest.started_at <= now - KEPT)
    if db.session.scalar(select(CheckRequest.id).where(CheckRequest.started_at <= now - KEPT)):
        with writing(beside_others=True):
            db.session.execute(old)


def _progress(item: Item | None, since: datetime, *, over: bool) -> Progress:
    if item is None or not item.active or item.target is None:
        return Progress.SKIPPED
    checked_at = item.target.checked_at
    if checked_at is not None and checked_at >= since:
        return Progress.CHECKED
    return Progress.SKIPPED if over else Progress.WAITING
