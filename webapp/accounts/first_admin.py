"""The first administrator: the link on which they are created, while there is no user."""

from __future__ import annotations

from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import exists, select

from webapp.accounts import security_events
from webapp.accounts.password_hashes import hash_password
from webapp.accounts.security_events import COMMAND_LINE, Caller, Event
from webapp.accounts.sign_ins import add_user
from webapp.customers.models import Role, User
from webapp.extensions import db, writing

SETUP_LINK_LASTS = timedelta(days=1)


class NotTheFirst(Exception):
    """There is a user already: no one becomes administrator through the first link any more."""


def nobody_yet() -> bool:
    """Whether there is no user at all."""
    return not db.session.scalar(select(exists().select_from(User)))


def setup_link_token(secret_key: str) -> str:
    """What makes the link on which the first administrator is created; good for a day, while there
    is no user."""
    return _setup_links(secret_key).dumps("first administrator")


def setup_link_works(secret_key: str, token: str) -> bool:
    """Whether this is such a link, and there is still no user."""
    try:
        _setup_links(secret_key).loads(token, max_age=int(SETUP_LINK_LASTS.total_seconds()))
    except BadData:
        return False
    return nobody_yet()


def add_first_admin(
    email: str, name: str, password: str, now: datetime, caller: Caller = COMMAND_LINE
) -> User:
    """The first user, an administrator.

    Raises `NotTheFirst` where another was created first, even by a moment.
    """
    password_hash = hash_password(password)
    with writing():
        if not nobody_yet():
            raise NotTheFirst
        user = add_user(email, name, None, now, role=Role.ADMIN, password_hash=password_hash)
        db.session.flush()
        security_events.note(Event.USER_ADDED, caller, now, user=user, role=user.role)
        return user


def _setup_links(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="first-administrator")
