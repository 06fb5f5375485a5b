"""The warnings every page shows while the monitor is unwell."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from webapp.extensions import db
from webapp.monitor.health.rules import is_silent
from webapp.monitor.models import RunState
from webapp.monitor.refresh import runs

log = logging.getLogger(__name__)

CACHE_SECONDS = 10.0  # seconds for which an answer is kept


@contextmanager
def _pages_go_on() -> Iterator[None]:
    """A page that can be made is made, also where the database does not tell how the monitor is."""
    try:
        yield
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("The state of the monitor could not be read: %s", error)


def offline_since() -> datetime | None:
    """Since when the monitor has had no network, as far as its last run knows; None where it has.

    For every page: asked of the database every few seconds only.
    """
    memory = current_app.extensions.setdefault("padlock_offline", {"at": -1e9, "since": None})
    if time.monotonic() - memory["at"] > CACHE_SECONDS:
        with _pages_go_on():
            run = next(iter(runs.latest(1)), None)
            since = run.started_at if run is not None and run.state is RunState.OFFLINE else None
            memory.update(since=since)
        memory.update(at=time.monotonic())
    found: datetime | None = memory["since"]
    return found


def asleep_since(now: datetime) -> datetime | None:
    """Since when no scheduler has looked any more; None where one does, or none ever has.

    Kept like the above.
    """
    memory = current_app.extensions.setdefault("padlock_asleep", {"at": -1e9, "ticked_at": None})
    if time.monotonic() - memory["at"] > CACHE_SECONDS:
        with _pages_go_on():
            memory.update(ticked_at=runs.last_tick())
        memory.update(at=time.monotonic())
    ticked_at: datetime | None = memory["ticked_at"]
    return ticked_at if ticked_at is not None and is_silent(ticked_at, now) else None
