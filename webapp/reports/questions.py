"""What the report was asked, as it stands in the address bar, and what of it was understood."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from webapp.customers import state_filters
from webapp.customers.models import Client
from webapp.customers.paging import MOST_SEARCH_CHARACTERS
from webapp.extensions import db
from webapp.parsing import whole
from webapp.probe import BY_SEVERITY, Reason
from webapp.words import states
from webapp.words.report_filters import AGES, NEVER_ASKED, ORIGINS, WINDOWS, reason_titles

WEEKS = 26  # that the picture of what expires looks ahead
WEEK = timedelta(weeks=1)

# In this order they are sorted and offered.
REASONS = reason_titles((*BY_SEVERITY[:-1], NEVER_ASKED, Reason.OK))


@dataclass(frozen=True)
class ReportQuery:
    """What the report was asked. Anything may stand in it."""

    search: str = ""
    sort: str = ""
    page: str = "1"
    size: str = ""
    ssl: str = ""  # one of `state_filters.FILTERS`
    reason: str = ""  # a word of `REASONS`
    issuer: str = ""
    client: str = ""  # the id of a client
    expires: str = ""  # a word of `WINDOWS`, or the Monday of a week as 2026-11-23
    checked: str = ""  # a word of `AGES`
    origin: str = ""  # a word of `ORIGINS`
    browsers: str = ""  # a word of `words.states.BROWSERS`

    def understood(self, issuers: tuple[str, ...]) -> tuple[dict[str, str], Client | None]:
        """The filters that were understood, and the client among them.

        What is unknown filters nothing.
        """
        filters = {}
        known = {
            "ssl": state_filters.FILTERS,
            "reason": REASONS,
            "issuer": issuers,
            "checked": AGES,
            "origin": ORIGINS,
        }
        for name, words in {**known, "browsers": states.BROWSERS}.items():
            if getattr(self, name) in words:
                filters[name] = getattr(self, name)
        if self.expires in WINDOWS or week_of(self.expires):
            filters["expires"] = self.expires
        asked = whole(self.client)
        client = db.session.get(Client, asked) if asked else None
        if client is not None:
            filters["client"] = str(client.id)
        if text := self.search.strip()[:MOST_SEARCH_CHARACTERS]:
            filters["q"] = text
        return filters, client


def week_of(text: str) -> date | None:
    """The Monday that a week is called by."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        return (
            day
            if day.weekday() == 0 and 1970 < day.year < 9000 and text == day.isoformat()
            else None
        )
    return None


def mondays(now: datetime) -> list[date]:
    """The weeks ahead, this one first."""
    this = now.date() - timedelta(days=now.weekday())
    return [this + number * WEEK for number in range(WEEKS)]


def window(word: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when on and before when a certificate expires that this filter finds; None is open."""
    monday = week_of(word)
    if monday is not None:
        start = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
        return start, start + WEEK
    if word == "ended":
        return None, now
    return now, now + timedelta(days=int(word))
