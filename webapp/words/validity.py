"""The history of certificates in words."""

from __future__ import annotations

from datetime import timedelta

from webapp.words.translation import gettext, ngettext

_DAY = timedelta(days=1)


def period(days: int) -> str:
    """The heading of a strip."""
    return gettext("Last {days} days", days=days)


def share_text(share: float | None, known: int, days: int) -> str:
    """How much of the time there was a valid certificate, and how many of these days are known
    where not all are. It is 100 % only if it was all of it."""
    if share is None:
        return gettext("no results")
    hundredths = int(10_000 * share + 1e-6) if share < 1 else 10_000
    number = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    if known < days:
        return gettext(
            "{number} % valid, {known} of {days} days known", number=number, known=known, days=days
        )
    return gettext("{number} % valid", number=number)


def lifetime_text(lifetime: timedelta) -> str:
    """ "90 days" or "160 hours": how long a certificate lives."""
    hours = round(lifetime / timedelta(hours=1))
    if hours < 240:
        return ngettext("{count} hour", "{count} hours", hours)
    # The last second belongs to it: 89 days and 23:59:59 are 90
    return ngettext("{count} day", "{count} days", round(lifetime / _DAY))


def renewed_text(share: float | None) -> str:
    """When the next certificate took its place; empty where that is not known."""
    if share is None:
        return ""
    if share >= 1:
        return gettext("renewed after it expired")
    return gettext("renewed at {percent} % of its lifetime", percent=round(100 * share))
