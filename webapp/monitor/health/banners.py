"""The warnings every page shows while the monitor is unwell."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from webapp.extensions import db
from webapp.monitor.health.rules import is_silent
from webapp.monitor.refresh import runs
from webapp.site import LastRead, this_site

log = logging.getLogger(__name__)

CACHE_SECONDS = 10.0  # for which an answer is kept


@contextmanager
def _pages_go_on() -> Iterator[None]:
    """A page that can be made is made, also where the database does not tell how the monitor is."""
    try:
        yield
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("The state of the monitor could not be read: %s", error)


def offline_since() -> datetime | None:
    """Since when the monitor has had no network, as its last run saw it; None where it has one."""
    return _kept(this_site().offline_since, runs.offline_since)


def silent_since(now: datetime) -> datetime | None:
    """When the scheduler was last active; None where it still is, or never was."""
    ticked_at = _kept(this_site().last_tick, runs.last_tick)
    return ticked_at if ticked_at is not None and is_silent(ticked_at, now) else None


def _kept(last: LastRead, read: Callable[[], datetime | None]) -> datetime | None:
    # For every page: asked of the database every few seconds only.
    if time.monotonic() - last.read_seconds > CACHE_SECONDS:
        with _pages_go_on():
            last.instant = read()
        last.read_seconds = time.monotonic()
    return last.instant
