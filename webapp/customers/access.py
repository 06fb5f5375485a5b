"""Who may see what: the only place where tenancy is decided.

Everything that shows a service or a domain to a user starts from a statement of this module. What a
user may not see does not exist for them: a stranger's id answers like one that was never given.
"""

from __future__ import annotations

from typing import TypeVar

from flask import abort
from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager

from webapp.customers.models import Domain, Service, User
from webapp.extensions import db

Item = Service | Domain
T = TypeVar("T", bound=Service | Domain)


def services_for(user: User) -> Select[Service]:
    """The services this user may see, each with its client and its host name in the same query."""
    return items_for(Service, user)


def domains_for(user: User) -> Select[Domain]:
    """The domains this user may see, each with its client and its host name in the same query."""
    return items_for(Domain, user)


def items_for(model: type[T], user: User) -> Select[T]:
    """The services or the domains this user may see, each with its client and its host name in the
    same query."""
    statement = (
        select(model)
        # There always is one; a database leaves an outer join out where no one asks for it
        .outerjoin(model.client)
        .outerjoin(model.hostname)
        .options(contains_eager(model.client), contains_eager(model.hostname))
    )
    return statement if user.sees_everything else statement.where(model.client_id == user.client_id)


def ids_for(model: type[T], user: User) -> Select[int]:
    """The ids of the services or of the domains this user may see, for what is counted and put in
    order."""
    statement = select(model.id)
    return statement if user.sees_everything else statement.where(model.client_id == user.client_id)


def service_or_404(user: User, service_id: int) -> Service:
    """This service, if this user may see it."""
    return db.session.scalar(services_for(user).where(Service.id == service_id)) or abort(404)


def domain_or_404(user: User, domain_id: int) -> Domain:
    """This domain, if this user may see it."""
    return db.session.scalar(domains_for(user).where(Domain.id == domain_id)) or abort(404)


def item_or_404(user: User, kind: str, item_id: int) -> Item:
    """The service or the domain of this id, if this user may see it."""
    return service_or_404(user, item_id) if kind == Service.kind else domain_or_404(user, item_id)
