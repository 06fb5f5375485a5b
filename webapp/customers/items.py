"""What administrators do to services and domains: add, change, move to another client, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import exists, or_, select

from webapp import probe
from webapp.customers import audit_log, catalog, clients, concurrency, tags
from webapp.customers.access import Item, require_item
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.customers.www_name import www_name
from webapp.extensions import db, writing
from webapp.renewer import Renewer
from webapp.words import refusals
from webapp.words.activity import Detail


@dataclass(frozen=True)
class ServiceDetails:
    """What an administrator says of a service."""

    product: str
    domain: str  # as it was entered
    status: ServiceStatus
    next_due_on: date | None = None
    reference: str | None = None
    server_address: str | None = None
    who_renews: Renewer | None = None
    tags: Sequence[str] = ()


@dataclass(frozen=True)
class DomainDetails:
    """What an administrator says of a domain."""

    name: str  # as it was entered
    status: DomainStatus
    registered_on: date | None = None
    expires_on: date | None = None
    tags: Sequence[str] = ()


Details = ServiceDetails | DomainDetails


def add(
    who: User, client: str, details: Details, now: datetime, *, new_client: bool = False
) -> Item:
    """A new service or domain of the client that `clients.find_client` finds by this text; with
    `new_client`, of a new one of this name where there is none.

    Raises `clients.NoSuchClient` or `concurrency.Taken`.
    """
    with writing():
        concurrency.still_admin(who)
        owner = _owner(who, client, now) if new_client else clients.find_client(client)
        item: Item = Service() if isinstance(details, ServiceDetails) else Domain()
        _describe(item, owner, details)
        created = audit_log.just_created(who, item.kind, called(item), now)
        twice = cast("Item | None", db.session.get(type(item), created or 0))
        if twice is not None and twice.client is owner and _facts(twice) == _facts(item):
            return twice
        _not_twice(item)
        db.session.add(item)
        concurrency.flush(refusals.item_taken(item.kind))
        tags.give(item, details.tags)
        name = called(item)
        audit_log.note(
            who, "created", item.kind, item.id, name, now, Detail.FOR_CLIENT, client=owner.name
        )
    return item


def add_www(who: User, kind: str, item_id: int, now: datetime) -> Item | None:
    """A new item beside this one, for its `www_name`; None where there is none to offer.

    A service is the same but for its reference. A domain has no dates: only what is registered has.
    """
    item = require_item(who, kind, item_id)
    name = www_name(item)
    if name is None:
        return None
    name = probe.to_unicode(name)
    same = tags.names_of(item)
    if isinstance(item, Service):
        facts = (item.status, item.next_due_on, None, item.server_address, item.who_renews, same)
        return add(who, f"#{item.client_id}", ServiceDetails(item.product, name, *facts), now)
    return add(who, f"#{item.client_id}", DomainDetails(name, item.status, tags=same), now)


def change(
    who: User,
    kind: str,
    item_id: int,
    version: int,
    details: Details,
    now: datetime,
    client: str | None = None,
) -> None:
    """Gives an item these details; and gives it to the `client` that `clients.find_client` finds,
    where it is another one's.

    `version` is the one the form was opened with. Raises `clients.NoSuchClient`,
    `concurrency.ChangedMeanwhile` or `concurrency.Taken`.
    """
    with writing():
        concurrency.still_admin(who)
        item = require_item(who, kind, item_id)
        concurrency.same_version(item, version)
        name = called(item)
        before = _facts(item) | tags.facts(item)
        host = item.target_id
        owner = item.client
        new_owner = owner if client is None else clients.find_client(client)
        _describe(item, new_owner, details)
        _not_twice(item)
        concurrency.flush(refusals.item_taken(kind))
        tags.give(item, details.tags)
        if changes := audit_log.changes(before, _facts(item) | tags.facts(item)):
            audit_log.note(
                who, "changed", kind, item.id, name, now, Detail.CHANGES, changes=changes
            )
        if new_owner is not owner:
            names = {"before": owner.name, "after": new_owner.name}
            audit_log.note(who, "moved", kind, item.id, name, now, Detail.MOVED, **names)
        catalog.drop_orphans({host} - {None, item.target_id})


def write_note(
    who: User,
    kind: str,
    item_id: int,
    version: int,
    note: str | None,
    names: Sequence[str],
    now: datetime,
) -> None:
    """Gives an item this note and these tags. Staff may do so, too.

    `version` is the one the form was opened with. Raises `concurrency.ChangedMeanwhile`.
    """
    with writing():
        concurrency.still_staff(who)
        item = require_item(who, kind, item_id)
        concurrency.same_version(item, version)
        before = {"note": item.note, **tags.facts(item)}
        item.note = note
        concurrency.flush(refusals.item_taken(kind))
        tags.give(item, names)
        if changes := audit_log.changes(before, {"note": note, **tags.facts(item)}):
            name = called(item)
            audit_log.note(
                who, "changed", kind, item.id, name, now, Detail.CHANGES, changes=changes
            )


def move(who: User, kind: str, item_id: int, version: int, client_id: int, now: datetime) -> Client:
    """Gives an item to another client, and returns that client.

    `version` is the one that was shown before. Raises `concurrency.ChangedMeanwhile`, or
    `concurrency.Taken` where the other has it, or that domain, already.
    """
    with writing():
        concurrency.still_admin(who)
        item = require_item(who, kind, item_id)
        concurrency.same_version(item, version)
        before = item.client
        client = clients.require_client(client_id)
        if client is before:
            raise concurrency.Taken(refusals.theirs_already())
        item.client = client
        _not_twice(item)
        concurrency.flush(refusals.item_taken(kind))
        names = {"before": before.name, "after": client.name}
        audit_log.note(who, "moved", kind, item.id, called(item), now, Detail.MOVED, **names)
    return client


def remove(who: User, kind: str, item_id: int, version: int, now: datetime) -> str:
    """Deletes an item, and returns what it was called. Raises `concurrency.ChangedMeanwhile`."""
    with writing():
        concurrency.still_admin(who)
        item = require_item(who, kind, item_id)
        concurrency.same_version(item, version)
        name = called(item)
        host = item.target_id
        owner = item.client.name
        audit_log.note(who, "deleted", kind, item.id, name, now, Detail.OF_CLIENT, client=owner)
        db.session.delete(item)
        concurrency.flush(refusals.item_taken(kind))
        catalog.drop_orphans({host})
    return name


def _owner(who: User, text: str, now: datetime) -> Client:
    """The client that is meant, or a new one of this name."""
    try:
        return clients.find_client(text)
    except clients.NoSuchClient as error:
        if not error.new_name:
            raise
        return clients.create(who, clients.ClientDetails(error.new_name), now)


def _describe(item: Item, client: Client, details: Details) -> None:
    """Makes an item what these details say."""
    entered = details.domain if isinstance(details, ServiceDetails) else details.name
    # Before anything of the item changes: it may send that to the database
    target = catalog.target_of(entered)
    with db.session.no_autoflush:
        if isinstance(item, Service) and isinstance(details, ServiceDetails):
            if (item.target, item.server_address) != (target, details.server_address):
                item.origin = None  # no one has asked yet
            item.server_address = details.server_address
        item.client = client
        item.status = details.status
        item.target = target
        if isinstance(item, Service) and isinstance(details, ServiceDetails):
            item.product = details.product
            item.domain = details.domain
            item.reference = details.reference
            item.next_due_on = details.next_due_on
            item.who_renews = details.who_renews
        elif isinstance(item, Domain) and isinstance(details, DomainDetails):
            item.name = details.name
            item.registered_on = details.registered_on
            item.expires_on = details.expires_on


def _not_twice(item: Item) -> None:
    """A client has a domain once, however it is spelt. Raises `concurrency.Taken`."""
    if isinstance(item, Domain):
        spelt = [Domain.name == item.name] + ([Domain.target == item.target] if item.target else [])
        with db.session.no_autoflush:
            others = exists().where(
                Domain.client == item.client, or_(*spelt), Domain.id != (item.id or 0)
            )
            if db.session.scalar(select(others)):
                raise concurrency.Taken(refusals.item_taken(Domain.kind))


def _facts(item: Item) -> dict[str, object]:
    """What can be said of an item, by the words in which the activity log tells a change."""
    if isinstance(item, Service):
        named = {"product": item.product, "domain": item.domain, "reference": item.reference}
        return {
            **named,
            "status": item.status.value,
            "next due": item.next_due_on,
            "server": item.server_address,
            "who renews": item.who_renews,
        }
    dates = {"registered": item.registered_on, "expires": item.expires_on}
    return {"domain": item.name, "status": item.status.value, **dates}


def called(item: Item) -> str:
    """What an item is called in the activity log."""
    parts = [item.product] if isinstance(item, Service) else []
    return ", ".join([*parts, item.shown_name]) if item.shown_name else parts[0]
