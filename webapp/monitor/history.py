"""What has changed of a host name, and when."""

from __future__ import annotations

from sqlalchemy import select

from webapp.extensions import db
from webapp.monitor.models import Change, Target

SHOWN = 20


def changes(target: Target) -> list[Change]:
    """The newest changes of a host name, the latest first, `SHOWN` at most."""
    found = (
        select(Change).filter_by(target_id=target.id).order_by(Change.at.desc(), Change.id.desc())
    )
    return list(db.session.scalars(found.limit(SHOWN)))
