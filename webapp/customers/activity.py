"""The activity log: who did what to which item, in words."""

from __future__ import annotations

from datetime import datetime

from webapp.customers.models import Activity, User
from webapp.extensions import db

COMMAND_LINE = "command line"


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


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
