"""Clients as the provider's people see them: look, find, add, change, delete."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from webapp import errors, probe
from webapp.customers import audit_log, catalog, client_list, concurrency, tags
from webapp.customers.models import Client, Domain, Service, User
from webapp.customers.name_key import name_key
from webapp.extensions import db, writing
from webapp.listing import page
from webapp.parsing import whole
from webapp.words import refusals
from webapp.words.activity import Detail

MOST_SUGGESTED = 10


class NoSuchClient(Exception):
    """No client, or more than one, is meant; the text says so to a person.

    `new_name` is what a new client could be called, where it may be meant as a name.
    """

    def __init__(self, told: str, new_name: str = "") -> None:
        super().__init__(told)
        self.new_name = new_name


@dataclass(frozen=True)
class ClientDetails:
    """What an administrator says of a client."""

    name: str
    reference: str | None = None
    contact_email: str | None = None
    note: str | None = None
    tags: Sequence[str] = ()

    @property
    def columns(self) -> dict[str, str | None]:
        """All but the tags, by the names of the columns."""
        return {name: value for name, value in vars(self).items() if name != "tags"}


class NotTheName(Exception):
    """What was typed is not the name of the client to delete; the text says so to a person."""


def require_client(client_id: int) -> Client:
    """The client of this id. For the provider's people only: who may ask is the gate's to say."""
    return errors.found(db.session.get(Client, client_id))


def any_client() -> bool:
    """Whether there is a client at all."""
    return bool(db.session.scalar(select(exists(select(Client.id)))))


def users_of(client: Client) -> list[User]:
    """Who signs in for this client, by name."""
    return list(
        db.session.scalars(
            select(User).filter_by(client_id=client.id).order_by(func.lower(User.name), User.id)
        )
    )


def suggest(text: str) -> list[Client]:
    """The first clients whose name or reference holds this text; those whose name begins with it
    come first."""
    text = text.strip()[: page.MOST_SEARCH_CHARACTERS]
    if not text:
        return []
    begins = Client.name_key.startswith(name_key(text), autoescape=True)
    order = (begins.desc(), func.lower(Client.name), Client.id)
    return list(
        db.session.scalars(
            select(Client).where(client_list.matches(text)).order_by(*order).limit(MOST_SUGGESTED)
        )
    )


def find_client(text: str) -> Client:
    """The client of this name or reference, or of this id as "#12". Raises `NoSuchClient`."""
    text = text.strip()
    found = list(db.session.scalars(select(Client).where(_meant(text)).limit(2)))
    if not text:
        raise NoSuchClient(refusals.which_client())
    if not found:
        raise NoSuchClient(refusals.no_such_client(), "" if text.startswith("#") else text)
    if len(found) > 1:
        raise NoSuchClient(refusals.several_clients())
    return found[0]


def client_text(client: Client | None) -> str:
    """What `find_client` finds exactly this client by: its name, where no other has the same."""
    return client_texts([client])[0] if client else ""


def client_texts(found: Sequence[Client]) -> list[str]:
    """The same of several clients, by one statement for all of them."""
    if not found:
        return []
    # What begins with # or with a space is read otherwise than as a name.
    plain = [
        client
        for client in found
        if not client.name.startswith("#") and client.name == client.name.strip()
    ]
    alone = [
        select(literal(one.id)).where(~exists().where(_meant(one.name), Client.id != one.id))
        for one in plain
    ]
    named = set(db.session.scalars(union_all(*alone))) if alone else set()
    return [client.name if client.id in named else f"#{client.id}" for client in found]


def add(who: User, details: ClientDetails, now: datetime) -> Client:
    """A new client. Raises `concurrency.Taken` where another has this reference."""
    with writing():
        concurrency.still_admin(who)
        created = audit_log.just_created(who, "client", details.name, now)
        twice = db.session.get(Client, created or 0)
        asked = (details.reference, details.contact_email, details.note)
        if twice and (twice.reference, twice.contact_email, twice.note) == asked:
            return twice
        return create(who, details, now)


def create(who: User, details: ClientDetails, now: datetime) -> Client:
    """As `add`, for a caller that has checked the user. Call it inside `writing()`."""
    client = Client(**details.columns, created_at=now)
    db.session.add(client)
    concurrency.flush(refusals.client_reference_taken())
    tags.give(client, details.tags)
    detail = Detail.REFERENCE if client.reference else Detail.NONE
    facts = {"reference": client.reference} if client.reference else {}
    audit_log.note(who, "created", "client", client.id, client.name, now, detail, **facts)
    return client


def change(who: User, client_id: int, version: int, details: ClientDetails, now: datetime) -> None:
    """Gives a client these details.

    `version` is the one the form was opened with. Raises `concurrency.ChangedMeanwhile` or
    `concurrency.Taken`.
    """
    with writing():
        concurrency.still_admin(who)
        client = require_client(client_id)
        concurrency.same_version(client, version)
        before = _facts(client)
        called = client.name
        for name, value in details.columns.items():
            setattr(client, name, value)
        concurrency.flush(refusals.client_reference_taken())
        tags.give(client, details.tags)
        if changes := audit_log.changes(before, _facts(client)):
            audit_log.note(
                who, "changed", "client", client.id, called, now, Detail.CHANGES, changes=changes
            )


def what_goes_with(client: Client) -> str:
    """A digest of all that `remove` would delete: two are the same where nothing has come, gone or
    been moved."""
    digest = hashlib.sha256()
    for model in _THEIRS:
        ids = db.session.scalars(
            select(model.id).where(model.client_id == client.id).order_by(model.id)
        )
        digest.update(f"{model.__tablename__} {list(ids)}".encode())
    return digest.hexdigest()


def _is_name(typed: str, name: str) -> bool:
    """Whether a person has typed this name as pages show it, without invisible characters."""
    key = name_key(probe.clean(typed))
    return bool(key) and key == name_key(probe.clean(name))


def remove(
    who: User, client_id: int, version: int, seen: str, now: datetime, typed: str | None = None
) -> str:
    """Deletes a client with all that is theirs, and returns its name.

    `seen` is `what_goes_with` it as the page told: where something else would go by now, no one has
    agreed to that. What a page gives as `typed` is the name, where services or domains go too.
    Raises `concurrency.ChangedMeanwhile` or `NotTheName`.
    """
    with writing():
        concurrency.still_admin(who)
        client = require_client(client_id)
        concurrency.same_version(client, version)
        counts = client_list.counts_of(client)
        name = client.name
        if what_goes_with(client) != seen:
            raise concurrency.ChangedMeanwhile
        if typed is not None and counts.items and not _is_name(typed, name):
            raise NotTheName(refusals.not_the_name())
        audit_log.note(
            who, "deleted", "client", client.id, name, now, Detail.BELONGINGS, **asdict(counts)
        )
        hosts = _hosts_of(client)
        for model in _THEIRS:
            theirs = delete(model).where(model.client_id == client.id)
            # None of them is used again
            db.session.execute(theirs, execution_options={"synchronize_session": False})
        db.session.delete(client)
        try:
            db.session.flush()
        except (IntegrityError, StaleDataError) as error:
            # Something new is theirs, where others write meanwhile
            raise concurrency.ChangedMeanwhile from error
        catalog.drop_orphans(hosts)
    return name


_THEIRS = (Service, Domain, User)


def _facts(client: Client) -> dict[str, object]:
    return {
        "name": client.name,
        "reference": client.reference,
        "contact e-mail": client.contact_email,
        "note": client.note,
        **tags.facts(client),
    }


def _meant(text: str) -> ColumnElement[bool]:
    """Whether a client is meant by this text: by its reference, by its name in any spelling that
    has the same `name_key`, or by "#12"."""
    if text.startswith("#") and (number := whole(text[1:])) is not None:
        return Client.id == number
    return or_(Client.reference == text, Client.name_key == name_key(text))


def _hosts_of(client: Client) -> set[int | None]:
    ids = (
        select(model.target_id).where(model.client_id == client.id) for model in (Service, Domain)
    )
    return set(db.session.scalars(union(*ids)))
