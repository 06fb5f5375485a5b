"""Events that wait for a user's digest or the end of their quiet hours, and then are one mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from webapp.alerts.delivery import Preferences, deliver_at
from webapp.alerts.events import is_muted, trouble_of
from webapp.alerts.messages import Event, Kind
from webapp.alerts.watched import ExpiryLevel, Trouble, Watched, level_of
from webapp.customers.catalog import CHUNK_IDS
from webapp.extensions import among, db, writing
from webapp.jobs import outbox
from webapp.notices import codec, contents, rules
from webapp.notices.models import AlertName, HeldMail
from webapp.notices.store import Store

_TROUBLES = frozenset({Kind.EXPIRED, Kind.INVALID, Kind.UNKNOWN})
_LEVELS = frozenset({Kind.URGENT, Kind.EXPIRING, Kind.LATE})


def by_moment(
    events: Iterable[Event], preferences: Preferences, store: Store, at: datetime
) -> dict[datetime, list[Event]]:
    """Events of this moment by when their reader is told of them, without those they do not
    want."""
    found: dict[datetime, list[Event]] = {}
    for event in events:
        plan = store.memory.names[event.name].plan
        moment = deliver_at(event.kind, plan, preferences, at)
        if moment is not None:
            found.setdefault(moment, []).append(event)
    return found


def add(user_id: int, due_at: datetime, told: dict[str, Any]) -> None:
    """Holds a message; what is due for a user at the same moment is one. Call it inside the
    `writing()` that stores what was told."""
    row = db.session.scalar(select(HeldMail).filter_by(user_id=user_id, due_at=due_at))
    if row is None:
        db.session.add(HeldMail(user_id=user_id, due_at=due_at, told=told))
        return
    earlier = row.told
    row.told = {
        "reminder": earlier["reminder"] and told["reminder"],
        "incident": earlier["incident"] if earlier["incident"] == told["incident"] else None,
        "events": earlier["events"] + told["events"],
    }


def release(kind: str, most: int, now: datetime) -> None:
    """Makes jobs of this kind of what is due, as far as it still holds: mails that list so many
    names at most."""
    due = select(HeldMail).where(HeldMail.due_at <= now).order_by(HeldMail.id)
    if db.session.scalar(due.limit(1)) is None:
        return
    with writing():
        rows = list(db.session.scalars(due))
        names = _names({event["name"] for row in rows for event in row.told["events"]})
        for row in rows:
            events = _still_true(row.told["events"], names, now)
            if events:
                told = row.told | {
                    "user_id": row.user_id,
                    "counts": Counter(event["kind"] for event in events),
                    "events": events[:most],
                }
                outbox.add(kind, f"held {row.id} {row.user_id}", told, now)
            db.session.delete(row)


def _still_true(
    events: list[dict[str, Any]], names: dict[str, Watched], now: datetime
) -> list[dict[str, Any]]:
    """Each event once, the worst first, without what has been solved since."""
    last = {(event["kind"], event["name"]): event for event in events}
    # Its reader has not heard of the problem, and need not hear that it is over
    short = {name for kind, name in last if kind in _TROUBLES}
    found = [
        event
        for (kind, name), event in last.items()
        if name in names
        and _holds(Kind(kind), names[name], now)
        and not (kind == Kind.RECOVERED and name in short)
    ]
    return sorted(
        found, key=lambda event: (contents.ORDER.index(Kind(event["kind"])), event["name"])
    )


def _holds(kind: Kind, name: Watched, now: datetime) -> bool:
    if is_muted(name, now):
        return False
    if kind in _TROUBLES:
        return trouble_of(name, now, None) is not Trouble.NONE and not name.trouble_acknowledged
    if kind in _LEVELS:
        return level_of(name, now) is not ExpiryLevel.FINE and not name.acknowledged
    return True


def _names(wanted: set[str]) -> dict[str, Watched]:
    book = rules.book()
    listed = sorted(wanted)
    found = {}
    for start in range(0, len(listed), CHUNK_IDS):
        some = among(AlertName.name, listed[start : start + CHUNK_IDS])
        for row in db.session.scalars(select(AlertName).where(some)):
            found[row.name] = codec.load_name(row.state, book)
    return found
