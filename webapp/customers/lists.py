"""Lists of services and domains: search, filters, sort, pages.

What may be asked for is on a whitelist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Subquery, and_, bindparam, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp import probe
from webapp.customers import counts, paging, state_filters
from webapp.customers.access import ids_for, items_for
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.customers.paging import PAGE_SIZE
from webapp.customers.segments import Arm, Key, Segment
from webapp.extensions import contains, db
from webapp.monitor.models import Target
from webapp.parsing import whole
from webapp.probe.steps import Origin
from webapp.words import states, website

T = TypeVar("T", Service, Domain)
Sorts = Mapping[str, Key]
R = TypeVar("R")
# A search as conditions, asked one way or the other
Match = Callable[[bool], tuple[ColumnElement[bool], ...]]

SSL = "ssl"  # the one sort that is no column: what needs a person first
SERVICE_SORTS: Sorts = MappingProxyType(
    {
        "domain": Key((func.lower(Service.domain),)),
        "product": Key((func.lower(Service.product),)),
        "client": Key((func.lower(Client.name), Client.id), via=Service.client),
        "status": Key((Service.status,)),
        "due": Key((Service.next_due_on,), filled=Service.next_due_on),
    }
)
DOMAIN_SORTS: Sorts = MappingProxyType(
    {
        "domain": Key((func.lower(Domain.name),)),
        "client": Key((func.lower(Client.name), Client.id), via=Domain.client),
        "status": Key((Domain.status,)),
        "registered": Key((Domain.registered_on,), filled=Domain.registered_on),
        "expires": Key((Domain.expires_on,), filled=Domain.expires_on),
    }
)
DEFAULT_SORT = "domain"
# Items of a search up to which it is remembered which they are: they stand in the statement
MOST_FOUND = 1200


@dataclass(frozen=True)
class ListQuery:
    """What a list was asked for, as it came from the address bar: anything may stand in it."""

    search: str = ""
    sort: str = DEFAULT_SORT  # a name of the whitelist, with a minus before it: the other way round
    page: str = "1"
    size: str = str(PAGE_SIZE)
    status: str = ""  # a word of ServiceStatus or DomainStatus
    ssl: str = ""  # one of `state_filters.FILTERS`
    client: str = ""  # the id of a client, for those who see more than one
    origin: str = ""  # a word of Origin, for the provider's people
    browsers: str = ""  # a word of `words.states.BROWSERS`


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
    # By name, in the words of the address bar
    filters: Mapping[str, str] = field(default_factory=dict)
    client: Client | None = None  # the one whose items alone are shown
    statuses: Mapping[str, str] = field(default_factory=dict)  # what the status can be filtered by
    origins: Mapping[str, str] = field(default_factory=dict)  # the same for where domains lead
    # The same for what browsers make of the certificate
    browsers: Mapping[str, str] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The place of the first row shown in the whole list, counted from 1."""
        return (self.page - 1) * self.size + 1


def list_services(
    user: User, question: ListQuery, now: datetime, of: Client | None = None
) -> Listing[Service]:
    """One page of the services this user may see, with the state their padlocks have at `now`; only
    those `of` one client where that is asked for."""
    listing = _listing(
        Service,
        (Service.domain, Service.product),
        SERVICE_SORTS,
        ServiceStatus,
        user,
        question,
        now,
        of,
    )
    # It can be filtered by where the servers are known of which it is told.
    known = user.sees_everything and any(service.server_address for service in listing.rows)
    labels = {origin.value: words.label for origin, words in website.ORIGINS.items()}
    return replace(listing, origins=labels if known or "origin" in listing.filters else {})


def list_domains(
    user: User, question: ListQuery, now: datetime, of: Client | None = None
) -> Listing[Domain]:
    """One page of the domains this user may see, with the state their padlocks have at `now`; only
    those `of` one client where that is asked for."""
    return _listing(Domain, (Domain.name,), DOMAIN_SORTS, DomainStatus, user, question, now, of)


def _filters(
    statuses: type[StrEnum], user: User, question: ListQuery, of: Client | None
) -> tuple[dict[str, str], Client | None]:
    """The filters that were understood, and the client among them.

    What is unknown filters nothing.
    """
    filters: dict[str, str] = {}
    if question.status in list(statuses):
        filters["status"] = question.status
    if question.ssl in state_filters.FILTERS:
        filters["ssl"] = question.ssl
    if question.browsers in states.BROWSERS:
        filters["browsers"] = question.browsers
    if statuses is ServiceStatus and user.sees_everything and question.origin in website.ORIGINS:
        filters["origin"] = question.origin
    # Where the list is `of` one client, no other is meant.
    asked = whole(question.client) if user.sees_everything and of is None else None
    client = db.session.get(Client, asked) if asked else None
    if client is not None:
        filters["client"] = str(client.id)
    return filters, client


def _listing(
    model: type[T],
    columns: Sequence[InstrumentedAttribute[str]],
    sorts: Sorts,
    statuses: type[StrEnum],
    user: User,
    question: ListQuery,
    now: datetime,
    of: Client | None,
) -> Listing[T]:
    filters: dict[str, str]
    filters, client = _filters(statuses, user, question, of)
    search = question.search.strip()[: paging.MOST_SEARCH_CHARACTERS]
    # One client's items: no one else's are worth collecting.
    few = client is not None or of is not None or not user.sees_everything

    match = (looked_for if few else searched)(model, search, columns, user)

    def ids(each: bool) -> Select[int]:
        chosen = ids_for(model, user).where(
            *match(each), *_conditions(model, filters, now, each or bool(search))
        )
        return chosen if of is None else chosen.where(model.client_id == of.id)

    sort = question.sort if question.sort.removeprefix("-") in {*sorts, SSL} else DEFAULT_SORT
    order = _order(model, sorts, sort, Arm(ids(few), ids(each=True)), now, few or bool(search))

    def rows(found: Subquery) -> list[T]:
        chosen = items_for(model, user).join(found, found.c.id == model.id)
        return list(db.session.scalars(chosen.order_by(found.c.part, found.c.place)))

    counted = (model.kind, user.client_id, of and of.id, *filters.items(), search)
    asked = question.page, question.size
    page = paging.fetch(counted, order, asked, rows, sort=sort)
    words = {str(word): str(word) for word in statuses}
    # It can be filtered by where there are some to be found.
    known = "browsers" in filters or any(
        item.target and item.target.browsers_refuse for item in page.rows
    )
    return Listing(
        page.rows,
        page.total,
        search,
        sort,
        page.number,
        page.pages,
        page.size,
        filters,
        client,
        words,
        browsers=states.BROWSERS if known else {},
    )


def _order(
    model: type[T], sorts: Sorts, sort: str, arm: Arm, now: datetime, few: bool
) -> list[Segment]:
    if sort.removeprefix("-") != SSL:
        return [Segment((part,)) for part in sorts[sort.removeprefix("-")].arms(arm)]
    groups = (state_filters.by_urgency(model, now, each=each) for each in (few, True))
    order = [Segment((arm.where(*group),)) for group in zip(*groups, strict=True)]
    order[state_filters.ALL_WELL] = replace(order[state_filters.ALL_WELL], rest_of=(arm,))
    return order[::-1] if sort.startswith("-") else order


def _conditions(
    model: type[Service] | type[Domain], filters: Mapping[str, str], now: datetime, each: bool
) -> Iterator[ColumnElement[bool]]:
    if "status" in filters:
        yield state_filters.has_status(model, [filters["status"]], each=each)
    if "ssl" in filters:
        yield state_filters.matches_filter(model, filters["ssl"], now, each=each)
    if "browsers" in filters:
        yield state_filters.browsers_refuse(model, now, each=each)
    if "origin" in filters:
        yield Service.origin == Origin(filters["origin"])
    if "client" in filters:
        yield model.client_id == int(filters["client"])


def looked_for(
    model: type[Service] | type[Domain],
    search: str,
    columns: Iterable[InstrumentedAttribute[str]],
    user: User,
) -> Match:
    """Whether the search stands in the item itself, in its host name or in its client's name:
    nothing where there is no search, else one condition, told how host names are asked, see
    `state_filters.of_hostname`."""
    if not search:
        return lambda each: ()
    named = contains(Target.hostname, search)
    with suppress(probe.NotCheckable):
        # A user who pastes an address, or the same name in the other of its two spellings, finds it
        # too.
        asked = probe.understand(search)
        at_port = [Target.port == asked.port] if asked.port != probe.HTTPS_PORT else []
        named = or_(named, and_(Target.hostname == asked.hostname, *at_port))
    conditions = [contains(column, search) for column in columns]
    if user.sees_everything:
        # A client's own name stands on every row of theirs: searching it would find everything.
        conditions.append(
            model.client_id.in_(select(Client.id).where(contains(Client.name, search)))
        )

    def match(each: bool) -> tuple[ColumnElement[bool]]:
        return (or_(*conditions, state_filters.of_hostname(model, named, each=each)),)

    return match


def searched(
    model: type[Service] | type[Domain],
    search: str,
    columns: Iterable[InstrumentedAttribute[str]],
    user: User,
) -> Match:
    """The same among the items of everybody.

    Where it finds not too many, by the ids of these, which are remembered, as they change with the
    items only: else all texts would be looked through for each count and each page.
    """
    match = looked_for(model, search, columns, user)
    if not search:
        return match
    rows = select(model.id).where(*match(False)).limit(MOST_FOUND + 1)
    ids = counts.kept(("search", model.kind, search), lambda: tuple(db.session.scalars(rows)))
    if len(ids) > MOST_FOUND:
        return match
    # As they are, and not as parameters: of these a statement may hold only so many.
    found = model.id.in_(bindparam("found", ids, expanding=True, literal_execute=True, unique=True))
    return lambda each: (found,)
