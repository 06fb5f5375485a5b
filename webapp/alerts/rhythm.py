"""The rhythm of renewals: at which share of its lifetime a certificate is usually renewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from webapp.alerts.facts import Certificate

KEPT = 10  # renewals that are remembered of a name
WANTED = 2  # renewals that make a rhythm


class Renewal(NamedTuple):
    """One renewal of a name."""

    share: float  # of the old certificate's lifetime that had passed
    in_time: bool  # before the last limit
    organisation: str | None  # that issued both certificates; None: it was not the same


def late_margin(lifetime: timedelta) -> timedelta:
    """How far renewals of one rhythm are apart at most, and how late is late."""
    return max(timedelta(days=1), 0.05 * lifetime)


def last_limit(lifetime: timedelta) -> timedelta:
    """The time left at which every certificate is told of, whatever its rhythm."""
    return min(lifetime, max(timedelta(hours=48), 0.03 * lifetime))


def renewal(
    old: Certificate, new: Certificate, last_seen: datetime, seen: datetime
) -> Renewal | None:
    """The renewal of `old`, last seen then, by `new`, first seen then; None where dates are
    missing.

    It took place when the new certificate begins, as far as the two checks allow that: one may be
    issued weeks before it is installed.
    """
    if old.not_before is None or old.not_after is None or new.not_before is None:
        return None
    lifetime = old.lifetime
    if not lifetime:
        return None
    at = min(max(new.not_before, last_seen), seen)
    same = old.organisation == new.organisation
    return Renewal(
        (at - old.not_before) / lifetime,
        at <= old.not_after - last_limit(lifetime),
        new.organisation if same else None,
    )


def usual_share(renewals: Sequence[Renewal], certificate: Certificate) -> float | None:
    """The share of its lifetime at which this certificate is to be renewed, after these renewals,
    the latest last; None where they are not regular.

    Regular are the last ones, two at least, that lie within the late margin of each other, in time,
    and by the organisation that issued this one.
    """
    lifetime = certificate.lifetime
    if not lifetime:
        return None
    most_apart = late_margin(lifetime) / lifetime
    shares: list[float] = []
    for past in reversed(renewals):
        together = [*shares, past.share]
        if not past.in_time or past.organisation != certificate.organisation:
            break
        if max(together) - min(together) > most_apart:
            break
        shares = together
    return sum(shares) / len(shares) if len(shares) >= WANTED else None
