"""Writes the listing rows, in the transaction that changes what they copy.

What is flushed in a session, and what an UPDATE of many rows changes, is noted, and written right
before that session commits. What writes past the session calls `touch`. The database itself deletes
the row of an item that is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from flask import Flask
from sqlalchemy import (
    ColumnElement,
    Update,
    bindparam,
    event,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import (
    ORMExecuteState,
    Session,
    UOWTransaction,
    attributes,
)

from webapp.customers import client_counts, listing_row
from webapp.customers.index_rows import rows_of
from webapp.customers.listing_row import MODELS, ItemModel, ListingRow
from webapp.customers.models import Client, User
from webapp.extensions import Instant, db, writing
from webapp.monitor.models import Target
from webapp.monitor.refresh import scheduler
from webapp.site import this_site

ROWS_AT_ONCE = 500
MOST_MOVED = 20_000  # rows a minute whose rank changes with time; the rest goes on in the next

# What rows copy of targets and of clients, and the columns that change with it
_COPIED: Any = MappingProxyType(
    {
        Target: {
            *("reason", "not_after", "expiring_at", "issuer"),
            *("checked_at", "changed_at", "browsers_refuse"),
        },
        Client: {"name", "reference"},
    }
)
# The same in the rows, by what an item has it from
_COPIED_FROM = MappingProxyType(
    {
        "target_id": (
            *("rank", "rank_until", "soonest", "reason", "browsers_refuse"),
            *("issuer", "not_after", "checked_at", "changed_at"),
        ),
        "client_id": ("client_name", "client_text"),
    }
)
_ALL = tuple(column.key for column in ListingRow.__table__.columns if column.key != "id")


def register(app: Flask) -> None:
    """Has the ranks that time changes move in the scheduler's minute."""
    scheduler.at_each_tick(app, move_ranks)


def write(model: ItemModel, chosen: ColumnElement[bool], now: datetime) -> None:
    """Writes the rows of the chosen items as they are at `now`, new ones among them. Call it inside
    `writing()`."""
    insert: Any = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    rows = rows_of(model, now).where(chosen)
    statement = insert(ListingRow).from_select(
        [column.key for column in rows.selected_columns], rows
    )
    given = {name: statement.excluded[name] for name in _ALL}
    db.session.connection().execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=given, where=_differs(given))
    )


@lru_cache
def _update_of(model: ItemModel, parent: str, _dialect: str) -> Update:
    """Brings the rows of items up to date whose `parent` is one of `ids`, at `now`.

    Made once and compiled once, which takes longer than to run it for the results of a few checks;
    SQLAlchemy would compile an upsert each time.
    """
    rows = rows_of(model, bindparam("now", type_=Instant))
    mine = getattr(model, parent).in_(bindparam("ids", expanding=True))
    found = rows.where(mine).subquery()
    given = {name: found.c[name] for name in _COPIED_FROM[parent]}
    return update(ListingRow).values(given).where(ListingRow.id == found.c.id, _differs(given))


def _differs(given: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    columns = ListingRow.__table__.c
    return or_(*(columns[name].is_distinct_from(value) for name, value in given.items()))


class _Touched:
    """The ids of what has changed in a session's transaction."""

    def __init__(self) -> None:
        self.items: dict[ItemModel, set[int]] = {model: set() for model in MODELS}
        self.targets: set[int] = set()
        self.clients: set[int] = set()
        self.owners: set[int] = set()  # clients that have lost or gained an item or a user
        self.after_batch: Callable[[], None] = lambda: None

    def of(self, model: type[Any]) -> set[int] | None:
        """Those of this model; None of one that no row copies."""
        others: dict[type[Any], set[int]] = {Target: self.targets, Client: self.clients}
        return {**self.items, **others}.get(model)

    def batches(self, ids: Iterable[int]) -> Iterator[list[int]]:
        """These ids in their order, so many at once that a statement takes."""
        in_order = sorted(ids)
        for n in range(0, len(in_order), ROWS_AT_ONCE):
            yield in_order[n : n + ROWS_AT_ONCE]
            self.after_batch()


def touch(model: type[Any], ids: Iterable[int]) -> None:
    """Has the rows of these services, domains, targets or clients written when the session
    commits."""
    found = _touched(db.session()).of(model)
    if found is not None:
        found.update(ids)


def touch_counts(client_ids: Iterable[int]) -> None:
    """Has counted again what these clients have, when the session commits."""
    _touched(db.session()).owners.update(client_ids)


def _touched(session: Session) -> _Touched:
    touched: _Touched = session.info.setdefault("listing_touched", _Touched())
    return touched


@event.listens_for(db.session, "after_flush")
def _see_what_is_flushed(session: Session, _flush: UOWTransaction) -> None:
    touched = _touched(session)
    deleted = [row for row in session.deleted if type(row) in MODELS]
    touched.owners.update(row.client_id for row in deleted)
    touched.targets.update(row.target_id for row in deleted if row.target_id is not None)
    for row in (*session.new, *session.dirty, *session.deleted):
        if type(row) is User:
            touched.owners.update(_changed_owners(row, gone=row in session.deleted))
    for row in (*session.new, *session.dirty):
        ids = touched.of(type(row))
        copied = _COPIED.get(type(row))
        if ids is not None and (
            copied is None
            or any(attributes.get_history(row, name).has_changes() for name in copied)
        ):
            ids.add(row.id)


def _changed_owners(user: User, *, gone: bool) -> set[int]:
    """The clients that have lost or gained this user in a flush."""
    owner = attributes.get_history(user, "client_id")
    ids = owner.sum() if gone else (*owner.added, *owner.deleted)
    return {id_ for id_ in ids if id_ is not None}


@event.listens_for(db.session, "do_orm_execute")
def _see_an_update_of_many(state: ORMExecuteState) -> None:
    if not state.is_update or state.bind_mapper is None:
        return
    model: Any = state.bind_mapper.class_
    statement: Any = state.statement
    ids = _touched(state.session).of(model)
    if ids is not None and state.is_executemany:
        # A list of values by primary key: the statement itself names no columns
        given: Any = state.parameters
        ids.update(one["id"] for one in given if one.keys() & _COPIED.get(model, one.keys()))
        return
    values = {getattr(column, "key", column) for column in statement._values or ()}
    if ids is not None and values & _COPIED.get(model, values):
        found = select(model.id)
        if statement.whereclause is not None:
            found = found.where(statement.whereclause)
        # As they are before it: it may change what they are found by
        ids.update(state.session.connection().scalars(found))


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("listing_touched", None)


@event.listens_for(db.session, "before_commit")
def _write_before_commit(_session: Session) -> None:
    write_touched()


def write_touched(after_batch: Callable[[], None] = lambda: None) -> None:
    """Writes the rows of what was touched so far. A commit does so by itself: who writes very many
    calls it before, to go on with something after each batch."""
    session = db.session()
    session.flush()
    touched: _Touched | None = session.info.get("listing_touched")
    if touched is not None:
        touched.after_batch = after_batch
        for prepare in this_site().before_listing:
            prepare(touched.targets | _parents_of(touched, "target_id"))
        session.info.pop("listing_touched")
        owners = touched.owners | _parents_of(touched, "client_id")
        _write_touched(touched, datetime.now(UTC))
        for ids in touched.batches(owners):
            client_counts.recount(Client.id.in_(ids))


def _write_touched(touched: _Touched, now: datetime) -> None:
    _hold_targets(touched)
    dialect = db.engine.dialect.name
    for model in MODELS:
        for ids in touched.batches(touched.items[model]):
            write(model, model.id.in_(ids), now)
        for parent, parents in (("target_id", touched.targets), ("client_id", touched.clients)):
            for ids in touched.batches(parents):
                values = {"now": now, "ids": ids}
                db.session.connection().execute(_update_of(model, parent, dialect), values)


def _parents_of(touched: _Touched, parent: str) -> set[int]:
    """The clients, or the targets, that the touched items have, or had when their rows were written
    last."""
    parents = set[int]()
    for model, items in touched.items.items():
        for ids in touched.batches(items):
            rows = [listing_row.row_id(model.kind, id_) for id_ in ids]
            before = select(getattr(ListingRow, parent)).where(ListingRow.id.in_(rows))
            now = select(getattr(model, parent)).where(model.id.in_(ids))
            found = db.session.connection().scalars(before.union(now))
            parents.update(id_ for id_ in found if id_ is not None)
    return parents


def _hold_targets(touched: _Touched) -> None:
    """Keeps the results of checks from being written until this commits, of the targets that these
    items have or had.

    PostgreSQL only: a result is written beside other writers there, and the second of the two
    must see what the first has written. Both lock targets in the order of their ids.
    """
    if db.engine.dialect.name == "sqlite":
        return
    for ids in touched.batches(_parents_of(touched, "target_id")):
        held = select(Target.id).where(Target.id.in_(ids)).order_by(Target.id)
        db.session.connection().execute(held.with_for_update(read=True))


def move_ranks(now: datetime) -> None:
    """Writes the rows whose rank time has changed: what expires soon by now, or has expired."""
    due = select(ListingRow.id).where(ListingRow.rank_until <= now)
    for _ in range(MOST_MOVED // ROWS_AT_ONCE):
        ids = list(db.session.scalars(due.order_by(ListingRow.rank_until).limit(ROWS_AT_ONCE)))
        if not ids:
            return
        with writing():
            write_rows(ids, now)


def write_rows(ids: Collection[int], now: datetime) -> None:
    """Writes the rows of these ids as they are at `now`. Call it inside `writing()`."""
    touched = _Touched()
    for model in MODELS:
        touched.items[model] = {
            id_ for kind, id_ in map(listing_row.item_of, ids) if kind == model.kind
        }
    _write_touched(touched, now)
