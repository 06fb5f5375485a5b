"""Lists of services and domains: search, filters, sort, pages.

What may be asked for is on a whitelist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, false, or_, select

from webapp.customers import access, listing_row, searches, tags
from webapp.customers.listing_row import ListingRow
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.customers.orders import by, narrowed
from webapp.customers.statuses import status_choices, stored_status
from webapp.extensions import contains, db
from webapp.listing import page, plan
from webapp.listing.order import Order
from webapp.listing.rows import Rows
from webapp.parsing import whole
from webapp.words import states, website

R = TypeVar("R")
Sorts = Mapping[str, Order]


_COMMON: Sorts = MappingProxyType(
    {
        "domain": by(ListingRow.name),
        "client": by(ListingRow.client_name, ListingRow.client_id),
        "status": by(ListingRow.status),
        "ssl": by(ListingRow.rank),  # what needs a person first
    }
)
SERVICE_SORTS: Sorts = MappingProxyType(
    {
        **_COMMON,
        "product": by(ListingRow.product),
        "due": by(ListingRow.due_on, empty_last=True),
    }
)
DOMAIN_SORTS: Sorts = MappingProxyType(
    {
        **_COMMON,
        "registered": by(ListingRow.registered_on, empty_last=True),
        "expires": by(ListingRow.due_on, empty_last=True),
    }
)
_SORTS = MappingProxyType({Service.kind: SERVICE_SORTS, Domain.kind: DOMAIN_SORTS})
_STATUSES: Mapping[str, type[StrEnum]] = MappingProxyType(
    {Service.kind: ServiceStatus, Domain.kind: DomainStatus}
)
DEFAULT_SORT = "domain"


@dataclass(frozen=True)
class ListQuery:
    """What a list was asked for, as it came from the address bar: anything may stand in it."""

    search: str = ""
    sort: str = DEFAULT_SORT  # a name of the whitelist, with a minus before it: the other way round
    page: str = ""  # a cursor
    size: str = ""
    status: str = ""  # one of `statuses.status_choices`
    ssl: str = ""  # one of `words.states.STATE_FILTERS`
    client: str = ""  # the id of a client, for those who see more than one
    origin: str = ""  # a word of Origin, for the provider's people
    browsers: str = ""  # a word of `words.states.BROWSERS`
    tag: str = ""  # for the provider's people


@dataclass(frozen=True)
class Listing(page.Shown[R]):
    """One page of a list, and what was understood of the question."""

    search: str
    sort: str
    # By name, in the words of the address bar
    filters: Mapping[str, str] = field(default_factory=dict)
    client: Client | None = None  # the one whose items alone are shown
    statuses: Mapping[str, str] = field(default_factory=dict)  # what the status can be filtered by
    origins: Mapping[str, str] = field(default_factory=dict)  # the same for where domains lead
    # The same for what browsers make of the certificate
    browsers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)  # the same for tags
    # Where a search has hits that has none here: how many services, domains and clients
    elsewhere: Mapping[str, int] = field(default_factory=dict)


def list_services(
    user: User, question: ListQuery, now: datetime, of: Client | None = None
) -> Listing[Service]:
    """One page of the services this user may see; only those `of` one client where that is asked
    for."""
    listing: Listing[Service] = _listing(Service.kind, user, question, of)
    # It can be filtered by where the servers are known of which it is told.
    known = user.sees_everything and any(service.server_address for service in listing.rows)
    labels = {origin.value: words.label for origin, words in website.ORIGINS.items()}
    return replace(listing, origins=labels if known or "origin" in listing.filters else {})


def list_domains(
    user: User, question: ListQuery, now: datetime, of: Client | None = None
) -> Listing[Domain]:
    """One page of the domains this user may see; only those `of` one client where that is asked
    for."""
    return _listing(Domain.kind, user, question, of)


@dataclass(frozen=True)
class ParsedQuery:
    """What was understood of the question to a list, and the rows that it means."""

    search: str
    sort: str
    filters: Mapping[str, str]
    client: Client | None
    rows: Rows
    order: Order


def understood(kind: str, user: User, question: ListQuery, of: Client | None = None) -> ParsedQuery:
    """The services or domains this user may see that the question means, in its order."""
    filters, client = _filters(_STATUSES[kind], user, question, of)
    search = question.search.strip()[: page.MOST_SEARCH_CHARACTERS]
    sorts = _SORTS[kind]
    sort = question.sort if question.sort.removeprefix("-") in sorts else DEFAULT_SORT
    only = (ListingRow.client_id == of.id,) if of is not None else ()
    rows = Rows(
        (*access.rows_for(user), *only, *conditions(filters)), splits=(ListingRow.kind == kind,)
    )
    owner = of.id if of is not None else client.id if client is not None else None
    if "tag" in filters:
        rows = tags.items_with(rows, filters["tag"], kind)
    rows = searches.searched(rows, search, user, kind, owner)
    order = narrowed(sorts[sort.removeprefix("-")], rows, filters)
    return ParsedQuery(search, sort, filters, client, rows, order)


def _listing(kind: str, user: User, question: ListQuery, of: Client | None) -> Listing[Any]:
    asked = understood(kind, user, question, of)
    size = page.size_of(question.size)
    shown = page.fetch(asked.rows, asked.order, asked.sort, question.page, size)
    items = access.items_of_rows(user, shown.ids)
    # It can be filtered by where there are some to be found.
    known = any(item.target and item.target.browsers_refuse for item in items)
    return Listing(
        items,
        shown,
        asked.search,
        asked.sort,
        asked.filters,
        asked.client,
        statuses=status_choices(_STATUSES[kind], client=not user.sees_everything),
        browsers=states.BROWSERS if known or "browsers" in asked.filters else {},
        tags=tags.offered(asked.filters.get("tag", "")) if user.sees_everything else {},
        elsewhere={} if items or of else hits(asked.search, kind, access.rows_for(user), user),
    )


def hits(
    search: str, but: str, seen: tuple[ColumnElement[bool], ...], user: User | None
) -> dict[str, int]:
    """How many services, domains and clients a search finds `but` those of one kind; at most
    `plan.MOST_COUNTED` are counted of each.

    `seen`: what the listing rows meet that may be seen. Without a `user` it is asked for the
    provider's people.
    """
    if not search:
        return {}
    most = plan.MOST_COUNTED
    found = {}
    for kind in (Service.kind, Domain.kind):
        if kind == but:
            continue
        rows = searches.searched(Rows(seen, splits=(ListingRow.kind == kind,)), search, user, kind)
        rows = plan.planned(rows, ListingRow.id)
        common = plan.is_common(rows, ListingRow.id)
        ids = rows.matching(select(ListingRow.id), most)
        found[kind] = most if common else plan.count(ids, most)
    if but != "client" and (user is None or user.sees_everything):
        named = or_(contains(Client.name, search), contains(Client.reference, search))
        found["client"] = min(most, plan.count(select(Client.id).where(named), most))
    return {kind: number for kind, number in found.items() if number}


def _filters(
    statuses: type[StrEnum], user: User, question: ListQuery, of: Client | None
) -> tuple[dict[str, str], Client | None]:
    """The filters that were understood, and the client among them.

    What is unknown filters nothing.
    """
    filters: dict[str, str] = {}
    client_reads = not user.sees_everything
    if question.status in status_choices(statuses, client=client_reads):
        filters["status"] = question.status
    if question.ssl in states.STATE_FILTERS:
        filters["ssl"] = question.ssl
    if question.browsers in states.BROWSERS:
        filters["browsers"] = question.browsers
    if statuses is ServiceStatus and user.sees_everything and question.origin in website.ORIGINS:
        filters["origin"] = question.origin
    if user.sees_everything and (tag := tags.asked_for(question.tag)):
        filters["tag"] = tag
    # Where the list is `of` one client, no other is meant.
    asked = whole(question.client) if user.sees_everything and of is None else None
    client = db.session.get(Client, asked) if asked else None
    if client is not None:
        filters["client"] = str(client.id)
    return filters, client


def conditions(filters: Mapping[str, str]) -> Iterator[ColumnElement[bool]]:
    """What the listing rows meet that these filters let through, of those that lists know."""
    # These two first, as they let fewest rows through: see `listing.plan`
    if "browsers" in filters:
        yield ListingRow.browsers_refuse.is_(True)
    if "client" in filters:
        yield ListingRow.client_id == int(filters["client"])
    if "status" in filters:
        yield ListingRow.status == stored_status(filters["status"], (*ServiceStatus, *DomainStatus))
    if "ssl" in filters:
        yield ListingRow.rank.in_(listing_row.RANKS[filters["ssl"]])
    if listing_row.ranks_of(filters) == []:
        yield false()  # they exclude each other: else the rows of one of them would be read
    if "origin" in filters:
        yield ListingRow.origin == filters["origin"]
