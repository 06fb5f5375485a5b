"""Sources as administrators keep them: add, list, change, pause, remove. Credentials are stored
encrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from flask import current_app
from sqlalchemy import Select, delete, func, or_, select, update

from webapp import encryption
from webapp.customers import audit_log
from webapp.customers.concurrency import flush, still_admin
from webapp.customers.models import Client, Domain, DomainStatus, Service, User
from webapp.errors import found
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.sources import address
from webapp.sources.fault import BadValue as BadValue
from webapp.sources.fault import Fault
from webapp.sources.models import (
    EVERY,
    GONE_PERCENT,
    JOB_KIND,
    MOST_ENCRYPTED_CHARACTERS,
    PROPERTY_KEY,
    Mode,
    Source,
    SourceRun,
)
from webapp.sources.panel import Access
from webapp.words import sources as say

PURPOSE = "source credentials"
MOST_NAME_CHARACTERS = 60
_READ_BY = ("url", "credentials", "watch_other", "property_key")  # what comes depends on them
# By kind: those that are needed, and those that may be there
CREDENTIALS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = MappingProxyType(
    {
        "whmcs": (frozenset({"identifier", "secret"}), frozenset({"access_key"})),
        "fossbilling": (frozenset({"api_key"}), frozenset()),
        "paymenter": (frozenset({"token"}), frozenset()),
        "csv": (frozenset(), frozenset()),
    }
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an administrator says of a source. No `credentials`: the stored ones stay."""

    name: str
    kind: str
    url: str
    credentials: Mapping[str, str] | None = None
    watch_other: bool = False
    property_key: str = PROPERTY_KEY
    gone_percent: int = GONE_PERCENT
    add_users: bool = False


def listed() -> list[Source]:
    """All of them, by name."""
    return list(db.session.scalars(select(Source).order_by(func.lower(Source.name), Source.id)))


def get(source_id: int) -> Source:
    """Raises `errors.NotFound`."""
    return found(db.session.get(Source, source_id))


def by_name(name: str) -> Source:
    """Raises `errors.NotFound`."""
    return found(db.session.scalar(select(Source).where(Source.name == name)))


def last_run(source: Source, *modes: Mode) -> SourceRun | None:
    """The last run that has ended: a sync, or one of these."""
    mine = SourceRun.source_id == source.id, SourceRun.mode.in_(modes or (Mode.SYNC,))
    newest = select(SourceRun).where(*mine).order_by(SourceRun.id.desc()).limit(1)
    return db.session.scalar(newest)


def add(who: User | None, settings: Settings, now: datetime) -> Source:
    """A new source. It is read hourly once someone has agreed to its first sync. Raises `BadValue`,
    or `concurrency.Taken` where another one has its name."""
    values = _values(settings)
    with writing():
        still_admin(who)
        source = Source(**values, created_at=now)
        db.session.add(source)
        flush(say.name_taken())
        audit_log.note(who, "created", "source", source.id, source.name, now)
    return source


def change(who: User | None, source_id: int, settings: Settings, now: datetime) -> Source:
    """Gives a source these settings, but for its kind. Credentials are only kept for the server
    that they were entered for: they have to be entered again for another one. A preview by other
    settings is forgotten, and a run by them is ended. Raises `BadValue`, `concurrency.Taken` where
    another one has its name, or `errors.NotFound`."""
    source = get(source_id)
    settings = replace(settings, kind=source.kind)
    values = _values(settings)
    moved = address.server_of(str(values["url"])) != address.server_of(source.url)
    if source.kind == "csv" and (moved or "?" in settings.url or values["url"] != source.url):
        values = _values(replace(settings, credentials={}))  # what stands behind "?" is of it
    elif moved and settings.credentials is None:
        raise BadValue("credentials", say.credentials_again())
    with writing():
        still_admin(who)
        source = get(source_id)
        before = {name: getattr(source, name) for name in _READ_BY}
        if any(values.get(name, value) != value for name, value in before.items()):
            # It would agree to what no one has seen, and so would one that is under way
            preview = SourceRun.source_id == source_id, SourceRun.mode == Mode.PREVIEW
            db.session.execute(delete(SourceRun).where(*preview))
            if (job := queue.find(JOB_KIND, str(source_id))) is not None:
                queue.end(job.id)
        for name, value in values.items():
            setattr(source, name, value)
        flush(say.name_taken())
        audit_log.note(who, "changed", "source", source.id, source.name, now)
    return source


def pause(who: User | None, source_id: int, now: datetime, *, paused: bool) -> None:
    """A source that is paused is not read by the scheduler. Raises `errors.NotFound`."""
    with writing():
        still_admin(who)
        source = get(source_id)
        if source.paused != paused:
            source.paused = paused
            it = "source", source.id, source.name, now
            audit_log.note(who, "disabled" if paused else "enabled", *it)


def counts_of(source_id: int) -> dict[str, int]:
    """How many clients, services and domains come from a source."""
    return {
        model.__tablename__: db.session.scalar(
            select(func.count()).where(model.source_id == source_id)
        )
        or 0
        for model in (Client, Service, Domain)
    }


def agree(source_id: int, now: datetime) -> None:
    """From now on a source is read hourly: someone wants it synced. Raises `Fault` where it was
    removed."""
    with writing():
        source = db.session.get(Source, source_id)
        if source is None:
            raise Fault("removed")
        if source.next_at is None:
            source.next_at = now + EVERY


def remove(who: User | None, source_id: int, now: datetime) -> str:
    """Deletes a source, and returns its name. What came from it stays, and is kept by hand from
    now on. Raises `errors.NotFound`."""
    with writing():
        still_admin(who)
        source = get(source_id)
        for model in (Client, Service, Domain):
            theirs = update(model).where(model.source_id == source_id)
            if model is Domain:
                theirs = theirs.where(Domain.id.not_in(_names_again(source_id)))
            # Past the session's eyes: lists don't copy it. By its `source_key` an item is taken
            # over where the same billing system is added again
            db.session.connection().execute(theirs.values(source_id=None))
        name = source.name
        audit_log.note(who, "deleted", "source", source.id, name, now)
        db.session.delete(source)
    return name


def _names_again(source_id: int) -> Select[tuple[int]]:
    """The domains of a source that a client would have a second time by hand, where a name is
    unique: they keep the number of the source, which no other gets. The living one goes first."""
    of_name = func.row_number().over(
        partition_by=(Domain.client_id, Domain.name),
        order_by=(
            Domain.source_id.is_not(None),
            Domain.status != DomainStatus.ACTIVE,
            Domain.id.desc(),
        ),
    )
    theirs = or_(Domain.source_id == source_id, Domain.source_id.is_(None))
    ranked = select(Domain.id, of_name.label("of_name")).where(theirs).subquery()
    return select(ranked.c.id).where(ranked.c.of_name > 1)


def access_of(source: Source) -> Access:
    """How a source is asked. Raises `Fault` where its credentials were stored under another secret
    key, or where its address may not be asked any more as it stands."""
    text = encryption.decrypt(source.credentials, current_app.config["SECRET_KEY"], PURPOSE)
    if text is None:
        raise Fault("other key")
    if not address.may_be_asked(source.url):
        raise Fault("plain")
    return Access(source.url, json.loads(text), source.watch_other, source.property_key)


def _values(settings: Settings) -> dict[str, object]:
    name = " ".join(settings.name.split())
    if not (0 < len(name) <= MOST_NAME_CHARACTERS and name.isprintable()):
        raise BadValue("name", say.bad_name())
    url, query = address.read(settings.url.strip(), settings.kind)
    values: dict[str, object] = {
        **{"name": name, "kind": settings.kind, "url": url},
        "watch_other": settings.watch_other,
        "add_users": settings.add_users,
        **{"property_key": settings.property_key, "gone_percent": settings.gone_percent},
    }
    if settings.credentials is not None:
        for text in settings.credentials.values():
            # All but those of WHMCS are sent in a header
            if not text.isprintable() or not (text.isascii() or settings.kind == "whmcs"):
                raise BadValue("credentials", say.bad_credentials())
        kept = dict(settings.credentials) | ({"query": query} if query else {})
        text = json.dumps(kept)
        secret = current_app.config["SECRET_KEY"]
        values["credentials"] = encrypted = encryption.encrypt(text, secret, PURPOSE)
        if len(encrypted) > MOST_ENCRYPTED_CHARACTERS:
            raise BadValue("credentials", say.credentials_too_long())
    return values
