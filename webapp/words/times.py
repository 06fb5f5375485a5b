"""Dates, distances in time and lifetimes in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo


def span_text(span: timedelta) -> str:
    """ "under a second", "12 seconds", "3 minutes", "2 hours": how long something took."""
    seconds = max(0, round(span.total_seconds()))
    for size, word in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= 2 * size or seconds == size == 1:
            count = seconds // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "under a second"


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
    distance = abs(at - now)
    days = abs(days_until(at, now, zone))
    if distance >= timedelta(days=2) and days >= 2:
        return f"{days:,} days"
    for size, word in ((timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if distance >= size:
            count = distance // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    return ""


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
    return distance_text(not_after, now, zone) or "under a minute"


def left_of_text(
    not_before: datetime, not_after: datetime, now: datetime, zone: tzinfo = UTC
) -> str:
    """ "12 days of 90", "23 hours of 90 days": the time left of a certificate's lifetime. Without
    the lifetime before its first day, when more than that is left."""
    left = left_text(not_after, now, zone)
    if now < not_before:
        return left
    lifetime = left_text(not_after, not_before, zone)
    return f"{left} of {lifetime.removesuffix(' days') if left.endswith(' days') else lifetime}"


def age_text(at: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """ "just now", "5 minutes ago", "47 hours ago", "2 days ago": how long ago an instant was."""
    distance = distance_text(min(at, now), now, zone)
    return f"{distance} ago" if distance else "just now"


def day_text(day: date) -> str:
    """ "23 Nov 2026": a date as every page writes it."""
    return f"{day.day} {day:%b %Y}"


def expiry_text(not_after: datetime | None, now: datetime, zone: tzinfo = UTC) -> str:
    """ "Expires in 12 days, on 23 Nov 2026." or "Expired 9 days ago, on 14 Nov 2026." """
    if not_after is None:
        return ""
    day = day_text(local(not_after, zone))
    if not_after <= now:
        return f"Expired {age_text(not_after, now, zone)}, on {day}."
    return f"Expires in {left_text(not_after, now, zone)}, on {day}."


def checked_text(checked_at: datetime | None, now: datetime, zone: tzinfo = UTC) -> str:
    """ "Checked 5 minutes ago." Empty where it never was."""
    return "" if checked_at is None else f"Checked {age_text(checked_at, now, zone)}."
