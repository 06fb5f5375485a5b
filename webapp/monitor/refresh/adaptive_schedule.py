"""The adaptive schedule: when each host name is asked again.

What has just come or changed is asked after a few minutes, and then after as long as it has stayed
the same: each pause is about twice the one before, up to the pace of its kind. Everything it goes
by is stored, so that the next turn of a name follows from its last answer alone, whatever has
become of the turns before.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, or_

from webapp.monitor.models import Target
from webapp.probe import State

FIRST = timedelta(minutes=5)  # after what is new
HOUR = timedelta(hours=1)  # red, or in its renewal window, or a check that failed on our side
DAY = timedelta(days=1)  # no one answers: that, too, may mend itself
SELDOM = timedelta(days=3)  # green, and far from expiring


def next_turn(row: Target, now: datetime) -> datetime:
    """When a name is asked again whose answer is stored `now`.

    It is always later, so that no run asks for ever.
    """
    same_for = now - (row.changed_at or now)
    turn = now + min(max(same_for, FIRST), _pace(row, now))
    # The renewal window is not slept through.
    begins = row.urgent_at
    return begins if begins is not None and now < begins < turn else turn


def _pace(row: Target, now: datetime) -> timedelta:
    if row.state is State.VALID:
        return HOUR if row.urgent_at is not None and row.urgent_at <= now else SELDOM
    return HOUR if row.state is State.INVALID else DAY


def its_turn(now: datetime) -> ColumnElement[bool]:
    """Whether a name's turn has come.

    One further away than any pause was set under another clock.
    """
    next_at = Target.__table__.c.next_at
    return or_(next_at.is_(None), next_at <= now, next_at > now + 2 * SELDOM)


def turns_a_day(now: datetime) -> ColumnElement[float]:
    """How often a day a name is asked that stays as it is."""
    valid = Target.state == State.VALID
    often = or_(Target.state == State.INVALID, valid & (Target.urgent_at <= now))
    return case((often, DAY / HOUR), (valid, DAY / SELDOM), else_=1.0)
