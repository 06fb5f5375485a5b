"""The session in the cookie: begun again whenever a user signs in, or may see something else than
before."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app, session
from flask_login import login_user, logout_user
from werkzeug.local import LocalProxy

from webapp.customers.models import User


def open_session(user: User, token: str) -> None:
    """A session of its own for this sign-in: nothing that stood in the cookie before is kept."""
    if isinstance(user, LocalProxy):  # `current_user` itself: it would come to stand for itself
        user = user._get_current_object()
    session.clear()
    user.token = token
    login_user(user)


def end_session() -> None:
    """Forgets in this browser who was signed in."""
    logout_user()
    session.clear()


def admin_idle() -> timedelta | None:
    """How long the sign-in of an administrator lasts without being used; None: as long as any
    other."""
    hours = current_app.config["PADLOCK_ADMIN_IDLE_HOURS"]
    return timedelta(hours=hours) if hours else None
