"""Whether the listing rows are what they copy, and how they are made again: while the site runs."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import ColumnElement, delete, exists, func, select, true

from webapp.customers import client_counts, index, index_rows, listing_row, search_index
from webapp.customers.listing_row import MODELS, ItemModel, ListingRow
from webapp.customers.models import Client
from webapp.extensions import db, tune, writing
from webapp.jobs import queue
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.monitor.refresh import scheduler
from webapp.site import site_of, this_site

log = logging.getLogger(__name__)

IDS_AT_ONCE = 1000
SAMPLE = "listing sample"  # the kind of job
SAMPLED_RANGES = 20  # of `IDS_AT_ONCE`
SAMPLE_FROM_HOUR = 2  # UTC

Progress = Callable[[int, int], None]  # how many ids are done, and how many there are


def drifted(now: datetime, progress: Progress = lambda done, total: None) -> int:
    """How many rows are not what they copy: wrong, missing or of no item.

    Rows whose rank is due to change wait for the scheduler's minute: that is no drift.
    """
    count = 0
    for model, first, last in _ranges(progress):
        count += len(drifted_ids(model, first, last, now))
        db.session.rollback()  # what is written meanwhile is seen, and no one waits for us
    return count + miscounted()


def miscounted() -> int:
    """How many clients have another number of services, domains or users than is stored."""
    wrong = select(func.count(Client.id)).where(client_counts.is_wrong())
    return db.session.scalar(wrong) or 0


def drifted_ids(model: ItemModel, first: int, last: int, now: datetime) -> set[int]:
    """The ids of the rows of these items, from id to id, that are not what they copy, or that a
    search does not find."""
    shall_be = index_rows.rows_of(model, now).where(model.id.between(first, last))
    columns = [ListingRow.__table__.c[str(one.key)] for one in shall_be.selected_columns]
    here = _rows_between(model, first, last)
    there = select(*columns).where(here)
    waiting = select(ListingRow.id).where(here, ListingRow.rank_until <= now)
    wrong = shall_be.except_(there).subquery()
    stray = select(ListingRow.id).where(here, ~_has_item(model))
    found = {*db.session.scalars(select(wrong.c.id)), *db.session.scalars(stray)}
    found -= {*db.session.scalars(waiting)}
    return found | search_index.missing_ids(
        model.kind,
        listing_row.row_id(model.kind, first),
        listing_row.row_id(model.kind, last),
    )


def rebuild(now: datetime, progress: Progress = lambda done, total: None) -> None:
    """Writes every row again, so many in each transaction that others hardly wait; and makes the
    index of searches where there is none, or it is not whole."""
    lost = not search_index.exists()
    for model, first, last in _ranges(progress):
        with writing():
            stray = delete(ListingRow).where(_rows_between(model, first, last), ~_has_item(model))
            db.session.execute(stray, execution_options={"synchronize_session": False})
            ids = select(model.id).where(model.id.between(first, last)).order_by(model.id)
            rows = [listing_row.row_id(model.kind, id_) for id_ in db.session.scalars(ids)]
            index.write_rows(rows, now)
        lost = lost or bool(rows and search_index.missing_ids(model.kind, rows[0], rows[-1]))
    with writing():
        client_counts.recount(true())
    if lost:
        search_index.create()
    tune()


def register(app: Flask) -> None:
    """Has a sample of all rows compared every night, of which System health tells what it finds."""
    site_of(app).jobs.works[SAMPLE] = Work(_run_sample, lambda: True, lambda _: "")
    scheduler.at_each_tick(app, add_sample)


def add_sample(now: datetime) -> None:
    """Adds the sample of this night, where this process has not done so."""
    site = this_site()
    if now.hour >= SAMPLE_FROM_HOUR and site.rows_sampled_on != now.date():
        with writing():
            queue.add(SAMPLE, "", {}, now, timedelta(days=1))
        site.rows_sampled_on = now.date()


def _run_sample(_job: ClaimedJob) -> Outcome:
    now = datetime.now(UTC)
    if db.engine.dialect.name == "sqlite":
        tune()  # it may have grown by hand or through the API; PostgreSQL has autovacuum
    ranges = list(_ranges(lambda done, total: None))
    chosen = random.sample(ranges, min(SAMPLED_RANGES, len(ranges)))
    count = sum(len(drifted_ids(model, first, last, now)) for model, first, last in chosen)
    count += search_index.flawed()
    db.session.rollback()
    if not count:
        return DONE
    log.error("%d listing rows are not what they copy", count)
    return Outcome("drift", str(count), final=True)


def _ranges(progress: Progress) -> Iterator[tuple[ItemModel, int, int]]:
    """All ids of services, then of domains, in ranges."""
    highest = [_highest(model) for model in MODELS]
    done = 0
    for model, last in zip(MODELS, highest, strict=True):
        for first in range(1, last + 1, IDS_AT_ONCE):
            yield model, first, first + IDS_AT_ONCE - 1
            progress(done + min(first + IDS_AT_ONCE - 1, last), sum(highest))
        done += last


def _highest(model: ItemModel) -> int:
    """The highest id of an item, or of one that a row is left of."""
    rows = select(func.max(ListingRow.id)).where(ListingRow.kind == model.kind)
    item = db.session.scalar(select(func.max(model.id))) or 0
    return max(item, (db.session.scalar(rows) or 0) // 2)


def _rows_between(model: ItemModel, first: int, last: int) -> ColumnElement[bool]:
    lowest = listing_row.row_id(model.kind, first)
    highest = listing_row.row_id(model.kind, last)
    return ListingRow.id.between(lowest, highest) & (ListingRow.kind == model.kind)


def _has_item(model: ItemModel) -> ColumnElement[bool]:
    own_id = ListingRow.service_id if model is MODELS[0] else ListingRow.domain_id
    return exists().where(model.id == own_id)
