"""What users change about themselves."""

from __future__ import annotations

from datetime import datetime

from webapp.accounts import password_hashes, security_events, sign_ins
from webapp.accounts.security_events import COMMAND_LINE, Caller, Event
from webapp.customers import audit_log, concurrency
from webapp.customers.models import User
from webapp.extensions import writing
from webapp.words import refusals
from webapp.words.activity import Detail


class WrongPassword(Exception):
    """What was given as the current password is not it."""


def change_details(
    user: User, name: str, email: str, password: str, now: datetime, caller: Caller = COMMAND_LINE
) -> None:
    """Gives the user another name and e-mail address; the latter takes their current password,
    because anyone who reads its mail can set a new one. Raises `WrongPassword` or
    `concurrency.Taken`."""
    email = sign_ins.tidy_email(email)
    known = user.password_hash
    moves = email != user.email
    if moves and not password_hashes.knows_password(user, password):
        _note_wrong(user, now, caller)
        raise WrongPassword
    with writing():
        # It was changed meanwhile: what was given is the old one
        if moves and user.password_hash != known:
            raise WrongPassword
        if (name, email) == (user.name, user.email):
            return
        audit_log.note(
            user,
            "changed own profile",
            "user",
            user.id,
            user.email,
            now,
            Detail.EMAIL if moves else Detail.NONE,
            **({"email": email} if moves else {}),
        )
        user.name = name
        user.email = email
        concurrency.flush(refusals.email_taken())
        if moves:
            security_events.note(Event.EMAIL_CHANGED, caller, now, user=user)


def choose_alert_mails(user: User, now: datetime, *, wanted: bool) -> None:
    """Whether the user is warned of certificates by mail."""
    with writing():
        if user.alert_mails != wanted:
            user.alert_mails = wanted
            audit_log.note(user, "changed own profile", "user", user.id, user.email, now)


def change_password(
    user: User, current: str, password: str, now: datetime, caller: Caller = COMMAND_LINE
) -> str:
    """Sets a new password, ends every other sign-in of this user, and returns the new secret of
    this one. Raises `WrongPassword`."""
    known = user.password_hash
    if not password_hashes.knows_password(user, current):
        _note_wrong(user, now, caller)
        raise WrongPassword
    password_hash = password_hashes.hash_password(password)
    with writing():
        if user.password_hash != known:  # it was changed meanwhile: the current one is another
            raise WrongPassword
        user.password_hash = password_hash
        sign_ins.end_sign_ins(user, but=user.token)
        audit_log.note(user, "changed own password", "user", user.id, user.email, now)
        security_events.note(Event.PASSWORD_CHANGED, caller, now, user=user)
        return sign_ins.renew(user.token)


def sign_out_everywhere(user: User, now: datetime, caller: Caller = COMMAND_LINE) -> None:
    """Ends every sign-in of this user, this one too."""
    with writing():
        sign_ins.end_sign_ins(user)
        audit_log.note(user, "signed out everywhere", "user", user.id, user.email, now)
        security_events.note(Event.SIGNED_OUT_EVERYWHERE, caller, now, user=user)


def sign_out_elsewhere(user: User, now: datetime, caller: Caller = COMMAND_LINE) -> None:
    """Ends every sign-in of this user but this one."""
    with writing():
        sign_ins.end_sign_ins(user, but=user.token)
        audit_log.note(user, "signed out everywhere else", "user", user.id, user.email, now)
        security_events.note(Event.SIGNED_OUT_ELSEWHERE, caller, now, user=user)


def _note_wrong(user: User, now: datetime, caller: Caller) -> None:
    with writing():
        security_events.note(Event.PASSWORD_CHECK_FAILED, caller, now, user=user)
