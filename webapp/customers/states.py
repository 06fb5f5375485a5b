"""The state of a padlock in SQL: for what a database has to filter, sort and count by.

It is the verdict of `monitor.models.standing` and nothing else; a test holds the two together. What only this process
knows (a check under way, one that failed on our side) is not in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, case, or_

from webapp import padlock
from webapp.customers.models import ACTIVE_DOMAINS, ACTIVE_SERVICES, Domain, Service
from webapp.monitor.models import Hostname
from webapp.probe import Reason, State

Model = type[Service] | type[Domain]

EXPIRING = "expiring"  # valid, with an amber badge: a warning is no fifth state
KINDS = tuple(padlock.KINDS)

ALL_WELL = 4  # the `urgency` from which on nobody has to do anything

_REASONS = MappingProxyType({state: [reason for reason in Reason if reason.state is state] for state in State})


def active(model: Model) -> ColumnElement[bool]:
    """Whether an item is active; one that is not is never asked."""
    return Service.status.in_(ACTIVE_SERVICES) if model is Service else Domain.status.in_(ACTIVE_DOMAINS)


def is_state(model: Model, state: State, now: datetime) -> ColumnElement[bool]:
    """Whether an item's padlock shows this state at `now`. The statement has to join `Hostname`."""
    if state is State.INACTIVE:
        return ~active(model)
    if state is State.VALID:
        return and_(active(model), Hostname.reason == Reason.OK, ~_ended(now))
    if state is State.INVALID:
        failed = Hostname.reason.in_(_REASONS[State.INVALID])
        return and_(active(model), or_(failed, and_(Hostname.reason == Reason.OK, _ended(now))))
    return and_(active(model), or_(Hostname.reason.is_(None), Hostname.reason.in_(_REASONS[State.UNKNOWN])))


def is_kind(model: Model, kind: str, now: datetime) -> ColumnElement[bool]:
    """Whether an item belongs to one of `KINDS`. "valid" holds what is expiring as well."""
    if kind == EXPIRING:
        return and_(is_state(model, State.VALID, now), _ends_soon(now))
    return is_state(model, State(kind), now)


def urgency(model: Model, now: datetime) -> ColumnElement[int]:
    """What an item is sorted by: 0 needs a person first. Invalid, expiring, unknown, never asked, valid, inactive."""
    return case(
        (~active(model), ALL_WELL + 1),
        (is_state(model, State.INVALID, now), 0),
        (and_(Hostname.reason == Reason.OK, _ends_soon(now)), 1),
        (Hostname.reason == Reason.OK, ALL_WELL),
        (and_(Hostname.id.is_not(None), Hostname.reason.is_(None)), 3),
        else_=2,
    )


def _ended(now: datetime) -> ColumnElement[bool]:
    return and_(Hostname.not_after.is_not(None), Hostname.not_after <= now)


def _ends_soon(now: datetime) -> ColumnElement[bool]:
    # Days are rounded down: what has 14 days and 23 hours left has 14 days left.
    return and_(Hostname.not_after.is_not(None), Hostname.not_after < now + timedelta(days=padlock.EXPIRING_DAYS + 1))
