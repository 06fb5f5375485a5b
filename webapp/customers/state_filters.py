"""The state of a padlock as SQL conditions: for filters, orders and counts.

It is the verdict of `monitor.models.standing` and nothing else; a test holds the two together. What
only this process knows (a check in progress, one that failed on our side) is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType

from sqlalchemy import ColumnElement, String, and_, case, or_, select, type_coerce, union_all
from sqlalchemy.orm import aliased

from webapp.customers.models import (
    ACTIVE_DOMAINS,
    ACTIVE_SERVICES,
    Domain,
    DomainStatus,
    Service,
    ServiceStatus,
)
from webapp.monitor.models import Target
from webapp.probe import Reason, State
from webapp.words import states

Model = type[Service] | type[Domain]

EXPIRING = "expiring"  # valid, with an amber badge: a warning is no fifth state
FILTERS = tuple(states.STATE_FILTERS)

NEVER_ASKED = 3  # the place in `by_urgency` of what is waiting for its first check
INACTIVE = 5  # the last place
ALL_WELL = 4  # the place in `by_urgency` from which on no one has to do anything
# Which places each of KINDS holds.
PLACES = MappingProxyType(
    {"invalid": (0,), "expiring": (1,), "unknown": (2, 3), "valid": (1, 4), "inactive": (5,)}
)

_REASONS = MappingProxyType(
    {state: [reason for reason in Reason if reason.state is state] for state in State}
)
_INACTIVE_SERVICES = sorted(set(ServiceStatus) - ACTIVE_SERVICES)
_INACTIVE_DOMAINS = sorted(set(DomainStatus) - ACTIVE_DOMAINS)


@cache
def inactive(model: Model) -> ColumnElement[bool]:
    """Whether an item is not active; such a one is never asked."""
    return model.status.in_(_inactive_words(model))


def _inactive_words(model: Model) -> Sequence[ServiceStatus | DomainStatus]:
    return _INACTIVE_SERVICES if model is Service else _INACTIVE_DOMAINS


def is_state(
    model: Model, state: State, now: datetime, *, each: bool = False
) -> ColumnElement[bool]:
    """Whether an item's padlock shows this state at `now`.

    `each`: how it is asked, see `of_hostname`.
    """
    if state is State.INACTIVE:
        return has_status(model, _inactive_words(model), each=each)
    if state is State.VALID:
        # Most are valid: it is quicker to look at the host name of each item than to collect these
        # host names first.
        return and_(
            ~inactive(model), model.target.has(and_(Target.reason == Reason.OK, ~_ended(now)))
        )
    if state is State.INVALID:
        ended = and_(Target.reason == Reason.OK, _ended(now))
        return _any_of(model, or_(Target.reason.in_(_REASONS[State.INVALID]), ended), each)
    failed = or_(Target.reason.is_(None), Target.reason.in_(_REASONS[State.UNKNOWN]))
    return and_(~inactive(model), no_name_or(model, failed, each=each))


def has_status(model: Model, words: Sequence[str], *, each: bool = False) -> ColumnElement[bool]:
    """Whether an item's status is one of these.

    `each`: who walks in another order must not be led astray by an index of the status: it is asked
    as a text that none has.
    """
    return (
        type_coerce(model.status, String).concat("").in_(words) if each else model.status.in_(words)
    )


def matches_filter(
    model: Model, kind: str, now: datetime, *, each: bool = False
) -> ColumnElement[bool]:
    """Whether an item belongs to one of `STATE_FILTERS`. "valid" holds what is expiring as well."""
    if kind == EXPIRING:
        return _any_of(model, expires_soon(now), each)
    return is_state(model, State(kind), now, each=each)


def expires_soon(now: datetime) -> ColumnElement[bool]:
    """Whether a host name's certificate is valid and ends within the days of a warning."""
    return and_(Target.reason == Reason.OK, Target.not_after > now, _ends_soon(now))


def has_reason(
    model: Model, reason: Reason, now: datetime, *, each: bool = False
) -> ColumnElement[bool]:
    """Whether an item's padlock gives this reason at `now`; one that is not active gives none."""
    if reason is Reason.OK:
        return is_state(model, State.VALID, now, each=each)
    if reason is Reason.EXPIRED:
        return _any_of(
            model,
            or_(Target.reason == reason, and_(Target.reason == Reason.OK, _ended(now))),
            each,
        )
    return _has_lasting_reason(model, reason, each)


@cache  # sorted by reason, a list asks for each of them
def _has_lasting_reason(model: Model, reason: Reason, each: bool) -> ColumnElement[bool]:
    of = no_name_or if reason is Reason.NOT_CHECKABLE else of_hostname
    return and_(~inactive(model), of(model, Target.reason == reason, each=each))


def browsers_refuse(model: Model, now: datetime, *, each: bool = False) -> ColumnElement[bool]:
    """Whether an item's padlock is valid at `now`, and browsers may refuse it all the same."""
    refused = and_(Target.browsers_refuse.is_(True), Target.reason == Reason.OK, ~_ended(now))
    return _any_of(model, refused, each)


@cache
def never_asked(model: Model, *, each: bool = False) -> ColumnElement[bool]:
    """Whether an item is active and has a host name that was never asked."""
    return _any_of(model, Target.reason.is_(None), each)


def reason(model: Model, now: datetime, never_asked: str) -> ColumnElement[str | None]:
    """The word of the reason that an item's padlock gives, in a statement that joins its host name;
    NULL for one that is not active. `never_asked` stands where no one has asked yet."""
    return case(
        (inactive(model), None),
        (Target.id.is_(None), Reason.NOT_CHECKABLE.value),
        (Target.reason.is_(None), never_asked),
        (and_(Target.reason == Reason.OK, _ended(now)), Reason.EXPIRED.value),
        else_=type_coerce(Target.reason, String),
    )


def of_hostname(
    model: Model, condition: ColumnElement[bool], *, each: bool = False
) -> ColumnElement[bool]:
    """Whether an item has a host name that is so.

    Where such host names are few among all they can be collected first; or each item is looked at,
    where only some are: those of one client, or those on the way to a page.
    """
    return (
        model.target.has(condition)
        if each
        else model.target_id.in_(select(Target.id).where(condition))
    )


def no_name_or(
    model: Model, condition: ColumnElement[bool], *, each: bool = False
) -> ColumnElement[bool]:
    """Whether an item has no host name, or one that is so; `each` as in `of_hostname`."""
    # Beside an OR, PostgreSQL makes a list of all such host names of an EXISTS, and of an IN where
    # they are many looks through all of them for each item.
    if each:
        found = select(Target.id).where(Target.id == model.target_id, condition).correlate(model)
        return or_(model.target_id.is_(None), found.scalar_subquery().is_not(None))
    item = aliased(model)
    nameless = select(item.id).where(item.target_id.is_(None))
    return model.id.in_(union_all(nameless, select(item.id).join(item.target).where(condition)))


def by_urgency(
    model: Model, now: datetime, *, each: bool = False
) -> tuple[ColumnElement[bool], ...]:
    """Every item in one of six groups, what needs a person first: invalid, expiring, unknown, never
    asked, valid, inactive."""
    well = and_(Target.reason == Reason.OK, or_(Target.not_after.is_(None), ~_ends_soon(now)))
    return (
        is_state(model, State.INVALID, now, each=each),
        matches_filter(model, EXPIRING, now, each=each),
        and_(
            ~inactive(model),
            no_name_or(model, Target.reason.in_(_REASONS[State.UNKNOWN]), each=each),
        ),
        never_asked(model, each=each),
        and_(~inactive(model), model.target.has(well)),
        inactive(model),
    )


def urgency(model: Model, now: datetime) -> ColumnElement[int]:
    """The place of an item in `by_urgency`, in a statement that joins its host name."""
    return case(
        (inactive(model), INACTIVE),
        (Target.id.is_(None), 2),
        (Target.reason.is_(None), NEVER_ASKED),
        (
            or_(
                Target.reason.in_(_REASONS[State.INVALID]),
                and_(Target.reason == Reason.OK, _ended(now)),
            ),
            0,
        ),
        (Target.reason != Reason.OK, 2),
        (_ends_soon(now), 1),
        else_=ALL_WELL,
    )


def _any_of(model: Model, condition: ColumnElement[bool], each: bool) -> ColumnElement[bool]:
    return and_(~inactive(model), of_hostname(model, condition, each=each))


def _ended(now: datetime) -> ColumnElement[bool]:
    return and_(Target.not_after.is_not(None), Target.not_after <= now)


def _ends_soon(now: datetime) -> ColumnElement[bool]:
    return and_(Target.not_after.is_not(None), Target.not_after <= now + states.EXPIRING_WITHIN)
