"""Writes the waiting rows of an import, a thousand at a time.

Everything slow was done before: other writers wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    Table,
    and_,
    bindparam,
    case,
    func,
    select,
    update,
)

from webapp import probe
from webapp.customers import catalog, index, tags
from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.customers.name_key import name_key
from webapp.extensions import among, analyze, db
from webapp.imports import clients_meant, sourced
from webapp.imports.compare import MODELS
from webapp.imports.insert_rows import insert_rows
from webapp.imports.staging import ROW_KINDS, Chunk, Staging
from webapp.monitor.models import Target


class Stale(Exception):
    """A row that should be changed is not any more what it was when it was compared."""


def write(staging: Staging, now: datetime, progress: Callable[[str, int, int], None]) -> None:
    """Inserts what is new and updates what has changed.

    Call it inside `writing()`. Raises `Stale`, or SQLAlchemy's `IntegrityError` where a user added
    or deleted something in the meantime.
    """
    absent = staging.absent_columns()
    source = staging.source()
    kept = _KEPT if source is None else sourced.KEPT
    done = 0
    total = staging.total("new", "changed")
    left = set[int | None]()
    for kind in ROW_KINDS:
        table = cast(Table, MODELS[kind].__table__)
        # No one else writes meanwhile: what has a higher id afterwards is new
        highest = db.session.scalar(select(func.max(table.c.id))) or 0
        for number, rows in enumerate(staging.chunks(kind, "new", "changed")):
            made = list(zip(rows, _VALUES[kind](rows, now), strict=True))
            if source is not None:
                sourced.own(kind, made, source)
            if kind != "client" and not {"domain", "target_id"} & (kept[kind] | absent):
                left |= _targets_left(MODELS[kind], made)
            last = db.session.scalar(select(func.max(table.c.id))) or 0
            insert_rows(table, [values for row, values in made if row["change"] == "new"])
            _update(
                table,
                [(row, values) for row, values in made if row["change"] == "changed"],
                kept[kind] | absent,
            )
            if number == 0:
                analyze(table, cast(Table, Target.__table__))
            if "tags" not in absent:
                _write_tags(table, kind, rows, last)
            index.touch(MODELS[kind], (row["id"] for row in rows if row["change"] == "changed"))
            done += len(rows)
            progress("writing", done, total)
        index.touch(
            MODELS[kind], db.session.scalars(select(table.c.id).where(table.c.id > highest))
        )
    catalog.drop_orphans(left)
    tags.forget_unused()
    index.write_touched(lambda: progress("listing", 0, 0))


def _targets_left(
    model: Any, made: Sequence[tuple[dict[str, Any], dict[str, Any]]]
) -> set[int | None]:
    """The ids of the targets that these items have had and will have no more."""
    new = {row["id"]: values["target_id"] for row, values in made if row["change"] == "changed"}
    found = db.session.execute(select(model.id, model.target_id).where(model.id.in_(new)))
    return {old for id_, old in found if old != new[id_]}


def _write_tags(table: Table, kind: str, rows: Chunk, last: int) -> None:
    """Gives these rows their tags; the new ones among them have the ids behind `last`, in the order
    in which they were inserted."""
    new_ids = db.session.scalars(select(table.c.id).where(table.c.id > last).order_by(table.c.id))
    new = [row for row in rows if row["change"] == "new"]
    changed = [(row["id"], row) for row in rows if row["change"] == "changed"]
    texts = {id_: row["tags"] for id_, row in (*zip(new_ids, new, strict=True), *changed)}
    # A client that is only named by an item has none said of it
    tags.replace_all(MODELS[kind], {id_: text for id_, text in texts.items() if text is not None})


def _update(
    table: Table, changes: list[tuple[dict[str, Any], dict[str, Any]]], kept: set[str]
) -> None:
    """All columns but those `kept`.

    Counts the versions up, as an edit does, so that a user who has the form open is told.
    """
    if not changes:
        return
    fields = [field for field in changes[0][1] if _SAID_BY.get(field, field) not in kept]
    filled = _FILLED[table.name] & set(fields)
    statement = (
        update(table)
        .where(table.c.id == bindparam("this_id"), table.c.version == bindparam("this_version"))
        .values(
            {
                **{field: bindparam(f"new_{field}") for field in fields},
                **{field: _or_as_it_is(table.c[field]) for field in filled},
                "version": table.c.version + 1,
            }
        )
    )
    if (
        "domain" in table.c and "domain" in fields
    ):  # the spelling of a name that is there already stays
        same = table.c.target_id == bindparam("new_target_id", type_=table.c.target_id.type)
        new = bindparam("new_domain", type_=table.c.domain.type)
        statement = statement.values(domain=case((same, table.c.domain), else_=new))
    # Where a domain leads, seen from its server, is forgotten where either of them changes.
    about = [
        table.c[field].is_not_distinct_from(bindparam(f"new_{field}"))
        for field in _ORIGIN_OF
        if field in fields
    ]
    if "origin" in table.c and about:
        statement = statement.values(origin=case((and_(*about), table.c.origin), else_=None))
    values = [
        {
            "this_id": row["id"],
            "this_version": row["version"],
            **{f"new_{field}": made[field] for field in fields},
        }
        for row, made in changes
    ]
    result = cast(CursorResult[Any], db.session.connection().execute(statement, values))
    if result.rowcount != len(changes):
        raise Stale


def _or_as_it_is(column: Column[Any]) -> ColumnElement[Any]:
    """The new text, or the stored one where there is none; an empty text deletes it."""
    new = bindparam(f"new_{column.name}", type_=column.type)
    return func.nullif(func.coalesce(new, column), "")


def _item_note(row: dict[str, Any]) -> str | None:
    return row["note"] if row["change"] == "changed" else row["note"] or None


def _clients(rows: Chunk, now: datetime) -> list[dict[str, Any]]:
    # A client that is found by its name keeps the spelling it has
    named = {row["key"] for row in rows if clients_meant.is_name(row["key"])}
    names = {row["key"]: row["name"] for row in rows} | clients_meant.names(named)
    return [
        {
            "reference": row["key"] if clients_meant.is_reference(row["key"]) else None,
            "name": names[row["key"]],
            "name_key": name_key(names[row["key"]]),
            "contact_email": row["contact_email"],
            "note": row["note"],
            "created_at": now,
        }
        for row in rows
    ]


def _services(rows: Chunk, now: datetime) -> list[dict[str, Any]]:
    clients = _clients_of(rows)
    hosts = _targets(rows)
    return [
        {
            "reference": None if "\n" in row["key"] else row["key"],
            "client_id": clients[row["client"]],
            "product": row["name"],
            "domain": row["domain"],
            "target_id": hosts.get(row["host"]),
            "status": ServiceStatus(row["status"]),
            "next_due_on": _day(row["next_due"]),
            "server_address": row["server"],
            "who_renews": row["who_renews"],
            "note": _item_note(row),
        }
        for row in rows
    ]


def _domains(rows: Chunk, now: datetime) -> list[dict[str, Any]]:
    clients = _clients_of(rows)
    hosts = _targets(rows)
    return [
        {
            "client_id": clients[row["client"]],
            "name": row["domain"],
            "target_id": hosts.get(row["host"]),
            "status": DomainStatus(row["status"]),
            "registered_on": _day(row["registered"]),
            "expires_on": _day(row["expires"]),
            "note": _item_note(row),
        }
        for row in rows
    ]


def _clients_of(rows: Chunk) -> dict[str, int]:
    asked = {row["client"] for row in rows}
    found = clients_meant.ids(asked)
    if asked - found.keys():
        raise Stale  # deleted since it was compared
    return found


def _targets(rows: Chunk) -> dict[str | None, int]:
    """The ids of the targets of these rows, by `Target.authority`; those that are new are made."""
    asked = {row["host"] for row in rows if row["host"]}
    found = _target_ids(asked)
    if missing := asked - found.keys():
        insert_rows(cast(Table, Target.__table__), [_new_target(name) for name in sorted(missing)])
        found |= _target_ids(missing)
    return found


def _new_target(name: str) -> dict[str, Any]:
    understood = probe.understand(name)
    known = catalog.known_of_new(understood.port)
    return {"hostname": understood.hostname, "port": understood.port, **known}


def _target_ids(names: set[str]) -> dict[str | None, int]:
    hostnames = {probe.understand(name).hostname for name in names}
    found = db.session.execute(
        select(Target.hostname, Target.port, Target.id).where(among(Target.hostname, hostnames))
    )
    return {probe.authority(hostname, port): id_ for hostname, port, id_ in found}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


_VALUES = {"client": _clients, "service": _services, "domain": _domains}
_SAID_BY = {
    **{
        "next_due_on": "next_due",
        "registered_on": "registered",
        "expires_on": "expires",
        "target_id": "domain",
    },
    "server_address": "server",
}
_ORIGIN_OF = ("server_address", "target_id")
# What stays where a row has None for it: a client that is found by its name keeps its reference,
# and of files other than our own lists an empty note deletes none of an item.
_FILLED = {"client": {"reference"}, "service": {"note"}, "domain": {"note"}}
# An item is found by these: they are what they are. A domain keeps the spelling it has.
_KEPT = {
    "client": {"created_at"},
    "service": {"reference"},
    "domain": {"client_id", "name", "domain"},
}
