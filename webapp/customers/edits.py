"""What every change by an administrator goes through: whether they still may, and whether somebody else was faster."""

from __future__ import annotations

from flask import abort
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from webapp.customers.models import Client, Domain, Service, User
from webapp.extensions import db

CONFLICT = "Somebody else has changed this meanwhile. Nothing was saved."


class ChangedMeanwhile(Exception):
    """Somebody else has changed this row since the form was opened."""


class Taken(Exception):
    """What may be there only once is there already; the text says so to a person."""


def still_admin(who: User | None) -> None:
    """Aborts with 403 where this user is no administrator: two of them may demote each other at the same moment.
    Nobody at all is the command line. Call it inside `writing()`, where what was read is true."""
    if who is not None and not (who.active and who.is_admin):
        abort(403)


def same_version(row: Client | Domain | Service | User, version: int) -> None:
    """Raises `ChangedMeanwhile` where the form was opened with another version of this row."""
    if row.version != version:
        raise ChangedMeanwhile


def flush(taken: str) -> None:
    """Sends what has changed to the database. Raises `Taken` with this text, or `ChangedMeanwhile`: only the database
    can tell for certain while others write too."""
    try:
        db.session.flush()
    except IntegrityError:
        raise Taken(taken) from None
    except StaleDataError:
        raise ChangedMeanwhile from None
