"""What users change about themselves."""

from __future__ import annotations

from datetime import datetime

from webapp.customers import accounts, activity, edits, security, users
from webapp.customers.models import User
from webapp.customers.security import COMMAND_LINE, Caller, Event
from webapp.extensions import writing


class WrongPassword(Exception):
    """What was given as the current password is not it."""


def change_details(
    user: User, name: str, email: str, password: str, now: datetime, caller: Caller = COMMAND_LINE
) -> None:
    """Gives the user another name and e-mail address; the latter takes their current password, because whoever reads
    its mail can set a new one. Raises `WrongPassword` or `edits.Taken`."""
    email = accounts.tidy_email(email)
    known, moves = user.password_hash, email != user.email
    if moves and not accounts.knows_password(user, password):
        _note_wrong(user, now, caller)
        raise WrongPassword
    with writing():
        if moves and user.password_hash != known:  # it was changed meanwhile: what was given is the old one
            raise WrongPassword
        if (name, email) == (user.name, user.email):
            return
        activity.note(user, "changed own profile", "user", user.id, user.email, now, f"e-mail {email}" if moves else "")
        user.name, user.email = name, email
        edits.flush(users.EMAIL_TAKEN)
        if moves:
            security.note(Event.EMAIL_CHANGED, caller, now, user=user)


def change_password(user: User, current: str, password: str, now: datetime, caller: Caller = COMMAND_LINE) -> str:
    """Sets a new password, ends every other sign-in of this user, and returns the new secret of this one. Raises
    `WrongPassword`."""
    known = user.password_hash
    if not accounts.knows_password(user, current):
        _note_wrong(user, now, caller)
        raise WrongPassword
    password_hash = accounts.hash_password(password)
    with writing():
        if user.password_hash != known:  # it was changed meanwhile: the current one is another
            raise WrongPassword
        user.password_hash = password_hash
        accounts.end_sign_ins(user, but=user.token)
        activity.note(user, "changed own password", "user", user.id, user.email, now)
        security.note(Event.PASSWORD_CHANGED, caller, now, user=user)
        return accounts.renew(user.token)


def sign_out_everywhere(user: User, now: datetime, caller: Caller = COMMAND_LINE) -> None:
    """Ends every sign-in of this user, this one too."""
    with writing():
        accounts.end_sign_ins(user)
        activity.note(user, "signed out everywhere", "user", user.id, user.email, now)
        security.note(Event.SIGNED_OUT_EVERYWHERE, caller, now, user=user)


def sign_out_elsewhere(user: User, now: datetime, caller: Caller = COMMAND_LINE) -> None:
    """Ends every sign-in of this user but this one."""
    with writing():
        accounts.end_sign_ins(user, but=user.token)
        activity.note(user, "signed out everywhere else", "user", user.id, user.email, now)
        security.note(Event.SIGNED_OUT_ELSEWHERE, caller, now, user=user)


def _note_wrong(user: User, now: datetime, caller: Caller) -> None:
    with writing():
        security.note(Event.PASSWORD_CHECK_FAILED, caller, now, user=user)
