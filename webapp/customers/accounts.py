"""Users and how they sign in: passwords, sign-ins, the first administrator."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.orm import contains_eager, joinedload

from webapp.customers.models import Client, Role, SignIn, User
from webapp.extensions import db, writing

LEAST_PASSWORD = 12  # characters
MOST_PASSWORD = 1024  # what is longer is refused before it is hashed: hashing takes time and memory
SIGN_IN_LASTS = timedelta(days=30)
SETUP_LINK_LASTS = timedelta(days=1)

_hasher = PasswordHasher()


class NotTheFirst(Exception):
    """There is a user already: nobody becomes administrator through the first link any more."""


def add_user(
    email: str,
    name: str,
    password: str | None,
    now: datetime,
    *,
    client: Client | None = None,
    role: Role = Role.CLIENT,
) -> User:
    """A new user. Without a password nobody can sign in as them until they have chosen one by a link (see `resets`).
    Call it inside `writing()`."""
    user = User(
        email=tidy_email(email),
        name=name,
        password_hash=hash_password(secrets.token_hex() if password is None else password),
        role=role,
        client=client,
        created_at=now,
    )
    db.session.add(user)
    return user


def authenticate(email: str, password: str) -> User | None:
    """The active user with this e-mail address and password. Takes the same time whether or not there is one."""
    user = db.session.scalar(select(User).where(User.email == tidy_email(email)))
    right = _verify(_hash_of_nobody() if user is None else user.password_hash, password)
    return user if user is not None and right and user.active else None


def sign_in(user: User, now: datetime) -> str | None:
    """The secret of a new sign-in of this user, for the cookie; None where the password that opened has been changed
    since `user` was read, or the user has been disabled or deleted. Sign-ins that have run out are cleared away."""
    user_id, known, token = user.id, user.password_hash, secrets.token_urlsafe(32)
    with writing():
        db.session.execute(delete(SignIn).where(SignIn.created_at <= now - SIGN_IN_LASTS))
        if not db.session.scalar(select(exists().where(User.id == user_id, User.active, User.password_hash == known))):
            return None
        db.session.add(SignIn(token_hash=_digest(token), user_id=user_id, created_at=now))
    return token


# Made once: every request of everybody who is signed in begins with it, and to make it takes half a millisecond.
_SIGNED_IN = (
    select(SignIn)
    .join(SignIn.user)
    .outerjoin(User.client)
    .options(
        contains_eager(SignIn.user).contains_eager(User.client),
        joinedload(SignIn.viewing_as).joinedload(User.client),
    )
    .where(SignIn.token_hash == bindparam("token_hash"), SignIn.created_at > bindparam("since"), User.active)
)


def signed_in(token: str, now: datetime) -> User | None:
    """The user whose browser holds this secret, while the sign-in lasts and the user is active."""
    found = db.session.scalar(_SIGNED_IN, {"token_hash": _digest(token), "since": now - SIGN_IN_LASTS})
    if found is None:
        return None
    user, seen = found.user, found.viewing_as
    if seen is not None and may_view_as(user, seen):
        seen.viewed_by, user = user, seen
    user.token = token
    return user


def may_view_as(user: User, other: User) -> bool:
    """Whether this user may look at the site as that one: administrators, as the users of clients."""
    return user.is_admin and user.active and other.role is Role.CLIENT and other.active


def renew(token: str) -> str:
    """Gives this sign-in another secret and returns it: a copy of the old cookie opens nothing any more. Call it
    inside `writing()`."""
    fresh = secrets.token_urlsafe(32)
    db.session.execute(update(SignIn).where(SignIn.token_hash == _digest(token)).values(token_hash=_digest(fresh)))
    return fresh


def view_as(token: str, user_id: int | None) -> str:
    """Lets this sign-in show the site as that user, or with None as its own again, and returns its new secret. Call it
    inside `writing()`."""
    fresh = renew(token)
    db.session.execute(update(SignIn).where(SignIn.token_hash == _digest(fresh)).values(viewing_as_id=user_id))
    return fresh


def sign_out(token: str) -> None:
    """Ends this sign-in: its cookie opens nothing from now on, wherever it was copied to."""
    with writing():
        db.session.execute(delete(SignIn).where(SignIn.token_hash == _digest(token)))


def end_sign_ins(user: User, but: str = "") -> None:
    """Ends every sign-in of this user, in every browser, but the one with this secret. Call it inside `writing()`."""
    db.session.execute(delete(SignIn).where(SignIn.user_id == user.id, SignIn.token_hash != _digest(but)))


def change_password(user: User, password: str) -> None:
    """Sets a new password and ends every sign-in of this user, in every browser."""
    password_hash = hash_password(password)
    with writing():
        end_sign_ins(user)
        user.password_hash = password_hash


def knows_password(user: User, password: str) -> bool:
    """Whether this is the user's password. Takes as long as a sign-in does."""
    return len(password) <= MOST_PASSWORD and _verify(user.password_hash, password)


def hash_password(password: str) -> str:
    """A password as it is stored. Takes a while on purpose: do it before `writing()`, where others would wait."""
    return _hasher.hash(password)


def nobody_yet() -> bool:
    """Whether there is no user at all."""
    return not db.session.scalar(select(exists().select_from(User)))


def setup_link_token(secret_key: str) -> str:
    """What makes the link on which the first administrator is created; good for a day, while there is no user."""
    return _setup_links(secret_key).dumps("first administrator")


def setup_link_works(secret_key: str, token: str) -> bool:
    """Whether this is such a link, and there is still no user."""
    try:
        _setup_links(secret_key).loads(token, max_age=int(SETUP_LINK_LASTS.total_seconds()))
    except BadData:
        return False
    return nobody_yet()


def add_first_admin(email: str, name: str, password: str, now: datetime) -> User:
    """The first user, an administrator. Raises `NotTheFirst` where somebody came earlier, be it by a moment."""
    with writing():
        if not nobody_yet():
            raise NotTheFirst
        return add_user(email, name, password, now, role=Role.ADMIN)


def tidy_email(email: str) -> str:
    """An e-mail address as it is stored and compared."""
    return email.strip().lower()


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    """What a password is compared with where the e-mail address is unknown, so that this takes no less time."""
    return _hasher.hash(secrets.token_hex())


def _setup_links(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="first-administrator")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
