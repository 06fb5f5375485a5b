"""What takes long to count, or to walk to, remembered for a short while.

Rows are never remembered: they are shown as they are now.

A user who pages through a list would otherwise wait at each page for a number, or for a place, that
hardly changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import Select, event
from sqlalchemy.orm import Session, UOWTransaction

from webapp.customers.models import Activity, Client, Domain, Service, User
from webapp.extensions import db
from webapp.site import site_of, this_site

SLOW_COUNT_SECONDS = 0.005  # seconds: a count that took less is taken again
MOST_KEPT = 1000

T = TypeVar("T")


class Memory:
    """The counts of one site, by what was counted."""

    def __init__(self, seconds: float) -> None:
        self.generation = 0  # how often it was told to forget
        self._seconds = seconds
        self._kept: dict[Hashable, tuple[float, tuple[Any, ...]]] = {}

    def recall(self, key: Hashable) -> tuple[Any, ...] | None:
        until, counts = self._kept.get(key, (0.0, ()))
        return counts if time.monotonic() < until else None

    def keep(self, key: Hashable, counts: tuple[Any, ...], took: float, generation: int) -> None:
        """Keeps what was counted, unless it was counted among rows from before the last time it had
        to forget."""
        kept = self._kept  # whatever is told to forget from here on, takes another in its place
        if took >= SLOW_COUNT_SECONDS and self._seconds and generation == self.generation:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[key] = (time.monotonic() + self._seconds, counts)

    def forget(self) -> None:
        self.generation += 1
        self._kept = {}


def register(app: Flask) -> None:
    """Gives the site its memory."""
    site_of(app).counts = Memory(app.config["PADLOCK_COUNT_SECONDS"])


def kept(key: Hashable, take: Callable[[], tuple[T, ...]], *, anew: bool = False) -> tuple[T, ...]:
    """What `take` finds, or has found under this key a short while ago, unless it is wanted
    `anew`."""
    known = None if anew else recall(key)
    if known is not None:
        return known
    started = time.perf_counter()
    found = take()
    _memory().keep(key, found, time.perf_counter() - started, db.session.info["counts_generation"])
    return found


def recall(key: Hashable) -> tuple[Any, ...] | None:
    """What is kept under this key, if anything is."""
    return _memory().recall(key)


def taken(statement: Select[Any]) -> tuple[int, ...]:
    """The numbers of this statement's one row, counted now."""
    return tuple(db.session.execute(statement).one())


def forget() -> None:
    """What was written past the session, as an import does, is counted again from now on."""
    _memory().forget()


def _memory() -> Memory:
    return this_site().counts


@event.listens_for(db.session, "after_begin")
def _see_how_old_the_rows_are(session: Session, *_: object) -> None:
    # A transaction goes on seeing the rows as they were when it began, whatever is written
    # meanwhile.
    session.info["counts_generation"] = _memory().generation


@event.listens_for(db.session, "after_flush")
def _see_what_is_written(session: Session, _flush: UOWTransaction) -> None:
    # Host names are written at every check: a list would never be remembered, and its rows are live
    # anyway.
    if any(
        isinstance(row, Activity | Client | Domain | Service | User)
        for row in (*session.new, *session.dirty, *session.deleted)
    ):
        session.info["counts_change"] = True


@event.listens_for(db.session, "after_rollback")
def _see_that_it_was_not(session: Session) -> None:
    session.info.pop("counts_change", None)


@event.listens_for(db.session, "after_commit")
def _forget_what_has_changed(session: Session) -> None:
    if session.info.pop("counts_change", False):
        forget()
