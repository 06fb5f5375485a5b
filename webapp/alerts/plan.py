"""When a certificate is to be told of, under its rule and after the rhythm of its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from webapp.alerts.facts import Certificate
from webapp.alerts.rhythm import last_limit, late_margin
from webapp.alerts.rules import Rule, Threshold

BEFORE_THE_END = timedelta(hours=1)
_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)


class Plan(NamedTuple):
    """The moments of one certificate."""

    expires_at: datetime
    expiring_at: datetime
    urgent_at: datetime
    threshold_at: datetime  # where *expiring* would be told without a rhythm
    ahead: timedelta  # time that has to be left when *expiring* is told
    late_at: datetime | None = None  # None: there is no rhythm

    def may_wait_until(self, now: datetime) -> datetime | None:
        """How long others may be waited for, to be told of together; None: it has expired."""
        latest = (self.expires_at - self.ahead, self.expires_at - BEFORE_THE_END, self.expires_at)
        return next((moment for moment in latest if moment > now), None)


def plan(certificate: Certificate, rule: Rule, usual: float | None) -> Plan | None:
    """The moments of a certificate that is usually renewed at this share of its lifetime; None
    where its end is not known."""
    end = certificate.not_after
    if end is None:
        return None
    lifetime = certificate.lifetime
    threshold_at = reached_at(rule.expiring, certificate.not_before, end)
    urgent_at = reached_at(rule.urgent, certificate.not_before, end)
    ahead = min(lifetime / 6, timedelta(days=14))
    if usual is None or certificate.not_before is None:
        return Plan(end, threshold_at, urgent_at, threshold_at, ahead)
    quiet_until = end - last_limit(lifetime)
    return Plan(
        end,
        max(threshold_at, quiet_until),
        max(urgent_at, quiet_until),
        threshold_at,
        last_limit(lifetime) if threshold_at < quiet_until else ahead,
        certificate.not_before
        + min(max(usual * lifetime + late_margin(lifetime), lifetime / 2), lifetime),
    )


def reached_at(threshold: Threshold, not_before: datetime | None, end: datetime) -> datetime:
    """When a certificate of these dates reaches a threshold."""
    lifetime = None if not_before is None else max(timedelta(), end - not_before)
    return end - min(threshold.span(lifetime), end - _FIRST_MOMENT)


def next_digest(now: datetime, digest_at: timedelta) -> datetime:
    """The next moment, `now` included, at this time of day (since midnight, UTC)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    digest = midnight + digest_at
    return digest if digest >= now else digest + timedelta(days=1)
