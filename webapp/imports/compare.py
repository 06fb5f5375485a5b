"""What an import would change: its waiting rows beside the stored ones. Read-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from webapp import probe
from webapp.customers import tags
from webapp.customers.models import Client, Domain, Service
from webapp.customers.name_key import name_key
from webapp.extensions import among, db
from webapp.imports import clients_meant, sourced
from webapp.imports.staging import ROW_KINDS, Chunk, Staging
from webapp.imports.table_errors import CellProblem
from webapp.monitor.models import Target
from webapp.words import imports as say

MODELS: Mapping[str, type[tags.Tagged]] = {"client": Client, "service": Service, "domain": Domain}


def compare(staging: Staging, progress: Callable[[str, int, int], None]) -> None:
    """Notes for every waiting row whether it is new, changed or the same, and a problem where its
    client is missing."""
    absent = staging.absent_columns()
    done = 0
    total = staging.total()
    named_twice = staging.names_of_several()
    for kind in ROW_KINDS:
        for rows in staging.chunks(kind):
            if kind == "client":
                several = clients_meant.with_several(row["key"] for row in rows)
                # A row that is all about such a client is told like one that has it
                problems = [_several(row) for row in rows if row["key"] in several]
            else:
                problems = _without_client(staging, rows)
            staging.tell(problem for problem in problems if problem.line > 0)
            staging.drop(problem.line for problem in problems)
            if staging.source() is not None:
                stored = sourced.stored(kind, rows, staging)
            else:
                stored = _STORED[kind](rows)
                if kind == "client":
                    stored |= _given_a_reference(rows, stored, named_twice)
                if kind == "service":
                    staging.tell(_moved_back(rows, stored))
            if "tags" not in absent:
                _add_tags(kind, rows, stored)
            staging.compared(_change(row, stored.get(row["key"]), absent) for row in rows)
            done += len(rows)
            progress("comparing", done, total)
    # What was read is not needed any more, and a snapshot would go on growing the journal
    db.session.rollback()


def _without_client(staging: Staging, rows: Chunk) -> list[CellProblem]:
    asked = {row["client"] for row in rows}
    missing = asked - staging.waiting_among("client", "key", asked)
    missing -= clients_meant.ids(missing).keys()
    several = clients_meant.with_several(missing)
    unknown = say.no_client() if staging.source() is None else say.no_client_at_source()
    return [
        _several(row) if row["client"] in several else CellProblem(row["line"], "client", unknown)
        for row in rows
        if row["client"] in missing
    ]


def _several(row: dict[str, Any]) -> CellProblem:
    return CellProblem(row["line"], "client_name", say.several_clients())


def _moved_back(rows: Chunk, stored: dict[str, dict[str, Any]]) -> list[CellProblem]:
    """A note for every service that another client has by now: perhaps it was moved, and the file
    is older."""
    moved = [(row, stored[row["key"]]) for row in rows if row["key"] in stored]
    return [
        CellProblem(
            row["line"],
            "client",
            say.moved(_owner(old)),
            serious=False,
        )
        for row, old in moved
        if old["client"] != row["client"]
    ]


def _owner(stored: dict[str, Any]) -> str:
    name, number = stored["owner"]
    return f"{probe.clean(name, 60)}{f' ({number})' if number else ''}"


def _change(
    row: dict[str, Any], stored: dict[str, Any] | None, absent: set[str]
) -> tuple[str, Any, Any, int]:
    if stored is None:
        return "new", None, None, row["line"]
    if row["kind"] == "service" and "product" in absent:
        absent = absent | {"name"}
    told = stored.keys() - {"id", "version", "owner", "host"} - absent
    if row["kind"] != "client" and row["note"] is None:
        told -= {"note"}  # see `write_rows._FILLED`
    if row["host"] and row["host"] == stored.get("host"):
        told -= {"domain"}  # the same name, in whichever spelling
    same = all(stored[field] == row[field] for field in told)
    return "same" if same else "changed", stored["id"], stored["version"], row["line"]


def _add_tags(kind: str, rows: Chunk, stored: dict[str, dict[str, Any]]) -> None:
    """Adds the tags to what is stored, as the row has them where it only spells them otherwise."""
    texts = tags.texts_of(MODELS[kind], [facts["id"] for facts in stored.values()])
    for row in rows:
        if row["key"] in stored and row["tags"] is not None:
            before = texts.get(stored[row["key"]]["id"], "")
            same = name_key(before) == name_key(row["tags"])
            stored[row["key"]]["tags"] = row["tags"] if same else before


def _stored_clients(rows: Chunk) -> dict[str, dict[str, Any]]:
    said = {row["key"]: {"name": row["name"]} for row in rows if _only_named(row)}
    for row in rows:
        if row["line"] < 0:
            said[row["key"]] |= {"contact_email": None, "note": None}
    ids = clients_meant.ids(row["key"] for row in rows)
    columns = (Client.id, Client.version, Client.name, Client.contact_email, Client.note)
    found = db.session.execute(select(*columns).where(Client.id.in_(ids.values())))
    stored = {row.id: dict(row._mapping) for row in found}
    return {key: stored[id_] | said.get(key, {}) for key, id_ in ids.items() if id_ in stored}


def _given_a_reference(
    rows: Chunk, stored: dict[str, dict[str, Any]], several: set[str]
) -> dict[str, dict[str, Any]]:
    """The stored clients that have no reference and get one in a list of ours: found by their
    name, where no other client has it."""
    named = {
        row["key"]: row["client"]
        for row in rows
        if row["key"] not in stored and row["client"] != row["key"] and row["client"] not in several
    }
    ids = clients_meant.ids(named.values())
    columns = (Client.id, Client.version, Client.name, Client.contact_email, Client.note)
    without = Client.id.in_(ids.values()), Client.reference.is_(None)
    found = db.session.execute(select(*columns).where(*without))
    # No row is called so: each is a change
    facts = {row.id: {**row._mapping, "key": ""} for row in found}
    return {key: facts[ids[name]] for key, name in named.items() if ids.get(name) in facts}


def _only_named(row: dict[str, Any]) -> bool:
    """Whether a client is only found by this row, and keeps its name: it is an item's that names
    it, or its name is what it is found by."""
    return row["line"] < 0 or not clients_meant.is_reference(row["key"])


def _stored_services(rows: Chunk) -> dict[str, dict[str, Any]]:
    of_client = {id_: text for text, id_ in clients_meant.ids(r["client"] for r in rows).items()}
    by_host = [row for row in rows if "\n" in row["key"]]
    stored = _services_where(
        among(Service.reference, [row["key"] for row in rows if "\n" not in row["key"]]), of_client
    )
    found = {str(reference): facts for reference, _, facts in stored}
    if by_host:
        hostnames = {probe.understand(row["host"]).hostname for row in by_host if row["host"]}
        plain = {row["domain"] for row in by_host if not row["host"]}
        theirs = _services_where(
            and_(
                Service.client_id.in_(of_client),
                or_(among(Target.hostname, hostnames), among(Service.domain, plain)),
            ),
            of_client,
        )
        found |= _by_host(by_host, theirs)
    return found


def _by_host(
    rows: Chunk, stored: list[tuple[str | None, str, dict[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """The services that these rows name by their host: of several the oldest is meant. In a list of
    ours it is the one with the same product and no reference, or else one that no row is about."""
    found: dict[str, dict[str, Any]] = {}
    rest: dict[str, dict[str, Any]] = {}
    keys = {row["key"] for row in rows}
    for reference, host, facts in reversed(stored):
        key = f"{facts['client']}\n{host}"
        found[key] = facts
        if reference is None:
            found[f"{key}\n{facts['name']}"] = facts
            if f"{key}\n{facts['name']}" not in keys:
                rest[key] = facts
    for row in rows:
        host = f"{row['client']}\n{row['host'] or row['domain']}"
        if row["key"] not in found and host in rest:
            found[row["key"]] = rest.pop(host)
    return found


def _services_where(
    condition: ColumnElement[bool], of_client: dict[int, str]
) -> list[tuple[str | None, str, dict[str, Any]]]:
    columns = (
        Service.id,
        Service.version,
        Service.reference,
        Service.product,
        Service.domain,
        Service.status,
        Service.note,
    )
    found = db.session.execute(
        select(*columns, Service.next_due_on, Service.server_address, Service.client_id)
        .add_columns(
            Service.who_renews,
            Client.reference.label("number"),
            Client.name.label("owner"),
            Target.hostname,
            Target.port,
        )
        .join(Service.client)
        .outerjoin(Service.target)
        .where(condition)
        .order_by(Service.id)
    )
    return [
        (
            row.reference,
            probe.authority(row.hostname, row.port) if row.hostname else row.domain,
            {
                **{"id": row.id, "version": row.version, "name": row.product},
                **{"domain": row.domain, "status": row.status, "next_due": _iso(row.next_due_on)},
                **{
                    "note": row.note or "",
                    "server": row.server_address,
                    "who_renews": row.who_renews,
                    "owner": (row.owner, row.number),
                },
                "client": of_client.get(row.client_id, row.number),
                "host": probe.authority(row.hostname, row.port) if row.hostname else None,
            },
        )
        for row in found
    ]


def _stored_domains(rows: Chunk) -> dict[str, dict[str, Any]]:
    columns = (
        Domain.id,
        Domain.version,
        Domain.name,
        Domain.status,
        Domain.registered_on,
        Domain.expires_on,
        Domain.note,
    )
    of_client = {id_: text for text, id_ in clients_meant.ids(r["client"] for r in rows).items()}
    hostnames = {probe.understand(row["host"]).hostname for row in rows if row["host"]}
    found = db.session.execute(
        select(*columns, Domain.client_id, Target.hostname, Target.port)
        .outerjoin(Domain.target)
        .where(
            Domain.client_id.in_(of_client),
            or_(
                among(Target.hostname, hostnames),
                among(Domain.name, {row["domain"] for row in rows if not row["host"]}),
            ),
        )
        # Should one name stand there in two spellings, the older of them is meant
        .order_by(Domain.id.desc())
    )
    return {
        # The spelling of a name that is there already stays: it is the same name.
        f"{of_client[client]}\n{probe.authority(host, port) if host else name}": {
            **{"id": id_, "version": version, "status": status, "note": note or ""},
            **{"registered": _iso(registered), "expires": _iso(expires)},
        }
        for id_, version, name, status, registered, expires, note, client, host, port in found
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


_STORED = {"client": _stored_clients, "service": _stored_services, "domain": _stored_domains}
