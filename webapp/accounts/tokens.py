"""Tokens, with which programs use the API and read metrics as the user they are of."""

from __future__ import annotations

import logging
import re
import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import joinedload

from webapp.accounts.models import Scope, Token
from webapp.accounts.sign_ins import USE_NOTED_EVERY, tidy_email
from webapp.customers import audit_log, clients, concurrency
from webapp.customers.models import Role, User
from webapp.errors import NotAllowed, NotFound, Refused, found
from webapp.extensions import db, writing
from webapp.secret_hash import secret_hash
from webapp.words import api as say
from webapp.words.activity import Detail

PREFIX = "padlock_"  # so that programs which look for secrets in files know what it is
LOOKS_LIKE_ONE = re.compile(rf"{PREFIX}[\w-]{{40}}")
MOST_TOKENS = 50  # of one user or client
MOST_NAME_CHARACTERS = 100

log = logging.getLogger(__name__)


def create(
    who: User | None,
    user: User,
    name: str,
    scope: Scope,
    ends_at: datetime | None,
    now: datetime,
) -> str:
    """The secret of a new token of this user. Only its hash is stored: it can be shown only now.

    `who`: the user themself, or an administrator; None is the command line. Raises
    `errors.NotAllowed` or `errors.Refused`.
    """
    if who is None or who.id != user.id:
        concurrency.still_admin(who)
    if scope is Scope.METRICS and not user.is_admin:
        raise Refused(say.metrics_for_admins())
    return _create(who, {"user_id": user.id}, user.email, name, scope, ends_at, now)


def create_own(user: User, name: str, scope: Scope, ends_at: datetime | None, now: datetime) -> str:
    """The same of a token that a user makes for themself."""
    return create(user, user, name, scope, ends_at, now)


def create_for(
    who: User, owner: str, name: str, scope: Scope, ends_at: datetime | None, now: datetime
) -> str:
    """The same of a token that an administrator makes: for the user of this e-mail address, or the
    client of this name or reference. Raises `clients.NoSuchClient`, too."""
    user = db.session.scalar(select(User).where(User.email == tidy_email(owner)))
    if user is not None:
        return create(who, user, name, scope, ends_at, now)
    client = clients.find_client(owner)
    return create_for_client(who, client.id, name, scope, ends_at, now)


def create_for_client(
    who: User, client_id: int, name: str, scope: Scope, ends_at: datetime | None, now: datetime
) -> str:
    """The same of a token of no user, that sees what the users of a client see. Raises
    `errors.NotFound`, `errors.NotAllowed` or `errors.Refused`."""
    concurrency.still_admin(who)
    client = clients.require_client(client_id)
    if scope is Scope.METRICS:
        raise Refused(say.metrics_for_admins())
    return _create(who, {"client_id": client.id}, client.name, name, scope, ends_at, now)


def _create(
    who: User | None,
    owner: dict[str, int],
    owner_name: str,
    name: str,
    scope: Scope,
    ends_at: datetime | None,
    now: datetime,
) -> str:
    if ends_at is not None and ends_at <= now:
        raise Refused(say.end_in_the_past())
    secret = PREFIX + secrets.token_urlsafe(32)
    with writing():
        theirs = select(func.count()).select_from(Token).filter_by(**owner)
        if (db.session.scalar(theirs) or 0) >= MOST_TOKENS:
            raise Refused(say.too_many_tokens(MOST_TOKENS))
        facts = {"name": name, "scope": scope, "created_at": now, "ends_at": ends_at}
        by = who.email if who else ""
        token = Token(token_hash=secret_hash(secret), created_by=by, **owner, **facts)
        db.session.add(token)
        db.session.flush()
        of = (token.id, name, now, Detail.FOR_CLIENT)
        audit_log.note(who, "created", "token", *of, client=owner_name)
    return secret


def revoke(who: User | None, token_id: int, now: datetime) -> str:
    """Ends a token, and returns its name. Raises `errors.NotFound` where this user has none of this
    id; administrators and the command line (None) revoke all."""
    with writing():
        token = found(db.session.get(Token, token_id))
        if who is not None and token.user_id != who.id and not who.is_admin:
            raise NotFound
        owner = token.user.email if token.user else token.client.name if token.client else ""
        name = token.name
        of = (token.id, name, now, Detail.FOR_CLIENT)
        audit_log.note(who, "revoked", "token", *of, client=owner)
        db.session.delete(token)
    return name


def tokens_of(user: User) -> list[Token]:
    """The tokens of this user, the newest first."""
    return _tokens(Token.user_id == user.id)


def all_tokens(who: User | None = None) -> list[Token]:
    """All tokens of users and clients, the newest first. None is the command line."""
    concurrency.still_admin(who)
    return _tokens()


def tokens_of_client(who: User, client_id: int) -> list[Token]:
    """The tokens of a client and of the client's users, the newest first."""
    concurrency.still_admin(who)
    users = select(User.id).where(User.client_id == client_id)
    return _tokens(or_(Token.client_id == client_id, Token.user_id.in_(users)))


def signed_in(secret: str, now: datetime) -> tuple[Token, User] | None:
    """The token of this secret, while it lasts, and whom it acts as, who carries its name.

    A client's token acts as a user of the client whom no row has; its id is below zero.
    """
    chosen = select(Token).where(Token.token_hash == secret_hash(secret))
    token = db.session.scalar(chosen.options(joinedload(Token.user).joinedload(User.client)))
    if token is None or (token.ends_at is not None and token.ends_at <= now):
        return None
    if token.user_id is None:
        user = User(
            id=-(token.client_id or 0), email="", name=token.name, role=Role.CLIENT, active=True
        )
        user.client_id = token.client_id
    else:
        user = found(token.user)
    may = user.is_admin or token.scope is not Scope.METRICS
    if not (user.active and may):
        return None
    user.token_name = token.name
    return token, user


def of_header(authorization: str, now: datetime) -> tuple[Token, User] | None:
    """The same of an Authorization header, as RFC 6750 has it."""
    kind, _, secret = authorization.partition(" ")
    return signed_in(secret.strip(), now) if kind.lower() == "bearer" else None


def note_use(token: Token, address: str, now: datetime) -> None:
    """Notes that a token is used, once every few minutes: what only reads does not write with each
    request."""
    if token.last_used_at is not None and abs(now - token.last_used_at) < USE_NOTED_EVERY:
        return
    used = update(Token).where(Token.id == token.id)
    try:
        with writing(beside_others=True, patience=0.5):
            db.session.execute(used.values(last_used_at=now, last_used_from=address))
    except DatabaseError as error:
        # Locked, full or read-only: the answer is wanted all the same
        log.warning("The use of a token could not be noted: %s", error.orig)


def require_data(token: Token) -> None:
    """Raises `errors.NotAllowed` where a token reads metrics and nothing else."""
    if token.scope is Scope.METRICS:
        raise NotAllowed(say.metrics_only())


def require_write(token: Token) -> None:
    """Raises `errors.NotAllowed` where a token may not change anything."""
    if token.scope is not Scope.WRITE:
        raise NotAllowed(say.read_only())


def _tokens(*where: ColumnElement[bool]) -> list[Token]:
    chosen = select(Token).where(*where).order_by(Token.id.desc())
    return list(
        db.session.scalars(chosen.options(joinedload(Token.user), joinedload(Token.client)))
    )
