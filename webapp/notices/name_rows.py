"""Watched names as a list shows them: each with the services and domains that have it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import defer, joinedload

from webapp.customers import access
from webapp.customers.access import Item
from webapp.customers.index_rows import inactive
from webapp.customers.listing_row import MODELS
from webapp.customers.models import Domain, Service, User
from webapp.extensions import among_ids, db
from webapp.notices.models import AlertName
from webapp.probe import to_unicode

# A client's active service comes first: its domains with the same name need not be read
_HAS_ACTIVE_SERVICE = exists().where(
    Service.target_id == Domain.target_id,
    Service.client_id == Domain.client_id,
    ~inactive(Service),
)


@dataclass(frozen=True, slots=True)
class NameRow:
    """A watched name, and of each client that has it the first active service or domain."""

    name: AlertName
    items: Sequence[Item]

    @property
    def title(self) -> str:
        return to_unicode(self.name.name)


def name_rows(user: User, ids: Collection[int]) -> list[NameRow]:
    """The rows of these names, in this order, as far as they exist."""
    if not ids:
        return []
    people = (joinedload(AlertName.assigned), joinedload(AlertName.written_by))
    chosen = select(AlertName).options(*people, defer(AlertName.state))
    found = db.session.scalars(chosen.where(among_ids(AlertName.id, ids)))
    names = {name.id: name for name in found}
    items = items_of(user, {name.target_id for name in names.values() if name.target_id})
    ordered = (names[id_] for id_ in ids if id_ in names)
    return [NameRow(name, items.get(name.target_id or 0, [])) for name in ordered]


def items_of(user: User, target_ids: Collection[int]) -> dict[int, list[Item]]:
    """By target, of each client the first active service or domain that has it."""
    found: dict[int, dict[int, Item]] = {}
    for model in MODELS:
        chosen = access.items_for(model, user).where(among_ids(model.target_id, target_ids))
        if model is Domain:
            chosen = chosen.where(~_HAS_ACTIVE_SERVICE)
        for item in db.session.scalars(chosen.where(~inactive(model)).order_by(model.id)):
            found.setdefault(item.target_id or 0, {}).setdefault(item.client_id, item)
    return {target_id: list(of_clients.values()) for target_id, of_clients in found.items()}
