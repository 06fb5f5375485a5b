"""Staff mute a name, or acknowledge its problem. What they did is stored at once, and evaluated in
the next minute."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import func, or_, select, update

from webapp.alerts.facts import Acknowledge, Mute
from webapp.customers import audit_log
from webapp.customers.access import Item
from webapp.customers.concurrency import still_staff
from webapp.customers.models import User
from webapp.errors import NotFound, found
from webapp.extensions import among, db, writing
from webapp.monitor.models import Target
from webapp.notices import codec
from webapp.notices.models import (
    Act,
    AlertAct,
    AlertIncident,
    AlertIncidentStep,
    AlertName,
    IncidentStep,
)
from webapp.notices.name_rows import name_rows
from webapp.probe import authority
from webapp.words.activity import Detail

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


class WaitingAct(NamedTuple):
    """An act that is to be evaluated, of the name as `Target.authority`."""

    id: int
    act: Act
    name: str
    until: datetime | None

    def fact(self, at: datetime) -> Acknowledge | Mute:
        if self.act is Act.ACKNOWLEDGE:
            return Acknowledge(at, self.name)
        return Mute(at, self.name, self.until or FOR_EVER)


def mute(who: User, item: Item, until: datetime | None, now: datetime) -> None:
    """Nothing is told of the item's host name until then, a moment in the reader's zone; None: for
    ever."""
    _act(who, item, Act.MUTE, until, now)


def unmute(who: User, item: Item, now: datetime) -> None:
    _act(who, item, Act.MUTE, now, now)


def acknowledge(who: User, item: Item, now: datetime) -> None:
    """The present problem of the item's host name is not told again, unless it gets worse."""
    _act(who, item, Act.ACKNOWLEDGE, None, now)


def act_on_names(
    who: User, name_ids: Collection[int], act: Act, until: datetime | None, now: datetime
) -> int:
    """Mutes or acknowledges watched names, by their ids, and returns how many."""
    with writing():
        still_staff(who)
        rows = [row for row in name_rows(who, name_ids) if row.items]
        for row in rows:
            _add(who, row.items[0], act, until, now)
        return len(rows)


def acknowledge_incident(who: User, incident_id: int, now: datetime) -> None:
    """The same for all names of an incident. Raises `errors.NotFound` where it has ended."""
    with writing():
        still_staff(who)
        incident = found(db.session.get(AlertIncident, incident_id))
        troubled = codec.load_incident(incident.state).troubled
        chosen = select(AlertName.target_id).where(
            AlertName.incident_id == incident_id, among(AlertName.name, troubled)
        )
        one = found(db.session.scalar(chosen.where(AlertName.target_id.is_not(None)).limit(1)))
        _note_act(who, one, Act.ACKNOWLEDGE, None, now)
        audit_log.note(who, "acknowledged", "incident", incident_id, f"#{incident_id}", now)


def mute_of(target_id: int, now: datetime) -> AlertAct | None:
    """The mute that holds now."""
    last = latest(target_id, Act.MUTE)
    return last if last is not None and (last.until is None or last.until > now) else None


def latest(target_id: int, act: Act) -> AlertAct | None:
    found = select(AlertAct).filter_by(target_id=target_id, act=act)
    return db.session.scalar(found.order_by(AlertAct.id.desc()).limit(1))


def waiting(checked: Collection[int]) -> list[WaitingAct]:
    """The acts to be evaluated, in their order: of names that are remembered, and of these
    targets."""
    known = AlertName.target_id.is_not(None)
    found = (
        select(AlertAct.id, AlertAct.act, Target.hostname, Target.port, AlertAct.until)
        .join(Target, Target.id == AlertAct.target_id)
        .outerjoin(AlertName, AlertName.target_id == Target.id)
        .where(AlertAct.taken.is_(False), or_(known, Target.id.in_(checked)))
        .order_by(AlertAct.id)
    )
    return [
        WaitingAct(id_, act, authority(hostname, port), until)
        for id_, act, hostname, port, until in db.session.execute(found)
    ]


def note_taken(acts: Collection[WaitingAct]) -> None:
    """These were evaluated. Call it inside the `writing()` that stores what came of them."""
    if acts:
        ids = [act.id for act in acts]
        db.session.execute(update(AlertAct).where(AlertAct.id.in_(ids)).values(taken=True))


def take_again(names: Collection[str], now: datetime) -> None:
    """Has the mutes of these names, which are forgotten now, evaluated again when they are used
    again. Call it inside the `writing()` that forgets them."""
    if not names:
        return
    targets = select(AlertName.target_id).where(among(AlertName.name, names))
    last = (
        select(func.max(AlertAct.id))
        .where(AlertAct.act == Act.MUTE, AlertAct.target_id.in_(targets))
        .group_by(AlertAct.target_id)
    )
    holds = or_(AlertAct.until.is_(None), AlertAct.until > now)
    again = update(AlertAct).where(AlertAct.id.in_(last), holds).values(taken=False)
    db.session.execute(again, execution_options={"synchronize_session": False})


def _act(who: User, item: Item, act: Act, until: datetime | None, now: datetime) -> None:
    """Raises `errors.NotFound` where nothing is told of the item anyway."""
    with writing():
        still_staff(who)
        if item.target is None or not item.active:
            raise NotFound
        _add(who, item, act, until, now)


def _add(who: User, item: Item, act: Act, until: datetime | None, now: datetime) -> None:
    _note_act(who, item.target_id or 0, act, until, now)
    note = partial(audit_log.note, who, kind=item.kind, item_id=item.id, item=item.shown_name or "")
    if act is Act.ACKNOWLEDGE:
        note("acknowledged", now=now)
    elif until is None:
        note("muted", now=now)
    elif until > now:
        note("muted", now=now, detail=Detail.UNTIL, day=until.date().isoformat())
    else:
        note("unmuted", now=now)


def _note_act(who: User, target_id: int, act: Act, until: datetime | None, now: datetime) -> None:
    """Has an act evaluated; the names need no attention from now on. One incident has one
    acknowledgement, whichever of its names it was said of."""
    db.session.add(AlertAct(target_id=target_id, act=act, at=now, until=until, user_id=who.id))
    incident_id = db.session.scalar(select(AlertName.incident_id).filter_by(target_id=target_id))
    taken_up = AlertName.target_id == target_id
    if act is Act.ACKNOWLEDGE and incident_id is not None:
        step = {"step": IncidentStep.ACKNOWLEDGED, "count": 0, "readers": [], "user_id": who.id}
        db.session.add(AlertIncidentStep(incident_id=incident_id, at=now, **step))
        incident = db.session.get_one(AlertIncident, incident_id)
        troubled = codec.load_incident(incident.state).troubled
        # One that is valid again may need a person for another reason
        taken_up = or_(taken_up, among(AlertName.name, troubled))
    db.session.execute(
        update(AlertName).where(taken_up).values(need=None, need_at=None),
        execution_options={"synchronize_session": False},
    )
