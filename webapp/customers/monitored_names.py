"""The host names of active items, and a refresh of them on request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import ColumnElement, func, or_, select, update

from webapp import probe
from webapp.customers import audit_log
from webapp.customers.catalog import CHUNK_IDS
from webapp.customers.concurrency import still_admin
from webapp.customers.index_rows import inactive
from webapp.customers.listing_row import INACTIVE, ListingRow
from webapp.customers.models import Domain, Service, User
from webapp.extensions import db, writing
from webapp.monitor.models import RunKind, Target
from webapp.monitor.refresh import runs, scheduler, selection
from webapp.words.activity import Detail


def register(app: Flask) -> None:
    """Tell the monitor which host names to ask: it knows nothing of customers."""
    selection.register(app, in_use)


def in_use(*, each: bool = False) -> ColumnElement[bool]:
    """Whether an active service or domain has this host name.

    `each`: where only some names are looked at, on the way to the first that are wanted.
    """
    found = [
        select(model.id).where(model.target_id == Target.id, ~inactive(model))
        for model in (Service, Domain)
    ]
    # Of EXISTS PostgreSQL makes that it collects the names of all items first, however few are
    # looked at then.
    return or_(
        *(rows.limit(1).scalar_subquery().is_not(None) if each else rows.exists() for rows in found)
    )


def refresh_now(user: User, now: datetime) -> bool:
    """Begin a refresh at once, of as many names as a day's; where one is under way, have it go on
    at once. False where nothing is in use."""
    size = selection.names_in_use()
    most: int = current_app.config["PADLOCK_REFRESH_DAILY_LIMIT"]
    with writing():
        still_admin(user)
        begun = _begin(user, most, min(most or size, size), now)
    if begun:
        scheduler.soon()
    return begun


def not_checked_yet() -> int:
    """How many host names in use have never been asked."""
    never = select(func.count()).select_from(Target).where(Target.checked_at.is_(None), in_use())
    return db.session.scalar(never) or 0


def check_new(user: User, now: datetime) -> None:
    """Begin a refresh at once of all host names that have never been asked: they go first in any
    refresh. Where one is under way, have it go on at once."""
    with writing():
        still_admin(user)
        new = not_checked_yet()
        begun = _begin(user, new, new, now)
    if begun:
        scheduler.soon()


def check_chosen(user: User, row_ids: Sequence[int], now: datetime) -> int:
    """Starts a refresh of the active host names of these listing rows, and returns how many.

    If a refresh is running, they go next in it.
    """
    targets: set[int] = set()
    with writing():
        still_admin(user)
        for start in range(0, len(row_ids), CHUNK_IDS):
            rows = ListingRow.id.in_(row_ids[start : start + CHUNK_IDS])
            found = (rows, ListingRow.rank != INACTIVE, ListingRow.target_id.is_not(None))
            targets.update(db.session.scalars(select(ListingRow.target_id).where(*found)))
        in_order = sorted(targets)
        for start in range(0, len(in_order), CHUNK_IDS):
            chosen = Target.id.in_(in_order[start : start + CHUNK_IDS])
            # So they go first
            db.session.execute(update(Target).where(chosen).values(asked_at=None))
        begun = _begin(user, len(targets), len(targets), now)
    if begun:
        scheduler.soon()
    return len(targets)


def _begin(user: User, most: int, total: int, now: datetime) -> bool:
    """Starts a run of `total` names, or continues the running one at once.

    False if there is nothing to check. Call it inside `writing()`.
    """
    run = runs.under_way()
    if run is not None:
        run.retry_at = None
        runs.add_job(run.id, now)
        return True
    if not total:
        return False
    run = runs.new(RunKind.NOW, runs.slot_of_now(now), most, total, now, user.email)
    runs.add_job(run.id, now)
    audit_log.note(user, "started", "refresh", run.id, "", now, Detail.HOST_NAMES, count=total)
    return True


def ids_in_use(names: Collection[str]) -> dict[str, int]:
    """Which of these targets, each written as `Target.authority`, are in use, with their ids."""
    hostnames = {probe.understand(name).hostname for name in names}
    rows = db.session.scalars(select(Target).where(Target.hostname.in_(hostnames), in_use()))
    return {row.authority: row.id for row in rows if row.authority in names}
