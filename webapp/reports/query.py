"""What the report is asked, as it stands in the address bar, and which rows that means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from sqlalchemy import ColumnElement, func

from webapp.customers import access, listing_row, lists, searches, tags
from webapp.customers.listing_row import SEVERITIES, ListingRow
from webapp.customers.models import Client, Service, User
from webapp.customers.orders import by
from webapp.extensions import db
from webapp.listing.order import Order
from webapp.listing.page import MOST_SEARCH_CHARACTERS
from webapp.listing.rows import Rows
from webapp.parsing import whole
from webapp.probe import Reason
from webapp.words import states
from webapp.words.report_filters import AGES, ORIGINS, WINDOWS, reason_titles

WEEKS = 26  # that the picture of what expires looks ahead
WEEK = timedelta(weeks=1)

# In this order they are sorted and offered.
REASONS = reason_titles(tuple(SEVERITIES))
SORTS: Mapping[str, Order] = MappingProxyType(
    {
        "ssl": by(ListingRow.rank, ListingRow.soonest),  # what needs a person first
        "reason": by(ListingRow.reason, empty_last=True),
        "item": by(ListingRow.product),
        "domain": by(ListingRow.name),
        "client": by(ListingRow.client_name, ListingRow.client_id),
        "status": by(ListingRow.status),
        "issuer": by(ListingRow.issuer, empty_last=True),
        "expires": by(ListingRow.not_after, empty_last=True),
        "left": by(ListingRow.not_after, empty_last=True),
        "checked": by(ListingRow.checked_at, empty_last=True),
        "changed": by(ListingRow.changed_at, empty_last=True),
    }
)
DEFAULT_SORT = "ssl"


@dataclass(frozen=True)
class ReportQuery:
    """What the report was asked. Anything may stand in it."""

    search: str = ""
    sort: str = ""
    page: str = ""  # a cursor
    size: str = ""
    ssl: str = ""  # one of `words.states.STATE_FILTERS`
    reason: str = ""  # a word of `REASONS`
    issuer: str = ""
    client: str = ""  # the id of a client
    expires: str = ""  # a word of `WINDOWS`, or the Monday of a week as 2026-11-23
    checked: str = ""  # a word of `AGES`
    origin: str = ""  # a word of `ORIGINS`
    browsers: str = ""  # a word of `words.states.BROWSERS`
    tag: str = ""

    @property
    def known_sort(self) -> str:
        """The sort, with a minus before it: the other way round; the default for an odd one."""
        return self.sort if self.sort.removeprefix("-") in SORTS else DEFAULT_SORT

    @property
    def order(self) -> Order:
        return SORTS[self.known_sort.removeprefix("-")]

    @property
    def asked(self) -> set[str]:
        """The names of the filters that are asked for, be they understood or not."""
        others = ("search", "sort", "page", "size")
        return {name for name, word in vars(self).items() if word and name not in others}

    def understood(self, issuers: tuple[str, ...]) -> tuple[dict[str, str], Client | None]:
        """The filters that were understood, and the client among them.

        What is unknown filters nothing.
        """
        filters = {}
        known = {
            "ssl": states.STATE_FILTERS,
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
        if tag := tags.asked_for(self.tag):
            filters["tag"] = tag
        if text := self.search.strip()[:MOST_SEARCH_CHARACTERS]:
            filters["q"] = text
        return filters, client


def rows_of(user: User, filters: Mapping[str, str], now: datetime) -> Rows:
    """The listing rows this user may see that these filters let through."""
    where = (
        *access.rows_for(user),
        *lists.conditions(filters),
        *_conditions(filters, now),
    )
    kind = Service.kind if "origin" in filters else None  # only services have an origin
    kinds = [model.kind for model in listing_row.MODELS if kind in (None, model.kind)]
    rows = Rows(where, tuple(ListingRow.kind == each for each in kinds))
    if "tag" in filters:
        rows = tags.items_with(rows, filters["tag"], kind)
    owner = int(filters["client"]) if "client" in filters else None
    return searches.searched(rows, filters.get("q", ""), user, kind, owner)


def _conditions(filters: Mapping[str, str], now: datetime) -> Iterator[ColumnElement[bool]]:
    """What rows meet that are let through by the filters which only the report has."""
    if filters.get("reason") == Reason.OK:  # the same rows, and an index has rank and expiry
        yield ListingRow.rank.in_(listing_row.RANKS["valid"])
    elif "reason" in filters:
        yield ListingRow.reason == SEVERITIES[filters["reason"]]
    if "issuer" in filters:
        yield ListingRow.issuer == func.lower(filters["issuer"])
    if "expires" in filters:
        start, end = window(filters["expires"], now)
        yield ListingRow.not_after < end
        if start is not None:
            yield ListingRow.not_after >= start
    if filters.get("checked") == "never":
        yield ListingRow.checked_at.is_(None)
        yield ListingRow.target_id.is_not(None)
    elif "checked" in filters:
        yield ListingRow.checked_at < now - timedelta(days=int(filters["checked"]))


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
    # What has expired needs a person as well: "within 30 days" has it, and says so
    return None, now if word == "ended" else now + timedelta(days=int(word))
