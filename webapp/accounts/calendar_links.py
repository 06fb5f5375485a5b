"""The secret link by which a calendar program reads when a user's certificates expire."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.accounts.models import CalendarLink
from webapp.customers import audit_log
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.secret_hash import secret_hash


def create(user: User, now: datetime) -> str:
    """The secret of the user's new link; the one before no longer works.

    Only its hash is stored, so that no backup of the database opens a calendar: it can be shown
    only now.
    """
    token = secrets.token_urlsafe(32)
    with writing():
        known = {"token_hash": secret_hash(token), "created_at": now}
        db.session.merge(CalendarLink(user_id=user.id, **known))
        audit_log.note(user, "created own calendar link", "user", user.id, user.email, now)
    return token


def revoke(user: User, now: datetime) -> None:
    """Ends the user's link, if there is one."""
    with writing():
        if (link := link_of(user)) is not None:
            db.session.delete(link)
            audit_log.note(user, "revoked own calendar link", "user", user.id, user.email, now)


def link_of(user: User) -> CalendarLink | None:
    """The user's link."""
    return db.session.get(CalendarLink, user.id)


def user_of(token: str) -> User | None:
    """The active user whose link has this secret."""
    found = select(User).join(CalendarLink, CalendarLink.user_id == User.id)
    wanted = (CalendarLink.token_hash == secret_hash(token), User.active)
    return db.session.scalar(found.where(*wanted).options(joinedload(User.client)))
