"""Who did what to which item, in words that can still be read when the item has gone."""

from __future__ import annotations

from datetime import datetime

from webapp.customers.models import Activity, User
from webapp.extensions import db

COMMAND_LINE = "command line"


def note(
    who: User | None, action: str, kind: str, item_id: int | None, item: str, now: datetime, detail: str = ""
) -> None:
    """One line of the activity log; `who` is None for the command line. Call it inside `writing()`."""
    db.session.add(
        Activity(
            at=now,
            who=who.email if who else COMMAND_LINE,
            user_id=who.id if who else None,
            action=action,
            kind=kind,
            item_id=item_id,
            item=item[:255],
            detail=detail[:500],
        )
    )
