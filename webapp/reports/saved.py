"""Views of the report that an administrator keeps: save, list, delete."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from webapp.customers import audit_log, concurrency
from webapp.customers.models import User
from webapp.errors import found
from webapp.extensions import db, writing
from webapp.reports.models import SavedView
from webapp.words import refusals

MOST_SAVED = 50
LONGEST_NAME = 60
LONGEST_QUERY = 2000


class NotSaved(Exception):
    """A view cannot be kept; the text says why to a person."""


def views_of(user: User) -> list[SavedView]:
    """The views of this user, by name."""
    return list(
        db.session.scalars(
            select(SavedView).filter_by(user_id=user.id).order_by(func.lower(SavedView.name))
        )
    )


def save(user: User, name: str, query: str, now: datetime) -> SavedView:
    """Keeps this part of an address under a name; the name's earlier view gives way.

    Raises `NotSaved`.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise NotSaved(refusals.view_name(LONGEST_NAME))
    if len(query) > LONGEST_QUERY:
        raise NotSaved(refusals.view_too_long())
    with writing():
        concurrency.still_admin(user)
        view = db.session.scalar(select(SavedView).filter_by(user_id=user.id, name=name))
        if view is None:
            if (
                db.session.scalar(select(func.count(SavedView.id)).filter_by(user_id=user.id))
                == MOST_SAVED
            ):
                raise NotSaved(refusals.too_many_views(MOST_SAVED))
            view = SavedView(user_id=user.id, name=name)
            db.session.add(view)
        view.query = query
        db.session.flush()
        audit_log.note(user, "saved", "view", view.id, name, now)
    return view


def delete(user: User, view_id: int, now: datetime) -> str:
    """Forgets one of this user's views, and returns its name.

    Raises `errors.NotFound` where it is not theirs.
    """
    with writing():
        concurrency.still_admin(user)
        view = found(db.session.scalar(select(SavedView).filter_by(user_id=user.id, id=view_id)))
        name = view.name
        audit_log.note(user, "deleted", "view", view.id, name, now)
        db.session.delete(view)
    return name
