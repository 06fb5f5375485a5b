"""Users, their passwords and sign-ins, and the first administrator."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import contains_eager, joinedload

from webapp.accounts import hashing, security_events
from webapp.accounts.models import SignIn
from webapp.accounts.password_hashes import hash_of_nobody, hash_password, verify
from webapp.accounts.security_events import COMMAND_LINE, Caller, Event
from webapp.customers.models import Client, Role, User
from webapp.extensions import db, writing
from webapp.secret_hash import secret_hash

SIGN_IN_LASTS = timedelta(days=30)
MOST_SIGN_INS = 20  # of one user: more than anyone has browsers, and few enough to look through
USE_NOTED_EVERY = timedelta(minutes=5)

log = logging.getLogger(__name__)


def add_user(
    email: str,
    name: str,
    password: str | None,
    now: datetime,
    *,
    client: Client | None = None,
    role: Role = Role.CLIENT,
    password_hash: str | None = None,
) -> User:
    """A new user.

    Without a password no one can sign in as them until they have chosen one by a link (see
    `password_resets`). Call it inside `writing()`, and where others may want to write, with the
    hash that was made before.
    """
    user = User(
        email=tidy_email(email),
        name=name,
        password_hash=password_hash or hash_password(password),
        role=role,
        client=client,
        created_at=now,
    )
    db.session.add(user)
    return user


def authenticate(email: str, password: str) -> User | None:
    """The active user with this e-mail address and password.

    Takes the same time whether or not there is one.
    """
    user = db.session.scalar(select(User).where(User.email == tidy_email(email)))
    known = None if user is None else user.password_hash
    right = hashing.in_turn(lambda: verify(known or hash_of_nobody(), password))
    return user if user is not None and right and user.active else None


def sign_in(user: User, now: datetime, caller: Caller = COMMAND_LINE) -> str | None:
    """The secret of a new sign-in of this user, for the cookie; None where the password that opened
    has been changed since `user` was read, or the user has been disabled or deleted.

    Sign-ins that have expired are deleted, and so are the least recently used of more than
    `MOST_SIGN_INS`.
    """
    user_id = user.id
    known = user.password_hash
    token = secrets.token_urlsafe(32)
    with writing():
        db.session.execute(delete(SignIn).where(SignIn.created_at <= now - SIGN_IN_LASTS))
        if not db.session.scalar(
            select(exists().where(User.id == user_id, User.active, User.password_hash == known))
        ):
            return None
        by_use = (
            select(SignIn.id)
            .where(SignIn.user_id == user_id)
            .order_by(SignIn.last_used_at.desc(), SignIn.id.desc())
        )
        db.session.execute(delete(SignIn).where(SignIn.id.in_(by_use.offset(MOST_SIGN_INS - 1))))
        started = {
            "created_at": now,
            "last_used_at": now,
            "address": caller.address,
            "user_agent": caller.user_agent,
        }
        db.session.add(SignIn(token_hash=secret_hash(token), user_id=user_id, **started))
        security_events.note(Event.SIGN_IN, caller, now, user=user)
    return token


# Made once: every request of everybody who is signed in begins with it, and to make it takes half a
# millisecond.
_SIGNED_IN = (
    select(SignIn)
    .join(SignIn.user)
    .outerjoin(User.client)
    .options(
        contains_eager(SignIn.user).contains_eager(User.client),
        joinedload(SignIn.viewing_as).joinedload(User.client),
    )
    .where(
        SignIn.token_hash == bindparam("token_hash"),
        SignIn.created_at > bindparam("since"),
        User.active,
    )
)


def signed_in(token: str, now: datetime, admin_idle: timedelta | None = None) -> User | None:
    """The user whose browser holds this secret, while the sign-in lasts and the user is active.

    The sign-in of an administrator ends when it has not been used for `admin_idle`.
    """
    found = db.session.scalar(
        _SIGNED_IN, {"token_hash": secret_hash(token), "since": now - SIGN_IN_LASTS}
    )
    if found is None or (
        found.user.is_admin and admin_idle and now - found.last_used_at >= admin_idle
    ):
        return None
    user = found.user
    seen = found.viewing_as
    if seen is not None and may_view_as(user, seen):
        seen.viewed_by = user
        user = seen
    user.token = token
    user.last_used_at = found.last_used_at
    return user


def note_use(user: User, caller: Caller, now: datetime) -> None:
    """Notes that this sign-in is used, once every few minutes: what only reads does not write with
    each request."""
    if user.last_used_at is not None and abs(now - user.last_used_at) < USE_NOTED_EVERY:
        return
    used = update(SignIn).where(SignIn.token_hash == secret_hash(user.token))
    try:
        with writing(beside_others=True, patience=0.5):
            db.session.execute(used.values(last_used_at=now, address=caller.address))
    except DatabaseError as error:
        # Locked, full or read-only: the page is ready, and its reader shall have it.
        log.warning("The use of a sign-in could not be noted: %s", error.orig)


def sign_ins_of(user: User, now: datetime, admin_idle: timedelta | None = None) -> list[SignIn]:
    """The sign-ins of this user that can still be used, the last used first."""
    lasting = select(SignIn).where(
        SignIn.user_id == user.id, SignIn.created_at > now - SIGN_IN_LASTS
    )
    if user.is_admin and admin_idle:
        lasting = lasting.where(SignIn.last_used_at > now - admin_idle)
    return list(db.session.scalars(lasting.order_by(SignIn.last_used_at.desc(), SignIn.id.desc())))


def is_this(sign_in: SignIn, user: User) -> bool:
    """Whether this is the sign-in that the request of this user came with."""
    return sign_in.token_hash == secret_hash(user.token)


def may_view_as(user: User, other: User) -> bool:
    """Whether this user may look at the site as that one: administrators, as the users of
    clients."""
    return user.is_admin and user.active and other.role is Role.CLIENT and other.active


def renew(token: str) -> str:
    """Gives this sign-in another secret and returns it: a copy of the old cookie opens nothing any
    more. Call it inside `writing()`."""
    fresh = secrets.token_urlsafe(32)
    db.session.execute(
        update(SignIn)
        .where(SignIn.token_hash == secret_hash(token))
        .values(token_hash=secret_hash(fresh))
    )
    return fresh


def view_as(token: str, user_id: int | None) -> str:
    """Lets this sign-in show the site as that user, or with None as its own again, and returns its
    new secret. Call it inside `writing()`."""
    fresh = renew(token)
    db.session.execute(
        update(SignIn).where(SignIn.token_hash == secret_hash(fresh)).values(viewing_as_id=user_id)
    )
    return fresh


def sign_out(user: User, token: str, now: datetime, caller: Caller = COMMAND_LINE) -> None:
    """Ends this sign-in of a user: its cookie opens nothing from now on, wherever it was copied
    to."""
    with writing():
        db.session.execute(delete(SignIn).where(SignIn.token_hash == secret_hash(token)))
        security_events.note(Event.SIGN_OUT, caller, now, user=user)


def end_sign_in(user: User, sign_in_id: int, now: datetime, caller: Caller = COMMAND_LINE) -> bool:
    """Ends one sign-in of this user; False where they have none with this id."""
    with writing():
        own = delete(SignIn).where(SignIn.id == sign_in_id, SignIn.user_id == user.id)
        ended: Any = db.session.execute(own)
        if ended.rowcount:
            security_events.note(Event.SIGN_IN_ENDED, caller, now, user=user)
    return bool(ended.rowcount)


def end_sign_ins(user: User, but: str = "") -> None:
    """Ends every sign-in of this user, in every browser, but the one with this secret; links to
    reset the password end with them. Call it inside `writing()`."""
    db.session.execute(
        delete(SignIn).where(SignIn.user_id == user.id, SignIn.token_hash != secret_hash(but))
    )
    end_reset_links(user)


def end_reset_links(user: User) -> None:
    """Ends every link on which this user could choose a password. Call it inside `writing()`."""
    # A statement of its own: for a form that is open in a browser the user is the same as before.
    db.session.execute(
        update(User).where(User.id == user.id).values(reset_epoch=User.reset_epoch + 1)
    )


def change_password(user: User, password: str) -> None:
    """Sets a new password and ends every sign-in of this user, in every browser."""
    password_hash = hash_password(password)
    with writing():
        end_sign_ins(user)
        user.password_hash = password_hash


def tidy_email(email: str) -> str:
    """An e-mail address as it is stored and compared."""
    return email.strip().lower()
