"""When a reader is told of an event: at once, in a daily digest or never; not in quiet hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from webapp.alerts.messages import Kind
from webapp.alerts.plan import Plan


class Choice(StrEnum):
    """When a reader wants to be told of events of one kind."""

    NOW = "now"
    DIGEST = "digest"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a reader has chosen. Hours are those of the day in `zone`. Quiet hours begin and end at
    full hours, and may go over midnight; None: there are none."""

    choices: Mapping[str, Choice] = field(default_factory=dict)  # by kind; otherwise at once
    zone: tzinfo = UTC
    digest_hour: int = 8
    quiet_from: int | None = None
    quiet_until: int | None = None

    def is_quiet(self, at: datetime) -> bool:
        if self.quiet_from is None or self.quiet_until is None:
            return False
        since_start = (at.astimezone(self.zone).hour - self.quiet_from) % 24
        return since_start < (self.quiet_until - self.quiet_from) % 24


def deliver_at(
    kind: Kind, plan: Plan | None, preferences: Preferences, now: datetime
) -> datetime | None:
    """When to tell a reader of an event of a name with this plan; None: never.

    What is about to expire does not wait beyond the moment at which it has to be told.
    """
    choice = preferences.choices.get(kind, Choice.NOW)
    if choice is Choice.NEVER:
        return None
    latest = _latest(kind, plan, now)
    moment = now
    if choice is Choice.DIGEST:
        digest = next_hour(now, preferences.digest_hour, preferences.zone)
        moment = digest if latest is None or digest <= latest else now
    if not preferences.is_quiet(moment) or preferences.quiet_until is None:
        return moment
    later = next_hour(moment, preferences.quiet_until, preferences.zone)
    return later if latest is None or later <= latest else moment


def next_hour(now: datetime, hour: int, zone: tzinfo) -> datetime:
    """The next moment, `now` included, at this full hour of the day in this zone."""
    local = now.astimezone(zone)
    moment = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    if moment.astimezone(UTC) < now:
        moment += timedelta(days=1)  # of the wall clock: days of 23 and 25 hours too
    return moment.astimezone(UTC)


def _latest(kind: Kind, plan: Plan | None, now: datetime) -> datetime | None:
    """How long an event may wait; None: as long as its reader likes."""
    if plan is None or kind not in (Kind.EXPIRING, Kind.URGENT, Kind.LATE):
        return None
    if kind is Kind.EXPIRING:
        return plan.expires_at - plan.ahead
    if kind is Kind.LATE:
        return min(plan.threshold_at, plan.expires_at - plan.ahead)
    return plan.may_wait_until(now) or now
