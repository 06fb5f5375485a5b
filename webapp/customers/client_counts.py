"""How many services, domains and users a client has: stored, for the list of clients."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from webapp.customers.models import Client, Domain, Service, User
from webapp.extensions import db


def recount(chosen: ColumnElement[bool]) -> None:
    """Counts what the chosen clients have, where it is not what is stored. Call it inside
    `writing()`."""
    counts = {column.key: count for column, count in _columns().items()}
    db.session.connection().execute(update(Client).where(chosen, is_wrong()).values(counts))


def is_wrong() -> ColumnElement[bool]:
    """Whether another number is stored of a client than it has."""
    return or_(*(column != count for column, count in _columns().items()))


def count_of(model: type[Service] | type[Domain] | type[User]) -> ScalarSelect[int]:
    """How many of these a client has, in a query of clients."""
    return (
        select(func.count(model.id))
        .where(model.client_id == Client.id)
        .correlate(Client)
        .scalar_subquery()
    )


def _columns() -> dict[InstrumentedAttribute[int], ScalarSelect[int]]:
    """The columns in which it is stored, and how it is counted."""
    return {
        Client.service_count: count_of(Service),
        Client.domain_count: count_of(Domain),
        Client.user_count: count_of(User),
    }
