"""What a message says, as arguments of a job, and as lines for its reader when it is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from webapp import mail
from webapp.alerts.messages import Event, Kind
from webapp.customers.access import Item
from webapp.customers.listing_row import MODELS
from webapp.customers.models import Client
from webapp.extensions import db
from webapp.monitor.models import Target
from webapp.notices import renewers, rules
from webapp.notices.store import Store
from webapp.words.alert_mails import Line

# What is listed first
ORDER = (
    *(Kind.EXPIRED, Kind.URGENT, Kind.INVALID, Kind.UNKNOWN),
    *(Kind.LATE, Kind.EXPIRING, Kind.CHANGED, Kind.RECOVERED),
)


def arguments(
    events: Iterable[Event], incident: int | None, store: Store, most: int, *, reminder: bool
) -> dict[str, Any]:
    """A message of these events, of which so many are listed."""
    listed = worst_first(events)
    return {
        "reminder": reminder,
        "incident": incident,
        "counts": Counter(event.kind.value for event in listed),
        "events": [_event(event, store) for event in listed[:most]],
    }


def worst_first(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (ORDER.index(event.kind), event.name))


def client_ids(clients: str | None) -> list[int]:
    """The clients of an event, as `checks` writes them."""
    return [int(id_) for id_ in (clients or "").split(",") if id_]


def lines(
    events: Collection[dict[str, Any]],
    client_id: int | None = None,
    limited_to: Collection[int] = (),
) -> list[Line]:
    """The lines for staff; for this client, those about names that it still has. Where they are
    `limited_to` some clients, no other client of a name is told of."""
    clients = _client_names(events, limited_to) if client_id is None else {}
    owners = limited_to if client_id is None else [client_id]
    items = _items([event["name"] for event in events], owners)
    book = rules.book()
    return [
        Line(
            kind=event["kind"],
            name=event["name"],
            client=next((clients[id_] for id_ in event["clients"] if id_ in clients), ""),
            reason=event["reason"] or "",
            not_after=datetime.fromisoformat(event["not_after"]) if event["not_after"] else None,
            link=_link(item, client_id) if item else "",
            who_renews=(renewers.who_renews(item, book) or "") if item else "",
        )
        for event in events
        if (item := items.get(event["name"])) or client_id is None
    ]


def _event(event: Event, store: Store) -> dict[str, Any]:
    certificate = store.memory.names[event.name].certificate
    not_after = certificate.not_after if certificate else None
    return {
        "kind": event.kind.value,
        "name": event.name,
        "clients": client_ids(event.client),
        "reason": event.reason,
        "not_after": not_after.isoformat() if not_after else None,
    }


def _client_names(
    events: Collection[dict[str, Any]], limited_to: Collection[int]
) -> dict[int, str]:
    """The names of clients, by id."""
    ids = {id_ for event in events for id_ in event["clients"]}
    if limited_to:
        ids &= set(limited_to)
    found = select(Client.id, Client.name).where(Client.id.in_(ids))
    return {client.id: client.name for client in db.session.execute(found)}


def _items(names: Collection[str], owners: Collection[int]) -> dict[str, Item]:
    """The first service or domain of each name, among those of these clients, or of all."""
    hostnames = {name.partition(":")[0] for name in names}
    items: dict[str, Item] = {}
    for model in MODELS:
        found = select(model).join(model.target).options(contains_eager(model.target))
        found = found.where(Target.hostname.in_(hostnames)).order_by(model.id)
        if owners:
            found = found.where(model.client_id.in_(owners))
        rows: Iterable[Any] = db.session.scalars(found)
        for item in rows:
            items.setdefault(item.target.authority, item)
    return items


def _link(item: Item, client_id: int | None) -> str:
    """Where this site tells more of it."""
    area = "/admin" if client_id is None else ""
    return mail.link(current_app, f"{area}/{item.kind}s/{item.id}")
