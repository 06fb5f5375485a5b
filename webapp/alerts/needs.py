"""What of a watched name needs a person, whether it was told yet or not."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from webapp.alerts.events import is_muted
from webapp.alerts.watched import ExpiryLevel, Red, Trouble, Watched, level_of
from webapp.probe.finding import Reason


class Need(IntEnum):
    """Why a name needs a person, the most urgent first."""

    EXPIRED = 1
    INVALID = 2
    LATE = 3
    URGENT = 4
    EXPIRING = 5
    UNKNOWN = 6  # for long


class Needed(NamedTuple):
    """`at`: when the certificate expires, or since when the name is invalid or unknown."""

    need: Need
    at: datetime


_LEVELS = {
    ExpiryLevel.LATE: Need.LATE,
    ExpiryLevel.URGENT: Need.URGENT,
    ExpiryLevel.EXPIRING: Need.EXPIRING,
}


def need_of(name: Watched, now: datetime) -> Needed | None:
    """The most urgent need of a name; None where there is none, or a person has taken it up.

    A name that is not valid needs a person at its first such check, before it is confirmed: its
    padlock is red already.
    """
    if not name.active or is_muted(name, now):
        return None
    known = name.trouble if name.trouble_acknowledged else Trouble.NONE
    return _worst(name, now, known, name.told if name.acknowledged else ExpiryLevel.FINE)


def is_solved(name: Watched, now: datetime) -> bool:
    """Whether nothing is wrong with a name, whatever people have muted or acknowledged."""
    return not name.active or _worst(name, now, Trouble.NONE, ExpiryLevel.FINE) is None


def _worst(name: Watched, now: datetime, known: Trouble, told: ExpiryLevel) -> Needed | None:
    """The most urgent need beyond what a person knows of."""
    needs = (_of_trouble(name, now, known), _of_level(name, now, told))
    return min((each for each in needs if each is not None), default=None)


def _of_trouble(name: Watched, now: datetime, known: Trouble) -> Needed | None:
    expires_at = name.plan.expires_at if name.plan is not None else None
    if name.red is not None and name.red.check.reason != Reason.EXPIRED:
        return Needed(Need.INVALID, name.red.since) if known < Trouble.INVALID else None
    if name.red is not None or (expires_at is not None and now >= expires_at):
        at = expires_at or (_seen_to_expire(name.red) if name.red is not None else now)
        return Needed(Need.EXPIRED, at) if known < Trouble.EXPIRED else None
    unknown = name.unknown
    if unknown is not None and now >= unknown.since + name.rule.unknown_after:
        return Needed(Need.UNKNOWN, unknown.since) if known < Trouble.UNKNOWN else None
    return None


def _seen_to_expire(red: Red) -> datetime:
    """When the certificate of a name that was never seen valid expired."""
    certificate = red.check.certificate
    return (certificate and certificate.not_after) or red.since


def _of_level(name: Watched, now: datetime, told: ExpiryLevel) -> Needed | None:
    if name.plan is None or name.red is not None or now >= name.plan.expires_at:
        return None
    level = level_of(name, now)
    if level <= told:
        return None
    return Needed(_LEVELS[level], name.plan.expires_at)
