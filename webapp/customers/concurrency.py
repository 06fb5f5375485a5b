"""Checks before every change: the user is still an administrator, and the row is still the same."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from webapp.customers.models import Client, Domain, Service, User
from webapp.errors import NotAllowed
from webapp.extensions import db


class ChangedMeanwhile(Exception):
    """Another user has changed this row since the form was opened."""


class Taken(Exception):
    """What may be there only once is there already; the text says so to a person."""


def still_admin(who: User | None) -> None:
    """Raises `errors.NotAllowed` where this user is no administrator: two of them may demote each
    other at the same moment. None is the command line. Call it inside `writing()`, where what was
    read is true."""
    if who is not None and not (who.active and who.is_admin):
        raise NotAllowed


def still_staff(who: User) -> None:
    """Raises `errors.NotAllowed` where this user is neither an administrator nor staff."""
    if not (who.active and who.sees_everything):
        raise NotAllowed


def same_version(row: Client | Domain | Service | User, version: int) -> None:
    """Raises `ChangedMeanwhile` where the form was opened with another version of this row."""
    if row.version != version:
        raise ChangedMeanwhile


def flush(taken: str) -> None:
    """Sends what has changed to the database.

    Raises `Taken` with this text, or `ChangedMeanwhile`: only the database can tell for certain
    while others write too. A row that refers to none is neither, and stays SQLAlchemy's
    `IntegrityError`.
    """
    try:
        db.session.flush()
    except IntegrityError as error:
        if _refers_to_nothing(error):
            raise
        raise Taken(taken) from error
    except StaleDataError as error:
        raise ChangedMeanwhile from error


def _refers_to_nothing(error: IntegrityError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None) or getattr(error.orig, "sqlstate", None)
    # The latter is what standard SQL calls it
    return code in (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, "23503")
