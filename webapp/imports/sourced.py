"""The rows of a billing system beside what is stored of it: both are known by the source and the id
there, whatever they are called.

What was imported before is taken over where there is no doubt that it is the same: it has the id of
the row as its reference, or had it in a source that was removed, and the name, or the client, too.
So is a domain that its client has already. Nothing is taken over from another client, or from
another source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from webapp import probe
from webapp.customers.models import Client, Domain, Service
from webapp.customers.name_key import name_key
from webapp.extensions import among, db
from webapp.imports import clients_meant
from webapp.imports.staging import Chunk, Staging
from webapp.monitor.models import Target

Facts = dict[str, Any]
# All but these give way to the source. A reference is given once, to what is new
KEPT: Mapping[str, set[str]] = MappingProxyType(
    {"client": {"created_at", "reference"}, "service": {"reference"}, "domain": set()}
)


def stored(kind: str, rows: Chunk, staging: Staging) -> dict[str, Facts]:
    """What is stored of these rows, by their `key`."""
    return _STORED[kind](rows, staging, staging.source() or 0)


def own(kind: str, made: Sequence[tuple[Facts, Facts]], source_id: int) -> None:
    """Adds to the values of these rows that they are the source's. What is new is given its id as
    its reference too, where that is free: a person can find it by that."""
    keys = {id(row): _source_key(kind, row) for row, _ in made}
    taken: set[str | None] = set()
    if kind != "domain":
        model: Any = Client if kind == "client" else Service
        taken = set(
            db.session.scalars(select(model.reference).where(among(model.reference, keys.values())))
        )
    for row, values in made:
        key = keys[id(row)]
        values |= {"source_id": source_id, "source_key": key}
        if kind != "domain":
            plain = len(key) <= 64 and "\n" not in key
            values["reference"] = key if plain and key not in taken else None
        if kind == "service":
            values["watched"] = row["watched"] is None or bool(row["watched"])


def _source_key(kind: str, row: Facts) -> str:
    return clients_meant.source_key(row["key"]) if kind == "client" else str(row["key"])


def _clients(rows: Chunk, _staging: Staging, source_id: int) -> dict[str, Facts]:
    keys = {clients_meant.source_key(row["key"]): row for row in rows}
    found = _clients_where(
        and_(Client.source_id == source_id, among(Client.source_key, keys)), source_id
    )
    by_key = {facts["key"]: facts for facts in found}
    rest = {key: row for key, row in keys.items() if row["key"] not in by_key}
    for facts in _clients_where(_of_no_source(Client, rest), source_id):
        row = rest[facts["before"]]
        if name_key(facts["name"]) == name_key(row["name"]):
            by_key[row["key"]] = facts
    for facts in by_key.values():
        del facts["before"]
    return by_key


def _of_no_source(model: type[Client | Service], keys: Collection[str]) -> ColumnElement[bool]:
    """What is kept by hand, and had one of these ids in a source that was removed; or has it as its
    reference."""
    by_reference = and_(model.source_key.is_(None), among(model.reference, keys))
    return and_(model.source_id.is_(None), or_(among(model.source_key, keys), by_reference))


def _clients_where(condition: ColumnElement[bool], source_id: int) -> list[Facts]:
    columns = (Client.id, Client.version, Client.name, Client.contact_email, Client.note)
    found = db.session.execute(
        select(*columns, Client.reference, Client.source_id, Client.source_key)
        .where(condition)
        .order_by(Client.source_key.is_not(None))  # the last one counts
    )
    return [
        {
            **{"id": row.id, "version": row.version, "name": row.name, "note": row.note},
            **{"contact_email": row.contact_email, "before": row.source_key or row.reference},
            "key": clients_meant.of_source(source_id, row.source_key) if row.source_id else None,
        }
        for row in found
    ]


def _services(rows: Chunk, staging: Staging, source_id: int) -> dict[str, Facts]:
    clients = _client_ids(rows, staging)
    keys = {row["key"]: row for row in rows}
    mine = and_(Service.source_id == source_id, among(Service.source_key, keys))
    by_key = {facts["key"]: facts for facts in _services_where(mine, clients)}
    rest = {key: row for key, row in keys.items() if key not in by_key}
    before = and_(_of_no_source(Service, rest), Service.client_id.in_(clients.values()))
    for facts in _services_where(before, clients):
        row = rest[facts["before"]]
        if facts["client"] == row["client"]:
            by_key[row["key"]] = facts
    for facts in by_key.values():
        del facts["before"]
    return by_key


def _services_where(condition: ColumnElement[bool], clients: Mapping[str, int]) -> list[Facts]:
    texts = {id_: text for text, id_ in clients.items()}
    columns = (Service.id, Service.version, Service.product, Service.domain, Service.status)
    more = (Service.next_due_on, Service.server_address, Service.who_renews, Service.note)
    found = db.session.execute(
        select(*columns, *more, Service.client_id, Service.reference)
        .add_columns(Service.source_id, Service.source_key)
        .add_columns(Service.watched, Target.hostname, Target.port)
        .outerjoin(Service.target)
        .where(condition)
        .order_by(Service.source_key.is_not(None))  # the last one counts
    )
    return [
        {
            **{"id": row.id, "version": row.version, "name": row.product, "domain": row.domain},
            **{"status": row.status, "server": row.server_address, "note": row.note or ""},
            "next_due": row.next_due_on and row.next_due_on.isoformat(),
            "who_renews": row.who_renews,
            "client": texts.get(row.client_id),
            "host": probe.authority(row.hostname, row.port) if row.hostname else None,
            "watched": row.watched,
            "key": row.source_key if row.source_id else None,
            "before": row.source_key or row.reference,
        }
        for row in found
    ]


def _domains(rows: Chunk, staging: Staging, source_id: int) -> dict[str, Facts]:
    clients = _client_ids(rows, staging)
    keys = [row["key"] for row in rows]
    mine = and_(Domain.source_id == source_id, among(Domain.source_key, keys))
    by_key = {facts["key"]: facts for facts in _domains_where(mine, clients)}
    rest = {_name(row): row for row in rows if row["key"] not in by_key}
    hostnames = {probe.understand(row["host"]).hostname for row in rest.values() if row["host"]}
    plain = {row["domain"] for row in rest.values() if not row["host"]}
    # The same name of the same client: kept by hand so far, or the source has another id for it
    named = and_(
        or_(Domain.source_id.is_(None), Domain.source_id == source_id),
        Domain.client_id.in_(clients.values()),
        or_(among(Target.hostname, hostnames), among(Domain.name, plain)),
    )
    found = _domains_where(named, clients)
    waiting = staging.waiting_among("domain", "key", [facts["key"] for facts in found])
    for facts in found:
        row = rest.get((facts["client"], facts["host"] or facts["domain"]))
        if row is not None and facts["key"] not in waiting:
            by_key[row["key"]] = facts
    return by_key


def _name(row: Facts) -> tuple[str, str]:
    return row["client"], row["host"] or row["domain"]


def _domains_where(condition: ColumnElement[bool], clients: Mapping[str, int]) -> list[Facts]:
    texts = {id_: text for text, id_ in clients.items()}
    columns = (Domain.id, Domain.version, Domain.name, Domain.status, Domain.registered_on)
    found = db.session.execute(
        select(*columns, Domain.expires_on, Domain.note, Domain.client_id, Domain.source_id)
        .add_columns(Domain.source_key)
        .add_columns(Target.hostname, Target.port)
        .outerjoin(Domain.target)
        .where(condition)
    )
    return [
        {
            **{"id": row.id, "version": row.version, "domain": row.name, "status": row.status},
            "registered": row.registered_on and row.registered_on.isoformat(),
            "expires": row.expires_on and row.expires_on.isoformat(),
            "note": row.note or "",
            "client": texts.get(row.client_id),
            "host": probe.authority(row.hostname, row.port) if row.hostname else None,
            "key": row.source_key if row.source_id else None,
        }
        for row in found
    ]


def _client_ids(rows: Chunk, staging: Staging) -> dict[str, int]:
    """The ids of the clients of these rows, as far as they are stored; of those too that will be
    the source's only once they are written."""
    texts = {row["client"] for row in rows}
    return clients_meant.ids(texts) | staging.client_ids(texts)


_STORED = {"client": _clients, "service": _services, "domain": _domains}
