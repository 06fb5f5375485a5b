"""A date as billing systems, spreadsheets and people write it -> the day.

01/02/2026 is two days. Which of them is meant is told by the rest of the file, or by a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

DAY_FIRST = "day first"
MONTH_FIRST = "month first"
ORDERS = (DAY_FIRST, MONTH_FIRST)

# What stands where there is no date
NONE = re.compile(
    r"(null|\\n|n/?a|none|never|nil|[-–—]+|(0{4}[-./]00?[-./]00?|00?[-./]00?[-./]0{4})"
    r"([T ]0{1,2}:00(:00)?(\.0+)?Z?)?)?\Z",
    re.IGNORECASE,
)
# The time of day is not kept: a day is what an import stores
_TIME = (
    r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?"
    r"\s*(?:Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?)?"
)
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-./])(\d{{1,2}})\2(\d{{1,2}}){_TIME}\Z")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})\Z")
_DOTS = re.compile(rf"(\d{{1,2}})\.\s?(\d{{1,2}})\.\s?(\d{{4}}){_TIME}\Z")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/])(\d{{1,2}})\2(\d{{4}}){_TIME}\Z")
_UNIX = re.compile(r"[1-9]\d{8,9}\Z")
_WEEKDAY = r"(?:[A-Za-z]{3,9},?\s+)?"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"([A-Za-z]{3,9})\.?"
_NAMED = (
    (
        re.compile(
            rf"{_WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th)?[-\s]+{_MONTH}[-,\s]+(\d{{4}}){_TIME}\Z"
        ),
        "dmy",
    ),
    (
        re.compile(
            rf"{_WEEKDAY}{_MONTH}[-\s]+(\d{{1,2}})(?:st|nd|rd|th)?[-,\s]+(\d{{4}}){_TIME}\Z"
        ),
        "mdy",
    ),
    (re.compile(rf"(\d{{4}})[-\s]+{_MONTH}[-\s]+(\d{{1,2}}){_TIME}\Z"), "ymd"),
)


class NoSuchDay(ValueError):
    """It is written as a date, and there is no such day."""


class NoDate(ValueError):
    """It is not written as a date."""


class TwoDays(ValueError):
    """It is one day with the day first and another with the month first."""


def read_day(text: str, order: str = "") -> date | None:
    """The day in this text; None where it says that there is none.

    `order` is one of `ORDERS`, for dates as 01/02/2026. Raises `NoSuchDay`, `NoDate`, and without
    an order `TwoDays`.
    """
    if NONE.match(text):
        return None
    if not text.isascii() or len(text) > 64:
        raise NoDate
    if found := _YEAR_LAST.match(text):
        first = int(found[1])
        second = int(found[3])
        year = int(found[4])
        days = {DAY_FIRST: (year, second, first), MONTH_FIRST: (year, first, second)}
        if order:
            return _day(*days[order])
        both = [day for day in map(_possible, days.values()) if day]
        if len(set(both)) > 1:
            raise TwoDays
        return both[0] if both else _day(*days[DAY_FIRST])
    if found := _YEAR_FIRST.match(text):
        return _day(int(found[1]), int(found[3]), int(found[4]))
    if found := _COMPACT.match(text):
        return _day(*map(int, found.groups()))
    if found := _DOTS.match(text):
        return _day(*map(int, reversed(found.groups())))
    if _UNIX.match(text):
        return datetime.fromtimestamp(int(text), UTC).date()
    return _named(text)


def _named(text: str) -> date:
    for pattern, parts in _NAMED:
        if found := pattern.match(text):
            of = dict(zip(parts, found.groups(), strict=True))
            if of["m"][:3].lower() in _MONTHS:
                return _day(int(of["y"]), _MONTHS.index(of["m"][:3].lower()) + 1, int(of["d"]))
    raise NoDate


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NoSuchDay from None


def _possible(parts: tuple[int, int, int]) -> date | None:
    try:
        return date(*parts)
    except ValueError:
        return None


@dataclass
class DateOrder:
    """What the dates of a file tell of the order that they are written in."""

    only_day_first: int = 0
    only_month_first: int = 0
    either: int = 0
    example: str = ""  # the first that is a day in both orders

    def add(self, texts: Iterable[str]) -> None:
        """Takes these texts into account."""
        for text in texts:
            found = _YEAR_LAST.match(text)
            if not found:
                continue
            first = int(found[1])
            second = int(found[3])
            if first == second or not (1 <= min(first, second) <= 12) or max(first, second) > 31:
                continue  # the same day either way, or none
            if first > 12:
                self.only_day_first += 1
            elif second > 12:
                self.only_month_first += 1
            else:
                self.either += 1
                self.example = self.example or text

    @property
    def order(self) -> str:
        """The one of `ORDERS` that fits all dates; empty where both do, or neither."""
        if self.only_day_first and not self.only_month_first:
            return DAY_FIRST
        if self.only_month_first and not self.only_day_first:
            return MONTH_FIRST
        return ""

    @property
    def open(self) -> bool:
        """Whether a person has to say which order is meant: no date of the file does, or they
        contradict each other."""
        return not self.order and bool(self.either)
