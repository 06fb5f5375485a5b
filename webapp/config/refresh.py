"""Parsers for the settings of the daily refresh: its time of day, time zone and limit."""

from __future__ import annotations

import re
from datetime import time, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import tzlocal


def time_of_day(text: str) -> time:
    """03:00, on a clock of 24 hours."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError("it must be a time of day such as 03:00")
    return time.fromisoformat(text)


def time_zone(text: str) -> tzinfo:
    """A zone by its name, the machine's own where there is none."""
    if not text:
        return tzlocal.get_localzone()
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        raise ValueError(
            "it must be the name of a time zone such as Europe/Berlin, or UTC"
        ) from None


@cache
def zone_names() -> list[str]:
    """The names of all time zones that this machine knows."""
    return sorted(available_timezones())


def daily_limit(text: str) -> int:
    """0, or so many that there is room for the most urgent and for the longest unchecked name."""
    if not (text.isascii() and text.isdigit() and len(text) <= 7) or text == "1":
        raise ValueError("it must be 0 for no limit, or a whole number from 2 to 9999999")
    return int(text)


def control_name(text: str) -> str:
    """One host name, in ASCII."""
    if not re.fullmatch(r"[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)+", text) or len(text) > 253:
        raise ValueError("it must be host names such as www.example.com, separated by commas")
    return text.lower()
