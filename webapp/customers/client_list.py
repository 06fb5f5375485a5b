"""The list of clients: search, sort, pages, and what stands in each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import ColumnElement, String, func, or_, select
from sqlalchemy.orm import selectinload

from webapp.customers import listing_row, tags
from webapp.customers.client_counts import count_of
from webapp.customers.listing_row import ListingRow
from webapp.customers.lists import Listing, ListQuery, ParsedQuery, hits
from webapp.customers.models import Client, Domain, Service, User
from webapp.customers.name_key import name_key
from webapp.customers.tag_models import client_tag
from webapp.extensions import contains, db
from webapp.listing import page
from webapp.listing.order import Order
from webapp.listing.rows import Rows, Search
from webapp.parsing import whole
from webapp.words.report_filters import NEVER_ASKED

# The states that are counted, the most urgent first: each item is in one of them
STATES = MappingProxyType(
    {
        listing_row.INVALID: "invalid",
        listing_row.EXPIRING: "expiring",
        listing_row.UNKNOWN: "unknown",
        listing_row.NEVER_ASKED: NEVER_ASKED,
        listing_row.VALID: "valid",
        listing_row.INACTIVE: "inactive",
    }
)


@dataclass(frozen=True)
class ClientCounts:
    """What a client has."""

    services: int
    domains: int
    users: int

    @property
    def items(self) -> int:
        """How many services and domains."""
        return self.services + self.domains


@dataclass(frozen=True)
class ClientRow:
    """One client in the list.

    `states`: how many services and domains are in each of `STATES`, the most urgent first; those
    of none are left out.
    """

    client: Client
    counts: ClientCounts
    states: Mapping[str, int]


def understood(question: ListQuery) -> ParsedQuery:
    """The clients that the question means, in its order; what cannot be understood of it means its
    default."""
    search = question.search.strip()[: page.MOST_SEARCH_CHARACTERS]
    sort = question.sort if question.sort.removeprefix("-") in SORTS else "name"
    rows = Rows(search=Search(matches(search)) if search else None)
    filters = {}
    if tag := tags.asked_for(question.tag):
        filters["tag"] = tag
        rows = tags.clients_with(rows, tag)
    return ParsedQuery(search, sort, filters, None, rows, SORTS[sort.removeprefix("-")])


def list_clients(question: ListQuery) -> Listing[ClientRow]:
    """One page of them."""
    asked = understood(question)
    size = page.size_of(question.size)
    shown = page.fetch(asked.rows, asked.order, asked.sort, question.page, size)
    listed = rows_of(shown.ids)
    elsewhere = {} if listed else hits(asked.search, "client", (), None)
    return Listing(
        listed,
        shown,
        asked.search,
        asked.sort,
        asked.filters,
        tags=tags.offered(asked.filters.get("tag", ""), client_tag),
        elsewhere=elsewhere,
    )


def rows_of(ids: Sequence[int]) -> list[ClientRow]:
    """The rows of these clients, in this order."""
    states = _states_of(ids)
    chosen = select(Client).where(Client.id.in_(ids)).options(selectinload(Client.tags))
    rows = {}
    for client in db.session.scalars(chosen):
        counts = ClientCounts(client.service_count, client.domain_count, client.user_count)
        rows[client.id] = ClientRow(client, counts, states.get(client.id, {}))
    return [rows[id_] for id_ in ids if id_ in rows]


def counts_of(client: Client) -> ClientCounts:
    """What this client has, counted now: it is about to be deleted."""
    counts = select(count_of(Service), count_of(Domain), count_of(User))
    services, domains, users = db.session.execute(counts.where(Client.id == client.id)).one()
    return ClientCounts(services, domains, users)


def matches(search: str) -> ColumnElement[bool]:
    """The search as it stands, nowhere a pattern: "%" finds a per cent sign.

    "#12" is the client of that number.
    """
    if search.startswith("#") and (number := whole(search[1:])) is not None:
        return Client.id == number
    by_user = Client.id.in_(select(User.client_id).where(contains(User.email, search)))
    texts = (Client.name, Client.reference, Client.contact_email)
    return or_(
        *(contains(column, search) for column in texts),
        Client.name_key.contains(name_key(search), autoescape=True),
        by_user,
    )


def _states_of(ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    """The `Row.states` of these clients. An index has all that it counts."""
    owner = ListingRow.client_id
    rank = ListingRow.rank
    counted = select(owner, rank, func.count()).where(owner.in_(ids)).group_by(owner, rank)
    found: dict[int, dict[str, int]] = {}
    for client_id, rank_, count in db.session.execute(counted.order_by(owner, rank)):
        found.setdefault(client_id, {})[STATES[rank_]] = count
    return found


SORTS = MappingProxyType(
    {
        "name": Order((func.lower(Client.name, type_=String),), Client.id),
        "reference": Order((Client.reference,), Client.id, empty_last=True),
        "created": Order((Client.created_at,), Client.id),
        "services": Order((Client.service_count,), Client.id),
        "domains": Order((Client.domain_count,), Client.id),
        "users": Order((Client.user_count,), Client.id),
    }
)
