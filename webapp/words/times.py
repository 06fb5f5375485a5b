"""Dates, distances in time and lifetimes in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import MappingProxyType

from webapp.words.translation import Table, gettext, ngettext

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_COUNTED: Mapping[timedelta, Callable[[int], str]] = MappingProxyType(
    {
        _DAY: lambda count: ngettext("{count:,} day", "{count:,} days", count),
        _HOUR: lambda count: ngettext("{count} hour", "{count} hours", count),
        _MINUTE: lambda count: ngettext("{count} minute", "{count} minutes", count),
        _SECOND: lambda count: ngettext("{count} second", "{count} seconds", count),
    }
)

# By the number of the month
MONTHS: Mapping[int, str] = Table(
    {
        1: lambda: gettext("Jan"),
        2: lambda: gettext("Feb"),
        3: lambda: gettext("Mar"),
        4: lambda: gettext("Apr"),
        5: lambda: gettext("May"),
        6: lambda: gettext("Jun"),
        7: lambda: gettext("Jul"),
        8: lambda: gettext("Aug"),
        9: lambda: gettext("Sep"),
        10: lambda: gettext("Oct"),
        11: lambda: gettext("Nov"),
        12: lambda: gettext("Dec"),
    }
)


def span_text(span: timedelta) -> str:
    """ "under a second", "12 seconds", "3 minutes", "2 hours": how long something took."""
    whole = timedelta(seconds=round(span.total_seconds()))
    for unit in (_HOUR, _MINUTE, _SECOND):
        if whole >= 2 * unit or whole == unit == _SECOND:
            return _COUNTED[unit](whole // unit)
    return gettext("under a second")


def days_until(at: datetime, now: datetime, zone: tzinfo = UTC) -> int:
    """Whole days from `now` to `at` in the calendar of this zone: 1 is tomorrow, negative is
    past."""
    return (local(at, zone).date() - local(now, zone).date()).days


def local(at: datetime, zone: tzinfo) -> datetime:
    """The same instant on the clocks of this zone; unchanged where the calendar has no such day
    (the year 9999)."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def days_left(not_after: datetime | None, now: datetime, zone: tzinfo = UTC) -> int | None:
    """Days until the certificate expires, see `days_until`; None where that is not known."""
    return None if not_after is None else days_until(not_after, now, zone)


def distance_text(at: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """ "12 days", "47 hours", "5 minutes": how far an instant is away, past or future. Hours below
    two days, rounded down, then whole days of this zone's calendar. Empty below a minute."""
    count, unit = _distance(at, now, zone)
    return _COUNTED[unit](count) if count else ""


def _distance(at: datetime, now: datetime, zone: tzinfo) -> tuple[int, timedelta]:
    """The same as a count of units; none of them below a minute."""
    distance = abs(at - now)
    days = abs(days_until(at, now, zone))
    if distance >= 2 * _DAY and days >= 2:
        return days, _DAY
    unit = _HOUR if distance >= _HOUR else _MINUTE
    return distance // unit, unit


def share_gone(
    not_before: datetime | None, not_after: datetime | None, now: datetime
) -> int | None:
    """How much of a certificate's lifetime is behind it, in per cent; None where that cannot be
    told."""
    if not_before is None or not_after is None or not_after <= not_before:
        return None
    return min(100, max(0, round(100 * ((now - not_before) / (not_after - not_before)))))


def left_text(not_after: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """ "12 days", "23 hours", "under a minute": how long a certificate is still valid."""
    return distance_text(not_after, now, zone) or gettext("under a minute")


def left_of_text(
    not_before: datetime, not_after: datetime, now: datetime, zone: tzinfo = UTC
) -> str:
    """ "12 days of 90", "23 hours of 90 days": the time left of a certificate's lifetime. Without
    the lifetime before its first day, when more than that is left."""
    left = left_text(not_after, now, zone)
    if now < not_before:
        return left
    days, unit = _distance(not_after, now, zone)
    lifetime, whole = _distance(not_after, not_before, zone)
    if unit == whole == _DAY:
        return ngettext(
            "{count:,} day of {lifetime:,}",
            "{count:,} days of {lifetime:,}",
            days,
            lifetime=lifetime,
        )
    return gettext(
        "{left} of {lifetime}", left=left, lifetime=left_text(not_after, not_before, zone)
    )


def age_text(at: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """ "just now", "5 minutes ago", "47 hours ago", "2 days ago": how long ago an instant was."""
    distance = distance_text(min(at, now), now, zone)
    return gettext("{distance} ago", distance=distance) if distance else gettext("just now")


def day_text(day: date) -> str:
    """ "23 Nov 2026": a date as every page writes it."""
    return gettext("{day} {month} {year}", day=day.day, month=MONTHS[day.month], year=day.year)


def instant_text(at: datetime) -> str:
    """ "23 Nov 2026, 17:44 UTC": an instant in UTC as every page writes it."""
    at = at.astimezone(UTC)
    time = f"{at.hour:02}:{at.minute:02}"
    return gettext("{day}, {time} UTC", day=day_text(at), time=time)


def day_and_month(day: date) -> str:
    """ "12 Jan": a date without its year."""
    return gettext("{day} {month}", day=day.day, month=MONTHS[day.month])


def expiry_text(not_after: datetime | None, now: datetime, zone: tzinfo = UTC) -> str:
    """ "Expires in 12 days, on 23 Nov 2026." or "Expired 9 days ago, on 14 Nov 2026." """
    if not_after is None:
        return ""
    day = day_text(local(not_after, zone))
    if not_after <= now:
        return gettext("Expired {ago}, on {day}.", ago=age_text(not_after, now, zone), day=day)
    return gettext("Expires in {left}, on {day}.", left=left_text(not_after, now, zone), day=day)


def short_day(day: date, today: date) -> str:
    """ "12 Jan": a day within a year of `today`; with its year where it is further away."""
    near = abs((day - today).days) < 330
    return day_and_month(day) if near else day_text(day)


def short_expiry(not_after: datetime, now: datetime, zone: tzinfo = UTC) -> tuple[str, str]:
    """ "12 Jan" and "45 days": until when a certificate is valid, and how long that is."""
    day = short_day(local(not_after, zone).date(), local(now, zone).date())
    return day, left_text(not_after, now, zone)


def checked_text(checked_at: datetime | None, now: datetime, zone: tzinfo = UTC) -> str:
    """ "Checked 5 minutes ago." Empty where it never was."""
    if checked_at is None:
        return ""
    return gettext("Checked {ago}.", ago=age_text(checked_at, now, zone))
