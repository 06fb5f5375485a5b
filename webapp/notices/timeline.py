"""What has happened to an incident, found by comparing it with what was stored of it before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from webapp.alerts.incidents import Incident
from webapp.notices.models import IncidentStep


def steps(before: Incident | None, after: Incident, now: datetime) -> Iterator[dict[str, Any]]:
    """The rows of `AlertIncidentStep` for what has happened to an open incident since `before`."""
    known = before.names if before is not None else set()
    joined = len(after.names - known)
    if before is None:
        yield _row(after, IncidentStep.OPENED, after.opened_at, joined)
    elif joined:
        yield _row(after, IncidentStep.GREW, now, joined)
    earlier = before.readers if before is not None else {}
    told = {
        to: reader.told.keys() - (earlier[to].told.keys() if to in earlier else set())
        for to, reader in after.readers.items()
    }
    if names := set().union(*told.values()):
        readers = sorted(to for to, of_reader in told.items() if of_reader)
        yield _row(after, IncidentStep.TOLD, now, len(names), readers)


def end(incident: Incident, now: datetime) -> dict[str, Any]:
    """The last row of an incident, with the readers who were told that it has ended."""
    readers = sorted(to for to, reader in incident.readers.items() if reader.ended)
    return _row(incident, IncidentStep.ENDED, now, 0, readers)


def untold(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows, where no reader gets anything."""
    return [row | {"readers": []} for row in rows if row["step"] is not IncidentStep.TOLD]


def _row(
    incident: Incident,
    step: IncidentStep,
    at: datetime,
    count: int,
    readers: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "incident_id": incident.id,
        "at": at,
        "step": step,
        "count": count,
        "readers": readers or [],
    }
