"""The memory of alerts in the database: loaded for one evaluation, and stored again after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Insert,
    Table,
    Update,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from webapp.alerts.incidents import Incidents
from webapp.alerts.memory import Memory
from webapp.alerts.needs import is_solved, need_of
from webapp.alerts.rechecks import recheck_from
from webapp.alerts.rules import RuleBook
from webapp.alerts.watched import Watched
from webapp.customers.catalog import CHUNK_IDS
from webapp.customers.monitored_names import in_use
from webapp.extensions import among, db
from webapp.monitor.models import Target
from webapp.monitor.refresh import rechecks
from webapp.notices import codec, timeline
from webapp.notices.codec import Common
from webapp.notices.models import AlertClock, AlertIncident, AlertIncidentStep, AlertName

SLICES = 60  # of all names: in each minute of an hour one is searched for names not in use
KEPT_FOR = timedelta(days=400)  # an incident that has ended

# The ORM would make an object of each of thousands of rows
_names = cast(Table, AlertName.__table__)
_incidents = cast(Table, AlertIncident.__table__)
_steps = cast(Table, AlertIncidentStep.__table__)
_COLUMNS = (
    *(AlertName.id, AlertName.name, AlertName.target_id, AlertName.next_at, AlertName.checked_at),
    *(AlertName.need, AlertName.state),
)


@dataclass(slots=True)
class _Stored:
    """The row of a name as it is in the database."""

    id: int
    target_id: int | None
    next_at: datetime | None
    checked_at: datetime
    need: int | None
    state: dict[str, Any]

    def is_other(self, row: dict[str, Any]) -> bool:
        now = (row["state"], row["next_at"], row["need"])
        return now != (self.state, self.next_at, self.need)


class Store:
    """Begin it, evaluate its `memory` and `save` it inside one `writing()`."""

    def __init__(self, book: RuleBook, now: datetime) -> None:
        self._book = book
        clock = db.session.get(AlertClock, 1)
        self._common = codec.load_common(clock.state) if clock else Common()
        rows = db.session.execute(select(_incidents).where(_incidents.c.ended_at.is_(None)))
        self._rows = {row.id: (row.next_at, _whole_state(row.state, row.readers)) for row in rows}
        self._stored: dict[str, _Stored] = {}
        self._checked: dict[str, tuple[int, datetime]] = {}
        self.scanned_to = self._common.scanned_to  # None: this is the first evaluation
        ordered = [codec.load_incident(self._rows[id_][1]) for id_ in sorted(self._rows)]
        self._open = {incident.id: incident for incident in ordered}
        self._together = {name: each.names for each in ordered for name in each.names}
        common = self._common
        self.memory = Memory(
            names=_Names(self),
            incidents=Incidents(ordered, common.last_incident),
            outage=common.outage,
            # Not later, where the clock was set back
            now=min(now, clock.evaluated_at) if clock else now,
            held=common.held,
            held_incidents=common.held_incidents,
        )
        agenda = self.memory.agenda
        agenda.set(None, self._later(common.outage_at))
        for incident in self.memory.incidents:
            agenda.set(incident.id, self._later(self._rows[incident.id][0]))

    def load_due(self, until: datetime) -> None:
        """Loads the names that are due, and those that due incidents are to tell of."""
        self._load(AlertName.next_at <= until)
        due = {id_ for id_, (next_at, _) in self._rows.items() if next_at and next_at <= until}
        self.load(name for id_ in due for name in self._open[id_].pending())

    def load_unused(self, minute: int | None) -> list[str]:
        """Those names that are not in use any more, of all that are loaded or whose target is gone,
        and of those that it is the turn of in this minute of the hour."""
        loaded = [row.id for row in self._stored.values()]
        parts = _chunked(AlertName.id, loaded)
        parts += [AlertName.id % SLICES == minute] if minute is not None else []
        joined = AlertName.__table__.join(Target.__table__, Target.id == AlertName.target_id)
        names = [*db.session.scalars(select(AlertName.name).where(AlertName.target_id.is_(None)))]
        for part in parts:
            unused = select(AlertName.name).select_from(joined).where(part, ~in_use(each=True))
            names += db.session.scalars(unused)
        self.load(names)
        return sorted(set(names))

    def load(self, names: Iterable[str]) -> None:
        wanted = [name for name in dict.fromkeys(names) if name not in self._stored]
        for start in range(0, len(wanted), CHUNK_IDS):
            self._load(among(AlertName.name, wanted[start : start + CHUNK_IDS]))

    def load_with_others(self, name: str) -> None:
        """Loads a name together with those that are likely to be needed with it."""
        outage = self.memory.outage
        groups = [group for group in (outage.waiting, outage.gathered) if name in group]
        self.load({name}.union(self._together.get(name, ()), *groups))

    def note_check(self, name: str, target_id: int, checked_at: datetime) -> None:
        """Remembers which check of a name was evaluated last."""
        self._checked[name] = (target_id, checked_at)

    def forget(self, name: str) -> None:
        self.memory.names.pop(name, None)

    def next_message(self) -> int:
        """The number of a new message."""
        self._common.last_message += 1
        return self._common.last_message

    def save(self, scanned_to: datetime, *, told: bool = True) -> None:
        """`told`: whether readers get what they are told."""
        self._save_names()
        self._save_incidents(told=told)
        self._save_common(scanned_to)

    def _save_common(self, scanned_to: datetime) -> None:
        memory = self.memory
        common = self._common
        common.scanned_to = scanned_to
        common.outage_at = memory.agenda.moment_of(None)
        common.held = memory.held
        common.held_incidents = memory.held_incidents
        common.last_incident = memory.incidents.last_id
        state = codec.dump_common(common)
        db.session.merge(AlertClock(id=1, evaluated_at=memory.now, state=state))

    def _load(self, which: ColumnElement[bool]) -> None:
        for id_, name, *others in db.session.execute(select(*_COLUMNS).where(which)):
            if name not in self._stored:
                stored = self._stored[name] = _Stored(id_, *others)
                self.memory.names[name] = codec.load_name(stored.state, self._book)
                self.memory.agenda.set(name, self._later(stored.next_at))

    def _later(self, moment: datetime | None) -> datetime | None:
        """A moment that was missed is made up for now."""
        return None if moment is None else max(moment, self.memory.now)

    def _save_names(self) -> None:
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        to_recheck: list[int] = []
        solved: list[int] = []
        now = self.memory.now
        for name, watched in self.memory.names.items():
            stored = self._stored.get(name)
            state = codec.dump_name(watched)
            next_at = self.memory.agenda.moment_of(name)
            recheck_at = recheck_from(watched, now, self.memory.outage.online_at)
            if recheck_at is not None and recheck_at > now:
                next_at = min(recheck_at, next_at or recheck_at)
            elif recheck_at is not None and stored is not None and stored.target_id is not None:
                to_recheck.append(stored.target_id)
            row: dict[str, Any] = {
                "state": state,
                "regular": watched.plan is not None and watched.plan.late_at is not None,
                "next_at": next_at,
                "checked_at": stored.checked_at if stored else None,
                "incident_id": watched.incident,
            }
            needed = need_of(watched, now)
            row["need"], row["need_at"] = needed or (None, None)
            if name in self._checked:
                row["target_id"], row["checked_at"] = self._checked[name]
            if stored is not None and needed is None and is_solved(watched, now):
                solved.append(stored.id)
            if stored is None:
                new.append(row | {"name": name})
            elif name in self._checked or stored.is_other(row):
                changed.append(row | {"row_id": stored.id})
        _end_tasks(solved)
        gone = [row.id for name, row in self._stored.items() if name not in self.memory.names]
        for rows in (
            [row for row in changed if "target_id" in row],
            [row for row in changed if "target_id" not in row],
        ):
            _execute(update(_names).where(_names.c.id == bindparam("row_id")), rows)
        _execute(insert(_names), new)
        rechecks.add(to_recheck, now)
        for part in _chunked(_names.c.id, gone):
            db.session.execute(delete(_names).where(part))

    def _save_incidents(self, *, told: bool) -> None:
        memory = self.memory
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        steps: list[dict[str, Any]] = []
        for incident in memory.incidents:
            stored = self._rows.get(incident.id)
            state = codec.dump_incident(incident)
            next_at = memory.agenda.moment_of(incident.id)
            if (next_at, state) == stored:
                continue
            before = codec.load_incident(stored[1]) if stored else None
            steps += timeline.steps(before, incident, memory.now)
            row = {"next_at": next_at, "ended_at": None} | _state_columns(state)
            if stored:
                changed.append(row | {"row_id": incident.id})
            else:
                new.append(row | {"id": incident.id})
        for id_ in self._open.keys() - {incident.id for incident in memory.incidents}:
            ended = self._open[id_]
            ended.names |= codec.load_incident(self._rows[id_][1]).names  # who left it as well
            row = {"row_id": id_, "next_at": None, "ended_at": memory.now}
            changed.append(row | _state_columns(codec.dump_incident(ended)))
            steps.append(timeline.end(ended, memory.now))
        _execute(update(_incidents).where(_incidents.c.id == bindparam("row_id")), changed)
        _execute(insert(_incidents), new)
        _execute(insert(_steps), steps if told else timeline.untold(steps))
        old = _incidents.c.ended_at < memory.now - KEPT_FOR
        db.session.execute(delete(_incidents).where(old))


def _state_columns(state: dict[str, Any]) -> dict[str, Any]:
    """The columns that hold the state of an incident."""
    others = {name: value for name, value in state.items() if name != "readers"}
    return {"state": others, "readers": state.get("readers", {})}


def _whole_state(state: dict[str, Any], readers: dict[str, Any]) -> dict[str, Any]:
    """The state that these columns hold."""
    return state | ({"readers": readers} if readers else {})


class _Names(dict[str, Watched]):
    """Watched names by name; each is loaded when it is first asked for."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def __missing__(self, name: str) -> Watched:
        self._store.load_with_others(name)
        return self.get(name) or Watched(name, active=False)


def _end_tasks(name_ids: Collection[int]) -> None:
    """Forgets what staff did about the problems of these names, which are solved."""
    nothing = dict.fromkeys(
        ("assigned_id", "snoozed_until", "snoozed_need", "written_at", "written_by_id")
    )
    there = or_(_names.c.note != "", *(_names.c[name].is_not(None) for name in nothing))
    fresh = update(_names).values(**nothing, note="", version=_names.c.version + 1)
    for part in _chunked(_names.c.id, name_ids):
        db.session.execute(fresh.where(part, there))


def _execute(statement: Insert | Update, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(statement, rows)


def _chunked(column: Any, ids: Collection[int]) -> list[ColumnElement[bool]]:
    """Conditions that find all of these ids together, with not too many in each."""
    listed = list(ids)
    starts = range(0, len(listed), CHUNK_IDS)
    return [column.in_(listed[start : start + CHUNK_IDS]) for start in starts]
