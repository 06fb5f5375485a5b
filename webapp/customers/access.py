"""Who may see what: the only place where tenancy is decided.

Everything that shows a service or a domain to a user starts from a statement of this module. What a
user may not see does not exist for them: a stranger's id answers like one that was never given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import contains_eager
from sqlalchemy.orm.attributes import set_committed_value

from webapp.customers.listing_row import MODELS, ItemModel, ListingRow, item_of
from webapp.customers.models import Domain, Service, User
from webapp.customers.tag_models import Tag, item_tag
from webapp.errors import found
from webapp.extensions import among_ids, db

Item = Service | Domain
T = TypeVar("T", bound=Service | Domain)

_ITEMS: Mapping[type[Any], Select[Any]] = {
    model: select(model)
    # There always is one; a database leaves an outer join out where no one asks for it
    .outerjoin(model.client)
    .outerjoin(model.target)
    .options(contains_eager(model.client), contains_eager(model.target))
    for model in MODELS
}


def services_for(user: User) -> Select[Service]:
    """The services this user may see, each with its client and its host name in the same query."""
    return items_for(Service, user)


def domains_for(user: User) -> Select[Domain]:
    """The domains this user may see, each with its client and its host name in the same query."""
    return items_for(Domain, user)


def items_for(model: type[T], user: User) -> Select[T]:
    """The services or the domains this user may see, each with its client and its host name in the
    same query."""
    statement: Select[T] = _ITEMS[model]
    return statement if user.sees_everything else statement.where(model.client_id == user.client_id)


def rows_for(user: User) -> tuple[ColumnElement[bool], ...]:
    """The conditions that the listing rows this user may see meet."""
    return () if user.sees_everything else (ListingRow.client_id == user.client_id,)


def items_of_rows(user: User, row_ids: Sequence[int]) -> list[Item]:
    """The services and domains of these listing rows, in this order, as far as this user may see
    them; with their tags for those who see these."""
    items = _in_order(row_ids, lambda model: items_for(model, user))
    if items and user.sees_everything:
        _load_tags(items)
    return items


def items_of_client(client_id: int, row_ids: Sequence[int]) -> list[Item]:
    """The items of these listing rows that are this client's, in this order, for visitors with a
    link."""
    return _in_order(row_ids, lambda model: _ITEMS[model].where(model.client_id == client_id))


def _in_order(row_ids: Sequence[int], of: Callable[[ItemModel], Select[Any]]) -> list[Item]:
    found: dict[tuple[str, int], Item] = {}
    wanted = [item_of(id_) for id_ in row_ids]
    for model in MODELS:
        ids = [id_ for kind, id_ in wanted if kind == model.kind]
        if ids:
            for item in db.session.scalars(of(model).where(among_ids(model.id, ids))):
                found[model.kind, item.id] = item
    return [found[one] for one in wanted if one in found]


def _load_tags(items: Sequence[Item]) -> None:
    """Reads the tags of these items in one statement. `selectinload` takes one for each kind, and
    three times as long."""
    links = item_tag.c
    services, domains = ([item.id for item in items if item.kind == model.kind] for model in MODELS)
    chosen = or_(among_ids(links.service_id, services), among_ids(links.domain_id, domains))
    rows = select(links.service_id, links.domain_id, Tag).join_from(item_tag, Tag).where(chosen)
    found: dict[tuple[int | None, int | None], list[Tag]] = defaultdict(list)
    # Sorted here: for the sake of their order SQLite would walk through the links of all tags
    for service_id, domain_id, tag in sorted(db.session.execute(rows), key=lambda row: row[2].key):
        found[service_id, domain_id].append(tag)
    for item in items:
        link = (item.id, None) if isinstance(item, Service) else (None, item.id)
        set_committed_value(item, "tags", found[link])


def highest_ids() -> dict[str, int]:
    """The id of the service and of the domain that were added last; 0 where there is none."""
    return {model.kind: db.session.scalar(select(func.max(model.id))) or 0 for model in MODELS}


def added_until(user: User, ids: Mapping[str, int], most: Mapping[str, int]) -> list[Item]:
    """The services and domains that were added last by the time when these were the
    `highest_ids`, at most so many of each kind."""
    found: list[Item] = []
    for model in MODELS:
        rows = items_for(model, user).where(model.id <= ids.get(model.kind, 0))
        found += db.session.scalars(rows.order_by(model.id.desc()).limit(most[model.kind]))
    return found


def require_service(user: User, service_id: int) -> Service:
    """This service. Raises `errors.NotFound` where this user may not see it."""
    return found(db.session.scalar(services_for(user).where(Service.id == service_id)))


def require_domain(user: User, domain_id: int) -> Domain:
    """This domain. Raises `errors.NotFound` where this user may not see it."""
    return found(db.session.scalar(domains_for(user).where(Domain.id == domain_id)))


def require_item(user: User, kind: str, item_id: int) -> Item:
    """The service or the domain of this id, if this user may see it."""
    return require_service(user, item_id) if kind == Service.kind else require_domain(user, item_id)
