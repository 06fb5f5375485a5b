"""The adaptive schedule: when each host name is checked again.

A name that is new or has changed is checked after a few minutes, and then after as long as it has
stayed the same: each interval is about twice the one before, up to the longest for its state.
Everything this depends on is stored, so that the next check follows from the last result alone,
whatever became of the checks before.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, or_

from webapp.monitor.models import Target
from webapp.probe import State

FIRST = timedelta(minutes=5)  # after a new or changed result
HOUR = timedelta(hours=1)  # red, or in its renewal window, or a check that failed on our side
DAY = timedelta(days=1)  # no answer: that, too, may mend itself
SELDOM = timedelta(days=3)  # green, and far from expiring


def next_check_at(
    state: State, changed_at: datetime, urgent_at: datetime | None, now: datetime
) -> datetime:
    """When a name is checked again whose result is stored `now`; `changed_at`: since when it has
    had this state.

    Always later than `now`, else a run would never end.
    """
    longest = SELDOM if state is State.VALID else HOUR if state is State.INVALID else DAY
    if state is State.VALID and urgent_at is not None and urgent_at <= now:
        longest = HOUR
    due_at = now + min(max(now - changed_at, FIRST), longest)
    # The renewal window is not slept through.
    return urgent_at if urgent_at is not None and now < urgent_at < due_at else due_at


def is_due(now: datetime) -> ColumnElement[bool]:
    """Whether a name is to be checked now.

    A time further away than any interval was set under another clock.
    """
    next_at = Target.__table__.c.next_at
    return or_(next_at.is_(None), next_at <= now, next_at > now + 2 * SELDOM)


def checks_a_day(now: datetime) -> ColumnElement[float]:
    """How often a day a name is checked that stays as it is."""
    valid = Target.state == State.VALID
    often = or_(Target.state == State.INVALID, valid & (Target.urgent_at <= now))
    return case((often, DAY / HOUR), (valid, DAY / SELDOM), else_=1.0)
