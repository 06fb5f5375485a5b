"""What administrators do to many services and domains at once: change their status or tags, say
who renews them, move them to another client, delete them.

All are named by the ids of their listing rows, and changed in portions: others can write between
two of them. Each item has its line in the activity log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from webapp.customers import access, audit_log, catalog, clients, items, tags
from webapp.customers.access import Item
from webapp.customers.concurrency import still_admin
from webapp.customers.listing_row import MODELS, item_of
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.customers.name_key import name_key
from webapp.extensions import db, writing
from webapp.renewer import Renewer
from webapp.words.activity import Detail

PORTION = 500  # items that are changed in one transaction


@dataclass(frozen=True)
class Kinds:
    """How many items there are of each kind."""

    services: int
    domains: int

    @property
    def total(self) -> int:
        return self.services + self.domains


def kinds_of(row_ids: Sequence[int]) -> Kinds:
    """How many services and domains these rows are of."""
    services = sum(kind == Service.kind for kind, _ in map(item_of, row_ids))
    return Kinds(services, len(row_ids) - services)


def digest_of(row_ids: Sequence[int]) -> str:
    """A digest of a selection: two are the same where no item has come or gone."""
    return hashlib.sha256(repr(sorted(row_ids)).encode()).hexdigest()


def move(who: User, row_ids: Sequence[int], client_id: int, now: datetime) -> int:
    """Moves these items to a client, and returns how many moved.

    Its own items are left out, and so are domains that it already has.
    """

    def give(item: Item, client: Client) -> bool:
        before = item.client
        if before is client:
            return False
        item.client = client
        names = {"before": before.name, "after": client.name}
        _note(who, "moved", item, now, Detail.MOVED, **names)
        return True

    moved = 0
    for portion in _portions(row_ids):
        with writing():
            still_admin(who)
            client = clients.require_client(client_id)
            found = _items(who, portion)
            taken = {id(item) for item in _taken(found, client)}
            moved += sum(give(item, client) for item in found if id(item) not in taken)
    return moved


def taken(who: User, row_ids: Sequence[int], client: Client) -> list[Domain]:
    """The domains among these items that this client has already, or that would be theirs twice."""
    domain_ids = [id_ for id_ in row_ids if item_of(id_)[0] == Domain.kind]
    return _taken([item for part in _portions(domain_ids) for item in _items(who, part)], client)


def set_status(
    who: User,
    row_ids: Sequence[int],
    service: ServiceStatus | None,
    domain: DomainStatus | None,
    now: datetime,
) -> int:
    """Sets the status of these services and domains, and returns how many changed.

    None leaves the status of that kind.
    """

    def give(item: Item) -> bool:
        before = item.status
        if isinstance(item, Service):
            item.status = service or item.status
        else:
            item.status = domain or item.status
        if item.status is before:
            return False
        changes = [["status", before.value, item.status.value]]
        _note(who, "changed", item, now, Detail.CHANGES, changes=changes)
        return True

    return _each(who, row_ids, give)


def set_renewer(who: User, row_ids: Sequence[int], renewer: Renewer | None, now: datetime) -> int:
    """Says who renews the certificates of the services among these items, and returns how many
    changed; domains have nothing of the kind."""

    def give(item: Item) -> bool:
        if not isinstance(item, Service) or item.who_renews is renewer:
            return False
        before = {"who renews": item.who_renews}
        item.who_renews = renewer
        changes = audit_log.changes(before, {"who renews": renewer})
        _note(who, "changed", item, now, Detail.CHANGES, changes=changes)
        return True

    return _each(who, row_ids, give)


def set_tags(
    who: User, row_ids: Sequence[int], add: Sequence[str], drop: Sequence[str], now: datetime
) -> int:
    """Gives these items tags and takes others from them, and returns how many changed.

    One that would have more than `tags.MOST_TAGS` is left out.
    """
    dropped = {name_key(name) for name in drop}

    def give(item: Item) -> bool:
        before = tags.facts(item)
        kept = [name for name in tags.names_of(item) if name_key(name) not in dropped]
        wanted = tags.named([*add, *kept])
        if wanted == item.tags or len(wanted) > tags.MOST_TAGS:
            return False
        item.tags = wanted
        item.version += 1  # which links alone do not do
        changes = audit_log.changes(before, tags.facts(item))
        _note(who, "changed", item, now, Detail.CHANGES, changes=changes)
        return True

    changed = _each(who, row_ids, give)
    with writing():
        tags.forget_unused()
    return changed


def remove(who: User, row_ids: Sequence[int], now: datetime) -> int:
    """Deletes these items, and returns how many existed."""

    def delete(item: Item) -> bool:
        _note(who, "deleted", item, now, Detail.OF_CLIENT, client=item.client.name)
        db.session.delete(item)
        return True

    return _each(who, row_ids, delete, drops=True)


def _each(
    who: User, row_ids: Sequence[int], change: Callable[[Item], bool], *, drops: bool = False
) -> int:
    """Applies a change to these items and returns how many changed.

    With `drops`, host names that no item uses any more are dropped.
    """
    changed = 0
    for portion in _portions(row_ids):
        with writing():
            still_admin(who)
            found = _items(who, portion)
            targets = {item.target_id for item in found}
            changed += sum(map(change, found))
            if drops:
                db.session.flush()
                catalog.drop_orphans(targets)
    return changed


def _portions(row_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(row_ids), PORTION):
        yield row_ids[start : start + PORTION]


def _items(who: User, row_ids: Sequence[int]) -> list[Item]:
    """These items as far as they exist, each with its client, its target and its tags."""
    found: list[Item] = []
    for model in MODELS:
        ids = [id_ for kind, id_ in map(item_of, row_ids) if kind == model.kind]
        chosen = access.items_for(model, who).options(selectinload(model.tags))
        found += db.session.scalars(chosen.where(model.id.in_(ids)))
    return found


def _taken(found: Sequence[Item], client: Client) -> list[Domain]:
    """Which of these domains this client has already, however they are spelt, or would have
    twice."""
    coming = [item for item in found if isinstance(item, Domain) and item.client is not client]
    names: set[str] = set()
    targets: set[int | None] = set()
    for start in range(0, len(coming), PORTION):
        part = coming[start : start + PORTION]
        same = or_(
            Domain.name.in_([item.name for item in part]),
            Domain.target_id.in_([item.target_id for item in part if item.target_id]),
        )
        theirs = select(Domain.name, Domain.target_id).where(Domain.client == client, same)
        for name, target in db.session.execute(theirs):
            names.add(name)
            targets.add(target)
    taken = []
    for item in coming:
        if item.name in names or (item.target_id is not None and item.target_id in targets):
            taken.append(item)
        names.add(item.name)
        targets.add(item.target_id)
    return taken


def _note(
    who: User, action: str, item: Item, now: datetime, detail: Detail, **parameters: object
) -> None:
    audit_log.note(who, action, item.kind, item.id, items.called(item), now, detail, **parameters)
