"""What an import would change: its waiting rows beside the stored ones. Read-only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from webapp import probe
from webapp.customers.models import Client, Domain, Service
from webapp.extensions import among, db
from webapp.imports.csv_reader import CellProblem
from webapp.imports.staging import ROW_KINDS, Staging
from webapp.monitor.models import Target
from webapp.words import imports as say

Chunk = list[dict[str, Any]]


def compare(staging: Staging, progress: Callable[[str, int, int], None]) -> None:
    """Notes for every waiting row whether it is new, changed or the same, and a problem where its
    client is missing."""
    absent = staging.absent_columns()
    done = 0
    total = staging.total()
    for kind in ROW_KINDS:
        for rows in staging.chunks(kind):
            if kind != "client":
                problems = _without_client(staging, rows)
                staging.tell(problems)
                staging.drop(problem.line for problem in problems)
            stored = _STORED[kind](rows)
            if kind == "service":
                staging.tell(_moved_back(rows, stored))
            staging.compared(_change(row, stored.get(row["key"]), absent) for row in rows)
            done += len(rows)
            progress("comparing", done, total)
    # What was read is not needed any more, and a snapshot would go on growing the journal
    db.session.rollback()


def clients_by_reference(references: Iterable[str]) -> dict[str, int]:
    """The ids of the stored clients among these references."""
    found = db.session.execute(
        select(Client.reference, Client.id).where(among(Client.reference, references))
    )
    return {str(reference): id_ for reference, id_ in found}


def _without_client(staging: Staging, rows: Chunk) -> list[CellProblem]:
    asked = {row["client"] for row in rows}
    missing = asked - staging.clients_among(asked)
    missing -= clients_by_reference(missing).keys()
    return [
        CellProblem(row["line"], "client", say.no_client())
        for row in rows
        if row["client"] in missing
    ]


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
    number = f" ({stored['client']})" if stored["client"] else ""
    return f"{probe.clean(stored['owner'], 60)}{number}"


def _change(
    row: dict[str, Any], stored: dict[str, Any] | None, absent: set[str]
) -> tuple[str, Any, Any, int]:
    if stored is None:
        return "new", None, None, row["line"]
    same = all(
        stored[field] == row[field] for field in stored.keys() - {"id", "version", "owner"} - absent
    )
    return "same" if same else "changed", stored["id"], stored["version"], row["line"]


def _stored_clients(rows: Chunk) -> dict[str, dict[str, Any]]:
    found = db.session.execute(
        select(Client.id, Client.version, Client.reference, Client.name).where(
            among(Client.reference, [row["key"] for row in rows])
        )
    )
    return {
        str(ref): {"id": id_, "version": version, "name": name} for id_, version, ref, name in found
    }


def _stored_services(rows: Chunk) -> dict[str, dict[str, Any]]:
    columns = (
        Service.id,
        Service.version,
        Service.reference,
        Service.product,
        Service.domain,
        Service.status,
    )
    found = db.session.execute(
        select(*columns, Service.next_due_on, Service.server_address, Client.reference, Client.name)
        .join(Service.client)
        .where(among(Service.reference, [row["key"] for row in rows]))
    )
    return {
        str(key): {
            **{"id": id_, "version": version, "client": client, "name": product, "domain": domain},
            **{"status": status, "next_due": _iso(due), "server": server, "owner": owner},
        }
        for id_, version, key, product, domain, status, due, server, client, owner in found
    }


def _stored_domains(rows: Chunk) -> dict[str, dict[str, Any]]:
    columns = (
        Domain.id,
        Domain.version,
        Domain.name,
        Domain.status,
        Domain.registered_on,
        Domain.expires_on,
    )
    hostnames = {probe.understand(row["host"]).hostname for row in rows if row["host"]}
    found = db.session.execute(
        select(*columns, Client.reference, Target.hostname, Target.port)
        .join(Domain.client)
        .outerjoin(Domain.target)
        .where(
            among(Client.reference, {row["client"] for row in rows}),
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
        f"{client}\n{probe.authority(host, port) if host else name}": {
            **{"id": id_, "version": version, "status": status},
            **{"registered": _iso(registered), "expires": _iso(expires)},
        }
        for id_, version, name, status, registered, expires, client, host, port in found
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


_STORED = {"client": _stored_clients, "service": _stored_services, "domain": _stored_domains}
