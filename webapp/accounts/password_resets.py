"""Links for choosing a new password: signed, valid for an hour, used once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import select

from webapp.accounts import security_events, sign_ins
from webapp.accounts.security_events import COMMAND_LINE, Caller, Event
from webapp.accounts.users import require_user
from webapp.customers import audit_log, concurrency
from webapp.customers.models import User
from webapp.extensions import db, writing

LINK_LASTS = timedelta(hours=1)

SUBJECT = "Choose a new password for Padlock"
TEXT = """Hello {name},

somebody, most likely you, asked for a new password for Padlock. Choose it here within an hour:

{link}

If it was not you, do nothing: your password stays as it is.
"""


def token_for(user: User, secret_key: str) -> str:
    """What makes this user's link.

    It ends with its first use, with any other new password or e-mail address, and when the user is
    signed out everywhere, disabled or enabled.
    """
    return _links(secret_key).dumps([user.id, _stamp(user)])


def user_of(token: str, secret_key: str) -> User | None:
    """The active user whose link this is, while it is good."""
    try:
        user_id, stamp = _links(secret_key).loads(token, max_age=int(LINK_LASTS.total_seconds()))
    except (BadData, ValueError, TypeError):
        return None
    user = db.session.get(User, user_id)
    return user if user is not None and user.active and _stamp(user) == stamp else None


def use(
    token: str, secret_key: str, password: str, now: datetime, caller: Caller = COMMAND_LINE
) -> bool:
    """Sets the password of the user whose link this is and ends all their sign-ins; False where the
    link is not good any more."""
    password_hash = sign_ins.hash_password(password)
    with writing():
        # Looked at in here: of two who come at once, one is first
        user = user_of(token, secret_key)
        if user is None:
            return False
        user.password_hash = password_hash
        sign_ins.end_sign_ins(user)
        audit_log.note(user, "reset own password", "user", user.id, user.email, now)
        security_events.note(Event.PASSWORD_RESET, caller, now, user=user)
        return True


def hand_out(
    who: User | None, user_id: int, secret_key: str, now: datetime, caller: Caller = COMMAND_LINE
) -> tuple[User, str]:
    """What makes the link of this user, for an administrator, or who is at the command line, to
    pass on."""
    with writing():
        concurrency.still_admin(who)
        user = require_user(user_id)
        audit_log.note(who, "handed out a reset link", "user", user.id, user.email, now)
        security_events.note(Event.RESET_LINK_MADE, caller, now, user=user, by=who)
        return user, token_for(user, secret_key)


def active_user(email: str) -> User | None:
    """The active user with this e-mail address."""
    return db.session.scalar(
        select(User).where(User.email == sign_ins.tidy_email(email), User.active)
    )


def _links(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="password-reset")


def _stamp(user: User) -> str:
    return hashlib.sha256(
        f"{user.email} {user.password_hash} {user.reset_epoch}".encode()
    ).hexdigest()[:32]
