"""The activity log: who did what to which item, in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from webapp.customers.models import Activity, User
from webapp.extensions import db

COMMAND_LINE = "command line"
DOUBLE_CLICK = timedelta(seconds=10)


def note(
    who: User | None, action: str, kind: str, item_id: int | None, item: str, now: datetime, detail: str = ""
) -> None:
    """One line in the log. Call it inside the `writing()` of the change, so that both are stored or neither is.
    Without a user it was the command line."""
    db.session.add(
        Activity(
            at=now,
            who=COMMAND_LINE if who is None else who.email,
            user_id=None if who is None else who.id,
            action=action,
            kind=kind,
            item_id=item_id,
            item=_short(item, 255),
            detail=_short(detail, 500),
        )
    )


def just_created(who: User, kind: str, item: str, now: datetime) -> int | None:
    """The id of the item of this name that this user has created within the last seconds: a button pressed twice
    means one item, also where nothing about it has to be unique. Call it inside `writing()`."""
    return db.session.scalar(
        select(Activity.item_id)
        .where(Activity.at > now - DOUBLE_CLICK, Activity.user_id == who.id, Activity.action == "created")
        .where(Activity.kind == kind, Activity.item == _short(item, 255))
        .order_by(Activity.id.desc())
        .limit(1)
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
