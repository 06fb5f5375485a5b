"""What every page says of the monitor, where it is ill."""

from __future__ import annotations

import time
from datetime import datetime

from flask import current_app

from webapp.monitor import runs
from webapp.monitor.health import is_silent
from webapp.monitor.models import RunState

KEPT = 10.0  # seconds for which an answer is kept


def offline_since() -> datetime | None:
    """Since when the monitor has had no network, as far as its last run knows; None where it has. For every page:
    asked of the database every few seconds only."""
    memory = current_app.extensions.setdefault("padlock_offline", {"at": -1e9, "since": None})
    if time.monotonic() - memory["at"] > KEPT:
        run = next(iter(runs.latest(1)), None)
        since = run.started_at if run is not None and run.state is RunState.OFFLINE else None
        memory.update(at=time.monotonic(), since=since)
    found: datetime | None = memory["since"]
    return found


def asleep_since(now: datetime) -> datetime | None:
    """Since when no scheduler has looked any more; None where one does, or none ever has. Kept like the above."""
    memory = current_app.extensions.setdefault("padlock_asleep", {"at": -1e9, "ticked_at": None})
    if time.monotonic() - memory["at"] > KEPT:
        memory.update(at=time.monotonic(), ticked_at=runs.last_tick())
    ticked_at: datetime | None = memory["ticked_at"]
    return ticked_at if ticked_at is not None and is_silent(ticked_at, now) else None
