"""The session in the cookie: begun anew whenever somebody signs in, or may see something else than before."""

from __future__ import annotations

from flask import session
from flask_login import login_user, logout_user

from webapp.customers.models import User


def open_session(user: User, token: str) -> None:
    """A session of its own for this sign-in: nothing that stood in the cookie before is kept."""
    session.clear()
    user.token = token
    login_user(user)


def end_session() -> None:
    """Forgets in this browser who was signed in."""
    logout_user()
    session.clear()
