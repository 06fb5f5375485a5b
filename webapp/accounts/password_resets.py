"""Links for choosing a new password: signed, valid for an hour, used once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import select

from webapp import mail
from webapp.accounts import password_hashes, security_events, sign_ins
from webapp.accounts.security_events import COMMAND_LINE, Caller, Event
from webapp.accounts.users import require_user
from webapp.customers import audit_log, concurrency
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.jobs import outbox
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.words import mails

LINK_LASTS = timedelta(hours=1)
MAIL = "password reset mail"


def register(app: Flask) -> None:
    """Has the background jobs send the mails."""
    outbox.register(app, MAIL, _send_link, _recipient)


def request_link(email: str, caller: Caller, now: datetime) -> None:
    """Notes the request, and has the link sent where an active user has this address.

    Does the same work for an address that no user has: a mail to no one, of which one waits at
    most.
    """
    email = sign_ins.tidy_email(email)
    with writing():
        user = db.session.scalar(select(User).where(User.email == email))
        security_events.note(Event.RESET_REQUESTED, caller, now, user=user, email=email)
        # The stamp is no secret: without the site's key it makes no link
        known = {"user_id": user.id, "stamp": _stamp(user)} if user else {}
        outbox.add(MAIL, str(user.id if user else "no user"), known, now)


def _send_link(job: ClaimedJob) -> Outcome:
    """Makes the link and mails it, unless the user has changed since in a way that would have ended
    it."""
    user = _addressee(job.arguments)
    if user is None or not user.active or _stamp(user) != job.arguments["stamp"]:
        return DONE
    to = user.email
    token = token_for(user, current_app.config["SECRET_KEY"])
    text = mails.password_reset_text(user.name, mail.link(current_app, f"/reset/{token}"))
    db.session.rollback()  # no transaction is open while the mail server takes its time
    return outbox.send(job, to, mails.password_reset_subject(), text)


def _recipient(arguments: dict[str, Any]) -> str:
    user = _addressee(arguments)
    return user.email if user else ""


def _addressee(arguments: dict[str, Any]) -> User | None:
    return db.session.get(User, arguments["user_id"]) if arguments else None


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
    password_hash = password_hashes.hash_password(password)
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
