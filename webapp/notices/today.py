"""What needs a person now: incidents, and the names that are in none that others share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Subquery, and_, exists, func, not_, or_, select

from webapp.alerts.needs import Need
from webapp.customers.listing_row import MODELS, ListingRow
from webapp.customers.models import User
from webapp.extensions import db
from webapp.listing import page
from webapp.listing.order import Order
from webapp.listing.rows import Rows
from webapp.monitor.health.rules import SILENT
from webapp.notices import incident_list, renewers, rules, tasks
from webapp.notices.incident_list import IncidentRow
from webapp.notices.models import AlertClock, AlertName
from webapp.notices.name_rows import NameRow, name_rows
from webapp.renewer import Renewer

MOST_INCIDENTS = 10  # that are listed; the list of incidents has the others
NEEDS: Mapping[str, Need] = {need.name.lower(): need for need in Need}
NEED_WORDS: Mapping[int, str] = {need.value: word for word, need in NEEDS.items()}
SHOWN = ("", "mine", "unassigned", "snoozed")
_NEEDED = AlertName.need.is_not(None)
BY_URGENCY = Order((AlertName.need, AlertName.need_at), AlertName.id, within=(_NEEDED,))


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident with several names that need a person, and how many these are."""

    row: IncidentRow
    needing: int


@dataclass(frozen=True)
class Today(page.Shown[NameRow]):
    """One page of the names that need a person. `totals` are of those `SHOWN`, `counts` of what
    `show` has by `NEEDS`, of which one may be the only one that is shown. `who_renews` is by the id
    of the row. `more_incidents` are not listed."""

    incidents: Sequence[OpenIncident]
    more_incidents: int
    totals: Mapping[str, int]
    show: str
    counts: Mapping[str, int]
    kind: str
    who_renews: Mapping[int, Renewer | None]
    evaluated: bool  # within `SILENT`: else nothing is known of what needs a person
    catching_up: bool  # after a start or an outage: what is wrong since then is not known yet
    news: bool  # nothing is listed, but what changed since the last evaluation is not known yet

    @property
    def empty(self) -> bool:
        return not (self.incidents or self.totals[""] or self.show)


def today(user: User, asked: Mapping[str, str], now: datetime) -> Today:
    """For the provider's own people only: who may ask is the gate's to say. `asked`: "show",
    "kind", "page" and "size"."""
    shared = _shared()
    sizes = {id_: size for id_, size in db.session.execute(select(shared)) if size > 1}
    largest = sorted(sizes, key=lambda id_: (-sizes[id_], id_))[:MOST_INCIDENTS]
    alone = AlertName.incident_id.is_(None) | AlertName.incident_id.not_in(sizes)
    conditions = _conditions(user, now)
    show = asked.get("show", "") if asked.get("show") in SHOWN else ""
    counts = _counts(alone, conditions)
    kind = asked.get("kind", "") if asked.get("kind") in NEEDS else ""
    only = (AlertName.need == NEEDS[kind],) if kind else ()
    size = page.size_of(asked.get("size", ""))
    rows = Rows((_NEEDED, alone, conditions[show], *only))
    total = counts[show].get(kind, 0) if kind else sum(counts[show].values())
    shown = page.fetch(rows, BY_URGENCY, "urgency", asked.get("page", ""), size, total)
    listed = name_rows(user, shown.ids)
    clock = db.session.get(AlertClock, 1) if current_app.config["PADLOCK_ALERTS"] else None
    return Today(
        listed,
        shown,
        [OpenIncident(row, sizes[row.incident.id]) for row in incident_list.incident_rows(largest)],
        len(sizes) - len(largest),
        {each: sum(of_kind.values()) for each, of_kind in counts.items()},
        show,
        counts[show],
        kind,
        _who_renews(listed),
        evaluated=clock is not None and now - clock.evaluated_at <= SILENT,
        catching_up=clock is not None and _catching_up(clock),
        news=not listed and clock is not None and _changed_since(clock.evaluated_at),
    )


def _conditions(user: User, now: datetime) -> dict[str, ColumnElement[bool]]:
    """Which rows each of `SHOWN` has."""
    awake = tasks.is_awake(now)
    return {
        "": awake,
        "mine": and_(awake, AlertName.assigned_id == user.id),
        "unassigned": and_(awake, tasks.is_unassigned()),
        "snoozed": not_(awake),
    }


def _counts(
    alone: ColumnElement[bool], conditions: Mapping[str, ColumnElement[bool]]
) -> dict[str, dict[str, int]]:
    """How many rows of each of `NEEDS` each of `SHOWN` has, where there are some."""
    counts = (func.count().filter(condition) for condition in conditions.values())
    counted = select(AlertName.need, *counts).where(_NEEDED, alone).group_by(AlertName.need)
    found: dict[str, dict[str, int]] = {shown: {} for shown in conditions}
    rows: Iterable[Any] = db.session.execute(counted.order_by(AlertName.need))
    for need, *numbers in rows:
        for shown, number in zip(conditions, numbers, strict=True):
            if number:
                found[shown][NEED_WORDS[need]] = number
    return found


def _who_renews(rows: Iterable[NameRow]) -> dict[int, Renewer | None]:
    book = rules.book()
    return {row.name.id: renewers.who_renews(row.items[0], book) for row in rows if row.items}


def _shared() -> Subquery:
    """How many names of each incident need a person."""
    chosen = select(AlertName.incident_id, func.count().label("size")).where(
        _NEEDED, AlertName.incident_id.is_not(None)
    )
    return chosen.group_by(AlertName.incident_id).subquery()


def _catching_up(clock: AlertClock) -> bool:
    outage = clock.state.get("outage") or {}
    return bool(outage.get("waiting") or outage.get("gathered"))


def _changed_since(evaluated_at: datetime) -> bool:
    changed = ListingRow.changed_at >= evaluated_at
    # The index begins with the kind
    of_kind = (exists().where(ListingRow.kind == model.kind, changed) for model in MODELS)
    return bool(db.session.scalar(select(or_(*of_kind))))
