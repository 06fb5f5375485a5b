"""A client's first page: what needs a person first, and how many padlocks there are of each
kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, func

from webapp.customers import index_rows, listing_row
from webapp.customers.access import Item, domains_for, services_for
from webapp.customers.models import Client, Domain, Service, User
from webapp.extensions import db
from webapp.probe import State

MOST_URGENT_ITEMS = 10  # of what needs attention; the lists have the rest
T = TypeVar("T", Service, Domain)


@dataclass(frozen=True)
class StateCounts:
    """How many of a client's services, or of their domains, are in each state, and how many of the
    valid expire."""

    by_state: Mapping[State, int]
    expiring: int
    never_asked: int  # in no state: nothing is wrong with them, they wait for their first check

    @property
    def total(self) -> int:
        return sum(self.by_state.values()) + self.never_asked

    @property
    def wanting(self) -> int:
        """How many need attention."""
        states = self.by_state
        return states[State.INVALID] + states[State.UNKNOWN] + self.expiring + self.never_asked


@dataclass(frozen=True)
class Overview:
    """What stands on a client's first page."""

    items: list[Item]  # what needs attention, the worst first, at most `MOST_URGENT_ITEMS`
    services: StateCounts
    domains: StateCounts

    @property
    def empty(self) -> bool:
        return not (self.services.total or self.domains.total)

    @property
    def wanting(self) -> int:
        return self.services.wanting + self.domains.wanting


def overview(user: User, now: datetime, of: Client | None = None) -> Overview:
    """What needs this user's attention at `now`, of all they may see or `of` one client.

    Two queries, however much there is.
    """
    services, service_counts = _overview_of(services_for(user), Service, now, of)
    domains, domain_counts = _overview_of(domains_for(user), Domain, now, of)
    # Services before domains where both are as urgent: the sort is stable.
    worst = sorted([*services, *domains], key=lambda found: found[1])[:MOST_URGENT_ITEMS]
    return Overview([item for item, _ in worst], service_counts, domain_counts)


def _overview_of(
    statement: Select[T], model: type[T], now: datetime, of: Client | None
) -> tuple[list[tuple[Item, int]], StateCounts]:
    """The most urgent items, each with its urgency, and the counts of all.

    Each row carries the counts with it: they are of the same moment as the rows, and cost no query
    of their own.
    """
    rank = index_rows.rank_at(model, now)
    counts = [_count(rank == number) for number in range(listing_row.INACTIVE + 1)]
    if of is not None:
        statement = statement.where(model.client_id == of.id)
    found = statement.add_columns(rank, *counts).order_by(rank, model.id).limit(MOST_URGENT_ITEMS)
    rows = db.session.execute(found).all()
    invalid, expiring, unknown, never_asked, valid, inactive = (
        rows[0][2:] if rows else [0] * len(counts)
    )
    by_state = {
        State.VALID: valid + expiring,
        State.INVALID: invalid,
        State.UNKNOWN: unknown,
        State.INACTIVE: inactive,
    }
    urgent = [(row[0], row[1]) for row in rows if row[1] < listing_row.VALID]
    return urgent, StateCounts(by_state, expiring, never_asked)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition).over()
