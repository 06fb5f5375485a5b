"""Users as administrators see them: list, add, change, disable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, String, func, or_, select, update
from sqlalchemy.orm import contains_eager

from webapp import errors
from webapp.accounts import password_hashes, security_events, sign_ins
from webapp.accounts.models import SignIn
from webapp.accounts.security_events import COMMAND_LINE, Caller, Event
from webapp.customers import audit_log, clients, concurrency
from webapp.customers.lists import Listing
from webapp.customers.models import Client, Role, User
from webapp.errors import Refused
from webapp.extensions import contains, db, writing
from webapp.listing import page as pages
from webapp.listing.order import Order
from webapp.listing.rows import Rows, Search
from webapp.words import refusals
from webapp.words.activity import Detail

SORTS = MappingProxyType(
    {
        "name": Order((func.lower(User.name, type_=String),), User.id),
        "email": Order((User.email,), User.id),
        "role": Order((User.role,), User.id),
        "client": Order(
            (func.lower(Client.name, type_=String), Client.id), User.id, True, User.client
        ),
    }
)


@dataclass(frozen=True)
class UserDetails:
    """What an administrator says of a user."""

    name: str
    email: str
    role: Role
    client: str = ""  # for the users of a client: what `clients.find_client` takes


def list_users(search: str, role: str, sort: str, page: str, size: str = "") -> Listing[User]:
    """One page of the users; what cannot be understood of the question means its default."""
    search = search.strip()[: pages.MOST_SEARCH_CHARACTERS]
    wanted = Role(role) if role in set(Role) else None
    where = (User.role == wanted,) if wanted else ()
    rows = Rows(where, search=Search(_matches(search)) if search else None)
    sort = sort if sort.removeprefix("-") in SORTS else "name"
    order = SORTS[sort.removeprefix("-")]
    shown = pages.fetch(rows, order, sort, page, pages.size_of(size))
    chosen = select(User).outerjoin(User.client).options(contains_eager(User.client))
    users = {user.id: user for user in db.session.scalars(chosen.where(User.id.in_(shown.ids)))}
    filters = {"role": wanted.value} if wanted else {}
    return Listing([users[id_] for id_ in shown.ids if id_ in users], shown, search, sort, filters)


def _matches(search: str) -> ColumnElement[bool]:
    of_clients = User.client_id.in_(select(Client.id).where(contains(Client.name, search)))
    return or_(contains(User.name, search), contains(User.email, search), of_clients)


def require_user(user_id: int) -> User:
    """The user of this id. For administrators only: who may ask is the gate's to say."""
    return errors.found(db.session.get(User, user_id))


def add(
    who: User | None,
    details: UserDetails,
    now: datetime,
    password: str | None = None,
    caller: Caller = COMMAND_LINE,
) -> User:
    """A new user, made by this administrator, or by the command line.

    Raises `concurrency.Taken`, or `clients.NoSuchClient` where that is who they should belong to.
    """
    made = password_hashes.hash_password(password)
    with writing():
        concurrency.still_admin(who)
        client = _client_of(details)
        role = details.role
        user = sign_ins.add_user(
            details.email, details.name, None, now, client=client, role=role, password_hash=made
        )
        concurrency.flush(refusals.email_taken())
        audit_log.note(
            who, "created", "user", user.id, user.email, now, Detail.USER, **_described(user)
        )
        security_events.note(Event.USER_ADDED, caller, now, user=user, by=who, role=user.role)
    return user


def change(
    who: User,
    user_id: int,
    version: int,
    details: UserDetails,
    now: datetime,
    caller: Caller = COMMAND_LINE,
) -> None:
    """Gives a user these details.

    Another role or client ends their sign-ins: what they may see is decided again.

    `version` is the one the form was opened with. Raises `concurrency.ChangedMeanwhile`,
    `errors.Refused`, `concurrency.Taken` or `clients.NoSuchClient`.
    """
    with writing():
        concurrency.still_admin(who)
        user = require_user(user_id)
        concurrency.same_version(user, version)
        client = _client_of(details)
        email = sign_ins.tidy_email(details.email)
        if details.role is not user.role:
            _may_lose(who, user, refusals.own_role())
        if details.role is not user.role or client is not user.client:
            _end_all(user)
        before = _facts(user)
        role_before = user.role
        email_before = user.email
        user.name = details.name
        user.email = email
        user.role = details.role
        user.client = client
        concurrency.flush(refusals.email_taken())
        if _facts(user) != before:
            audit_log.note(
                who, "changed", "user", user.id, user.email, now, Detail.USER, **_described(user)
            )
        if user.role is not role_before:
            security_events.note(
                Event.ROLE_CHANGED,
                caller,
                now,
                user=user,
                by=who,
                before=role_before,
                role=user.role,
            )
        if user.email != email_before:
            security_events.note(Event.EMAIL_CHANGED, caller, now, user=user, by=who)


def set_active(
    who: User, user_id: int, active: bool, now: datetime, caller: Caller = COMMAND_LINE
) -> User:
    """Lets a user in, or keeps them out from their next request on. Raises `errors.Refused`."""
    with writing():
        concurrency.still_admin(who)
        user = require_user(user_id)
        if not active:
            _may_lose(who, user, refusals.own_account())
            _end_all(user)
        if user.active is not active:
            user.active = active
            sign_ins.end_reset_links(user)
            security_events.note(
                Event.USER_ENABLED if active else Event.USER_DISABLED,
                caller,
                now,
                user=user,
                by=who,
            )
            audit_log.note(
                who, "enabled" if active else "disabled", "user", user.id, user.email, now
            )
    return user


def sign_out_everywhere(
    who: User, user_id: int, now: datetime, caller: Caller = COMMAND_LINE
) -> User:
    """Ends every sign-in of this user."""
    with writing():
        concurrency.still_admin(who)
        user = require_user(user_id)
        sign_ins.end_sign_ins(user)
        audit_log.note(who, "signed out everywhere", "user", user.id, user.email, now)
        security_events.note(Event.SIGNED_OUT_EVERYWHERE, caller, now, user=user, by=who)
    return user


def _client_of(details: UserDetails) -> Client | None:
    return clients.find_client(details.client) if details.role is Role.CLIENT else None


def _facts(user: User) -> tuple[object, ...]:
    return user.name, user.email, user.role, user.client


def _described(user: User) -> dict[str, str | None]:
    """Who this user is by now, for the activity log."""
    client = user.client
    return {"name": user.name, "role": user.role, "client": client.name if client else None}


def _may_lose(who: User, user: User, about_oneself: str) -> None:
    """Whether this administrator may take that user's rights away. Raises `errors.Refused`."""
    if user.id == who.id:
        raise Refused(about_oneself)
    others = select(func.count(User.id)).where(
        User.role == Role.ADMIN, User.active, User.id != user.id
    )
    if user.is_admin and user.active and not db.session.scalar(others):
        raise Refused(refusals.last_admin())


def _end_all(user: User) -> None:
    """Ends the user's sign-ins, and every look at the site as them."""
    sign_ins.end_sign_ins(user)
    db.session.execute(
        update(SignIn).where(SignIn.viewing_as_id == user.id).values(viewing_as_id=None)
    )
