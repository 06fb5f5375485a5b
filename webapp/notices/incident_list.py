"""Incidents as staff see them: the list, and one with its names and its timeline."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.alerts.incidents import Incident
from webapp.alerts.messages import STAFF
from webapp.customers.access import Item
from webapp.customers.models import Client, User
from webapp.errors import found
from webapp.extensions import db
from webapp.listing import in_memory, page
from webapp.listing.order import Order
from webapp.listing.rows import Rows
from webapp.notices import codec
from webapp.notices.models import AlertIncident, AlertIncidentStep, AlertName, IncidentStep
from webapp.notices.name_rows import name_rows
from webapp.probe import to_unicode

NEWEST_FIRST = Order((), AlertIncident.id)
OPEN = "open"  # the one status that incidents are filtered by


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident without its readers, its names, those that are still in trouble first, and its
    acknowledgement, unless it has grown since."""

    incident: Incident
    names: Sequence[str]
    ended_at: datetime | None
    acknowledged: AlertIncidentStep | None

    @property
    def open(self) -> bool:
        return self.ended_at is None

    @property
    def reason(self) -> str:
        return next((cause.reason for cause in self.incident.causes if cause.reason), "")


@dataclass(frozen=True)
class IncidentList(page.Shown[IncidentRow]):
    """One page of incidents, the newest first; `open_only` as far as they have not ended."""

    open_only: bool


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """A line of a timeline. `staff` and `clients` are who was told, `user` who acknowledged."""

    step: IncidentStep
    at: datetime
    count: int
    staff: bool
    clients: Sequence[str]
    user: str


@dataclass(frozen=True, slots=True)
class IncidentName:
    """A name of an incident; one that is not `watched` any more has no items."""

    title: str
    items: Sequence[Item]
    watched: bool


@dataclass(frozen=True)
class IncidentPage(page.Shown[IncidentName]):
    """One incident with a page of its names."""

    row: IncidentRow
    timeline: Sequence[TimelineStep]


def list_incidents(asked: Mapping[str, str]) -> IncidentList:
    """For the provider's own people only: who may ask is the gate's to say. `asked`: "status",
    "page" and "size"."""
    open_only = asked.get("status") == OPEN
    rows = Rows((AlertIncident.ended_at.is_(None),) if open_only else ())
    size = page.size_of(asked.get("size", ""))
    shown = page.fetch(rows, NEWEST_FIRST, "-id", asked.get("page", ""), size)
    return IncidentList(incident_rows(shown.ids), shown, open_only)


def incident_rows(ids: Sequence[int]) -> list[IncidentRow]:
    """These incidents, in this order."""
    if not ids:
        return []
    rows = {
        row.id: row
        for row in db.session.scalars(select(AlertIncident).where(AlertIncident.id.in_(ids)))
    }
    steps = select(AlertIncidentStep).where(
        AlertIncidentStep.incident_id.in_(ids),
        AlertIncidentStep.step.in_((IncidentStep.ACKNOWLEDGED, IncidentStep.GREW)),
    )
    in_order = db.session.scalars(steps.order_by(AlertIncidentStep.id))
    last = {step.incident_id: step for step in in_order}
    acknowledged = {
        id_: step for id_, step in last.items() if step.step is IncidentStep.ACKNOWLEDGED
    }
    found = []
    for id_ in ids:
        incident = codec.load_incident(rows[id_].state)
        names = [*sorted(incident.troubled), *sorted(incident.names - incident.troubled)]
        found.append(IncidentRow(incident, names, rows[id_].ended_at, acknowledged.get(id_)))
    return found


def incident_page(user: User, incident_id: int, asked: Mapping[str, str]) -> IncidentPage:
    """Raises `errors.NotFound` where there is none of this number. `asked`: "page" and "size"."""
    found(db.session.get(AlertIncident, incident_id))
    (row,) = incident_rows([incident_id])
    names = sorted(row.names)
    size = page.size_of(asked.get("size", ""))
    shown = in_memory.slice_of(names, "name", asked.get("page", ""), size)
    rows = _names_of(user, [names[place] for place in shown.ids])
    return IncidentPage(rows, shown, row, _timeline(incident_id))


def _names_of(user: User, names: Sequence[str]) -> list[IncidentName]:
    chosen = select(AlertName.id).where(AlertName.name.in_(names))
    watched = {row.name.name: row for row in name_rows(user, list(db.session.scalars(chosen)))}
    return [
        IncidentName(
            to_unicode(name), watched[name].items if name in watched else (), name in watched
        )
        for name in names
    ]


def _timeline(incident_id: int) -> list[TimelineStep]:
    """From the beginning on. What joined from minute to minute is one line."""
    chosen = select(AlertIncidentStep).filter_by(incident_id=incident_id)
    chosen = chosen.options(joinedload(AlertIncidentStep.user))
    steps = list(db.session.scalars(chosen.order_by(AlertIncidentStep.id)))
    clients = _client_names(reader for step in steps for reader in step.readers)
    lines: list[TimelineStep] = []
    for step in steps:
        told = [clients[id_] for reader in step.readers for id_ in _ids(reader) if id_ in clients]
        user = step.user.name if step.user else ""
        count = step.count
        if lines and step.step is lines[-1].step is IncidentStep.GREW:
            count += lines.pop().count
        staff = STAFF in step.readers
        lines.append(TimelineStep(step.step, step.at, count, staff, sorted(set(told)), user))
    return lines


def _client_names(readers: Iterable[str]) -> dict[int, str]:
    ids: Collection[int] = {id_ for reader in readers for id_ in _ids(reader)}
    found_ = db.session.execute(select(Client.id, Client.name).where(Client.id.in_(ids)))
    return {client.id: client.name for client in found_}


def _ids(reader: str) -> list[int]:
    """The clients of a reader, see `checks`."""
    return [int(id_) for id_ in reader.removeprefix("client:").split(",") if reader != STAFF]
