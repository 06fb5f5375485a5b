"""Lists of services and domains: search, filters, sort, pages. What may be asked for is on a whitelist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp import padlock, probe
from webapp.customers import states
from webapp.customers.access import domains_for, services_for
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db
from webapp.monitor.models import Hostname
from webapp.probe.steps import Origin

PAGE_SIZE = 25
PAGE_SIZES = (25, 50, 100)
MOST_SEARCHED = 100  # characters of a search that are looked at

T = TypeVar("T", Service, Domain)
R = TypeVar("R")
Columns = Mapping[str, ColumnElement[Any] | InstrumentedAttribute[Any]]

SERVICE_SORTS: Columns = MappingProxyType(
    {
        "domain": func.lower(Service.domain),
        "product": func.lower(Service.product),
        "client": func.lower(Client.name),
        "status": Service.status,
        "due": Service.next_due_on,
    }
)
DOMAIN_SORTS: Columns = MappingProxyType(
    {
        "domain": func.lower(Domain.name),
        "client": func.lower(Client.name),
        "status": Domain.status,
        "registered": Domain.registered_on,
        "expires": Domain.expires_on,
    }
)
DEFAULT_SORT = "domain"


@dataclass(frozen=True)
class Question:
    """What a list was asked for, as it came from the address bar: anything may stand in it."""

    search: str = ""
    sort: str = DEFAULT_SORT  # a name of the whitelist, with a minus before it: the other way round
    page: str = "1"
    size: str = str(PAGE_SIZE)
    status: str = ""  # a word of ServiceStatus or DomainStatus
    ssl: str = ""  # one of `states.KINDS`
    client: str = ""  # the id of a client, for those who see more than one
    origin: str = ""  # a word of Origin, for the provider's people


@dataclass(frozen=True)
class Listing(Generic[R]):
    """One page of a list, and what was understood of the question."""

    rows: list[R]
    total: int
    search: str
    sort: str
    page: int
    pages: int
    size: int = PAGE_SIZE
    filters: Mapping[str, str] = field(default_factory=dict)  # by name, in the words of the address bar
    client: Client | None = None  # the one whose items alone are shown
    statuses: Mapping[str, str] = field(default_factory=dict)  # what the status can be filtered by
    origins: Mapping[str, str] = field(default_factory=dict)  # the same for where domains lead

    @property
    def first(self) -> int:
        """The place of the first row shown in the whole list, counted from 1."""
        return (self.page - 1) * self.size + 1


def list_services(user: User, question: Question, now: datetime, of: Client | None = None) -> Listing[Service]:
    """One page of the services this user may see, with the state their padlocks have at `now`; only those
    `of` one client where that is asked for."""
    searched = (Service.domain, Service.product, Hostname.name, *_names_of_clients(user))
    sorts = {**SERVICE_SORTS, "ssl": states.urgency(Service, now)}
    filters, client = _filters(ServiceStatus, user, question)
    conditions = _conditions(Service, filters, now, of)
    if user.sees_everything and question.origin in padlock.ORIGINS:
        filters["origin"] = question.origin
        conditions.append(Service.origin == Origin(question.origin))
    listing = _listing(services_for(user), question, searched, sorts, Service.id, conditions)
    shown = replace(listing, filters=filters, client=client, statuses={word: word for word in ServiceStatus})
    # It can be filtered by where the servers are known of which it is told.
    known = user.sees_everything and any(service.server_address for service in listing.rows)
    labels = {origin.value: words.label for origin, words in padlock.ORIGINS.items()}
    return replace(shown, origins=labels if known or "origin" in filters else {})


def list_domains(user: User, question: Question, now: datetime, of: Client | None = None) -> Listing[Domain]:
    """One page of the domains this user may see, with the state their padlocks have at `now`; only those
    `of` one client where that is asked for."""
    searched = (Domain.name, Hostname.name, *_names_of_clients(user))
    sorts = {**DOMAIN_SORTS, "ssl": states.urgency(Domain, now)}
    filters, client = _filters(DomainStatus, user, question)
    conditions = _conditions(Domain, filters, now, of)
    listing = _listing(domains_for(user), question, searched, sorts, Domain.id, conditions)
    return replace(listing, filters=filters, client=client, statuses={word: word for word in DomainStatus})


def _filters(statuses: type[StrEnum], user: User, question: Question) -> tuple[dict[str, str], Client | None]:
    """The filters that were understood, and the client among them. What is unknown filters nothing."""
    filters = {}
    if question.status in list(statuses):
        filters["status"] = question.status
    if question.ssl in states.KINDS:
        filters["ssl"] = question.ssl
    client = db.session.get(Client, int(question.client)) if user.sees_everything and _is_id(question.client) else None
    if client is not None:
        filters["client"] = str(client.id)
    return filters, client


def _conditions(
    model: type[Service] | type[Domain], filters: Mapping[str, str], now: datetime, of: Client | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if "status" in filters:
        conditions.append(model.status == filters["status"])
    if "ssl" in filters:
        conditions.append(states.is_kind(model, filters["ssl"], now))
    if "client" in filters:
        conditions.append(model.client_id == int(filters["client"]))
    if of is not None:
        conditions.append(model.client_id == of.id)
    return conditions


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _names_of_clients(user: User) -> tuple[InstrumentedAttribute[str], ...]:
    # A client's own name stands on every row of theirs: searching it would find everything.
    return (Client.name,) if user.sees_everything else ()


def _listing(
    statement: Select[T],
    question: Question,
    searched: Iterable[InstrumentedAttribute[str]],
    sorts: Columns,
    last_sort: InstrumentedAttribute[int],
    conditions: Iterable[ColumnElement[bool]] = (),
) -> Listing[T]:
    search = question.search.strip()[:MOST_SEARCHED]
    matches = (_matches(search, searched),) if search else ()
    ids = statement.with_only_columns(last_sort).where(*conditions, *matches)
    total = db.session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    size = int(question.size) if question.size in map(str, PAGE_SIZES) else PAGE_SIZE
    pages = max(1, -(-total // size))
    page = clamped_page(question.page, pages)
    sort = question.sort if question.sort.removeprefix("-") in sorts else DEFAULT_SORT
    column = sorts[sort.removeprefix("-")]
    order = ((column.desc() if sort.startswith("-") else column.asc()).nulls_last(), last_sort)
    # The page is found by ids alone, and only its rows are fetched: whole rows take several times as long to sort.
    chosen = ids.order_by(*order).limit(size).offset((page - 1) * size)
    rows = db.session.scalars(statement.where(last_sort.in_(chosen)).order_by(*order)).all()
    return Listing(list(rows), total, search, sort, page, pages, size)


def _matches(search: str, columns: Iterable[InstrumentedAttribute[str]]) -> ColumnElement[bool]:
    """The search as it stands, nowhere a pattern: "%" finds a per cent sign."""
    conditions = [column.icontains(search, autoescape=True) for column in columns]
    with suppress(probe.NotCheckable):
        # Whoever pastes an address, or the same name in the other of its two spellings, finds it too.
        conditions.append(Hostname.name == probe.parse(search))
    return or_(*conditions)


def clamped_page(text: str, pages: int) -> int:
    """A page that exists: what is no number is the first, what lies beyond the end is the last."""
    if not (text.isascii() and text.isdigit()):
        return 1
    return min(max(1, int(text[:12])), pages)
