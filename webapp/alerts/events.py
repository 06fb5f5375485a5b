"""What is to be told of one name now, and when to ask again."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from webapp.alerts.messages import Event, Kind
from webapp.alerts.plan import next_digest
from webapp.alerts.rules import RuleBook
from webapp.alerts.watched import ExpiryLevel, Red, Trouble, Watched, confirm, level_of
from webapp.probe.finding import Reason

CONFIRMED_AFTER = timedelta(hours=1)  # where no second check comes
KNOWN_FOR = timedelta(hours=25)  # names are checked daily at least
DAILY_REMINDERS = 7  # then they are weekly

_DAY = timedelta(days=1)
_LEVELS = {
    ExpiryLevel.LATE: Kind.LATE,
    ExpiryLevel.EXPIRING: Kind.EXPIRING,
    ExpiryLevel.URGENT: Kind.URGENT,
}
_TROUBLES = {
    Trouble.UNKNOWN: Kind.UNKNOWN,
    Trouble.INVALID: Kind.INVALID,
    Trouble.EXPIRED: Kind.EXPIRED,
}


class DeliveryMode(Enum):
    """How an event reaches its readers."""

    AT_ONCE = "at_once"
    INCIDENT = "incident"  # it opens one, or joins one that is there
    ENDED = "ended"  # it may be the end of one
    REMINDER = "reminder"


class Decision(NamedTuple):
    """An event that is due, and the way that it takes. Of an incident, `seen` is what the check
    saw; None: the certificate has expired, as was known before."""

    way: DeliveryMode
    event: Event
    seen: Red | None = None


def decide(
    name: Watched, now: datetime, book: RuleBook, online_at: datetime | None, *, digest: bool = True
) -> list[Decision]:
    """What is due for a name, which is remembered as told.

    `online_at`: when the monitor last was well again; a name has to be seen after that. `digest`:
    whether something may wait for the next digest.
    """
    if not name.active:
        return []
    _confirm_alone(name, now, book, online_at)
    if is_muted(name, now):
        _settle(name, now, online_at)
        return []
    decisions = [*_of_trouble(name, now, online_at), *_of_change(name)]
    if not is_stale(name, now, online_at):
        decisions += _of_level(name, now, digest=digest)
        decisions += _reminder(name, now, online_at, told_now=bool(decisions))
    return decisions


def next_moment(name: Watched, now: datetime, online_at: datetime | None) -> datetime | None:
    """When this name has to be decided on again, unless a fact comes before that; None: never."""
    if not name.active:
        return None
    if is_muted(name, now):
        return name.muted_until
    moments: list[datetime | None] = [name.digest_at, name.remind_at]
    if is_stale(name, now, online_at):
        moments = [_stale_until(name, online_at)]
    elif name.plan is not None and not is_broken(name):
        moments += [name.plan.expiring_at, name.plan.urgent_at, name.plan.expires_at]
    if name.red is not None and not (name.red.confirmed or name.red.doubted):
        moments.append(name.red.since + CONFIRMED_AFTER)
    if name.unknown is not None:
        moments.append(name.unknown.since + name.rule.unknown_after)
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def is_stale(name: Watched, now: datetime, online_at: datetime | None) -> bool:
    """Whether a name has to be seen before anything is told of its certificate: it may have been
    renewed while it was inactive, or the monitor ill for so long that a daily check was missed.
    That ends like any long silence."""
    until = _stale_until(name, online_at)
    if until is None or now >= until or was_seen_since(name, _fresh_from(name, online_at)):
        return False
    known = name.seen_at is not None and now - name.seen_at <= KNOWN_FOR
    return not known or not was_seen_since(name, name.fresh_from)


def was_seen_since(name: Watched, moment: datetime | None) -> bool:
    """Whether a check of the name had an answer since then."""
    return moment is None or (name.seen_at is not None and name.seen_at >= moment)


def trouble_of(name: Watched, now: datetime, online_at: datetime | None) -> Trouble:
    """Why a name is not known to be valid, as far as that is certain."""
    if name.red is not None and name.red.confirmed:
        is_expired = name.red.check.reason == Reason.EXPIRED
        return Trouble.EXPIRED if is_expired else Trouble.INVALID
    if name.plan is not None and now >= name.plan.expires_at and not is_stale(name, now, online_at):
        return Trouble.EXPIRED
    fresh_from = _fresh_from(name, online_at)
    if (
        name.unknown is not None
        and now >= name.unknown.since + name.rule.unknown_after
        and (fresh_from is None or name.unknown.check.at >= fresh_from)
    ):
        return Trouble.UNKNOWN
    return Trouble.NONE


def acknowledge(name: Watched, now: datetime, online_at: datetime | None) -> None:
    """A person has taken up the present trouble: it is not reported again, unless it gets worse."""
    trouble = trouble_of(name, now, online_at)
    name.trouble = max(name.trouble, trouble)
    name.trouble_acknowledged = name.trouble is not Trouble.NONE
    if not is_broken(name):
        name.told = max(name.told, level_of(name, now))
        name.acknowledged = name.told is not ExpiryLevel.FINE
        name.digest_at = None


def forget_troubles(name: Watched) -> None:
    """The name is not active: its troubles are over, and their end is not reported."""
    name.red = name.unknown = name.left = name.digest_at = name.remind_at = None
    name.late = name.changed = name.acknowledged = False
    name.trouble_told = name.trouble_acknowledged = False
    name.told = ExpiryLevel.FINE
    name.trouble = Trouble.NONE


def is_muted(name: Watched, now: datetime) -> bool:
    return name.muted_until is not None and now < name.muted_until


def _fresh_from(name: Watched, online_at: datetime | None) -> datetime | None:
    """Since when what was seen of this name counts; None: always."""
    if name.fresh_from is None or online_at is None:
        return name.fresh_from or online_at
    return max(name.fresh_from, online_at)


def _stale_until(name: Watched, online_at: datetime | None) -> datetime | None:
    fresh_from = _fresh_from(name, online_at)
    return None if fresh_from is None else fresh_from + name.rule.unknown_after


def is_broken(name: Watched) -> bool:
    """Whether the name is not valid whatever its certificate's dates are: they can wait."""
    return name.red is not None and name.red.confirmed and name.red.check.reason != Reason.EXPIRED


def _confirm_alone(
    name: Watched, now: datetime, book: RuleBook, online_at: datetime | None
) -> None:
    """Where no second check comes, the first one counts, unless the monitor was ill meanwhile."""
    red = name.red
    if red is None or red.confirmed or red.doubted or now < red.since + CONFIRMED_AFTER:
        return
    if not is_stale(name, now, online_at):
        confirm(name, red, book)


def _of_trouble(name: Watched, now: datetime, online_at: datetime | None) -> list[Decision]:
    trouble = trouble_of(name, now, online_at)
    if trouble > name.trouble or _has_new_trouble(name, trouble, now):
        red = name.red if name.red is not None and name.red.confirmed else None
        seen = name.unknown if trouble is Trouble.UNKNOWN else red
        name.trouble = trouble
        name.trouble_acknowledged = False
        reason = Reason.EXPIRED if seen is None else seen.check.reason
        if trouble is Trouble.EXPIRED:
            _remind_from(name, now)
        return [Decision(DeliveryMode.INCIDENT, _event(name, _TROUBLES[trouble], reason), seen)]
    if not (name.trouble and _is_well(name, now, online_at)):
        return []
    name.trouble = Trouble.NONE
    return [Decision(DeliveryMode.ENDED, _event(name, Kind.RECOVERED))]


def _is_well(name: Watched, now: datetime, online_at: datetime | None) -> bool:
    """Whether the name was seen, and is valid."""
    seen_valid = name.valid and name.unknown is None and not is_stale(name, now, online_at)
    return seen_valid and trouble_of(name, now, online_at) is Trouble.NONE


def _has_new_trouble(name: Watched, trouble: Trouble, now: datetime) -> bool:
    """Whether an expired certificate was replaced, by one that is not valid either."""
    if not (name.trouble is Trouble.EXPIRED and trouble is Trouble.INVALID and name.red):
        return False
    shown = name.red.check.certificate
    return shown is not None and shown.not_after is not None and shown.not_after > now


def _of_change(name: Watched) -> list[Decision]:
    if not name.changed:
        return []
    name.changed = False
    return [Decision(DeliveryMode.AT_ONCE, _event(name, Kind.CHANGED))]


def _of_level(name: Watched, now: datetime, *, digest: bool) -> list[Decision]:
    if name.plan is None or now >= name.plan.expires_at or is_broken(name):
        return []
    level = level_of(name, now)
    if level <= name.told:
        return []
    if digest and level < ExpiryLevel.URGENT and _can_wait(name, level, now):
        return []
    name.told = level
    name.acknowledged = False
    name.digest_at = None
    if level is ExpiryLevel.URGENT:
        _remind_from(name, now)
    return [Decision(DeliveryMode.AT_ONCE, _event(name, _LEVELS[level]))]


def _can_wait(name: Watched, level: ExpiryLevel, now: datetime) -> bool:
    """Whether the next digest, which is noted, comes in time."""
    if name.plan is None:
        return False
    if name.digest_at is None or name.digest_at < now:
        name.digest_at = next_digest(now, name.rule.digest_at)
    in_time = name.plan.expires_at - name.digest_at >= name.plan.ahead
    if level is ExpiryLevel.LATE:
        in_time = in_time and name.digest_at < name.plan.threshold_at
    return in_time and name.digest_at > now


def _remind_from(name: Watched, now: datetime) -> None:
    """The first reminder comes with the digest of the next day."""
    name.reminders = 0
    name.remind_at = next_digest(_tomorrow(now), name.rule.digest_at)


def _reminder(
    name: Watched, now: datetime, online_at: datetime | None, *, told_now: bool
) -> list[Decision]:
    if name.remind_at is None or now < name.remind_at:
        return []
    event = _open_trouble(name, now, online_at)
    if event is None:
        name.remind_at = None
        return []
    if told_now or is_broken(name):
        name.remind_at = next_digest(_tomorrow(now), name.rule.digest_at)
        return []
    due_at = next_digest(now, name.rule.digest_at)
    if now < due_at:  # it was muted, or the monitor ill
        name.remind_at = due_at
        return []
    name.reminders += 1
    name.remind_at = due_at + (_DAY if name.reminders < DAILY_REMINDERS else 7 * _DAY)
    return [Decision(DeliveryMode.REMINDER, event)]


def _open_trouble(name: Watched, now: datetime, online_at: datetime | None) -> Event | None:
    """What readers are reminded of; None where it is over, or acknowledged."""
    trouble = trouble_of(name, now, online_at)
    if trouble is Trouble.EXPIRED and name.trouble is trouble:
        acknowledged = name.trouble_acknowledged
        return None if acknowledged else _event(name, Kind.EXPIRED, Reason.EXPIRED)
    urgent = level_of(name, now) is ExpiryLevel.URGENT and name.told is ExpiryLevel.URGENT
    return _event(name, Kind.URGENT) if urgent and not name.acknowledged else None


def _settle(name: Watched, now: datetime, online_at: datetime | None) -> None:
    """What is over while a name is muted is over for good."""
    name.changed = False
    if _is_well(name, now, online_at):
        name.trouble = Trouble.NONE
        name.trouble_told = False


def _event(name: Watched, kind: Kind, reason: str | None = None) -> Event:
    return Event(kind, name.name, name.client, reason or None)


def _tomorrow(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
