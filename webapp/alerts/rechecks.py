"""When a name is checked once more, just before something is reported of its certificate: it may
have been renewed since the last check."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.alerts.events import is_broken, is_muted, is_stale
from webapp.alerts.watched import Watched

BEFORE = timedelta(minutes=10)  # time for the check, and for others that are due as well
KNOWN_FOR = timedelta(minutes=30)  # what was checked so lately is not checked again


def recheck_from(name: Watched, now: datetime, online_at: datetime | None) -> datetime | None:
    """From when on a check of this name would be in time for what is reported next; None: nothing
    is, or it was checked just before. `online_at`: see `events.decide`."""
    plan = name.plan
    if plan is None or not name.active or is_muted(name, now) or is_broken(name):
        return None
    if is_stale(name, now, online_at):
        return None
    moments = (
        *(name.digest_at, name.remind_at),
        *(plan.expiring_at, plan.urgent_at, plan.expires_at),
    )
    reported_at = min((at for at in moments if at is not None and at > now), default=None)
    if reported_at is None or _was_checked_since(name, reported_at - KNOWN_FOR):
        return None
    return reported_at - BEFORE


def _was_checked_since(name: Watched, moment: datetime) -> bool:
    """Whether it was checked since then, with an answer or without one."""
    moments = (name.seen_at, name.unknown and name.unknown.check.at)
    return any(at is not None and at >= moment for at in moments)
