"""Users for the clients of a source, where an administrator wants them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, insert, select

from webapp.customers.models import Client, Role, User
from webapp.extensions import db
from webapp.imports.staging import CHUNK_ROWS


def add_missing(source_id: int, password_hash: str, now: datetime) -> int:
    """Adds a user for each client of a source whose contact e-mail is no user's yet, and returns
    how many. Of several clients with one address the first counts. Call it inside `writing()`.

    `password_hash` is of a password that no one knows: they choose one by *Forgot your password?*.
    """
    first = (
        select(func.min(Client.id))
        .where(Client.source_id == source_id, Client.contact_email.is_not(None), _is_no_users())
        .group_by(func.lower(Client.contact_email))
    )
    found = db.session.execute(
        select(Client.id, Client.name, func.lower(Client.contact_email).label("email"))
        .where(Client.id.in_(first))
        .order_by(Client.id)
    ).all()
    same = {"password_hash": password_hash, "role": Role.CLIENT, "created_at": now}
    for start in range(0, len(found), CHUNK_ROWS):
        rows = [
            {"email": row.email, "name": row.name, "client_id": row.id, **same}
            for row in found[start : start + CHUNK_ROWS]
        ]
        db.session.execute(insert(User), rows)
    return len(found)


def _is_no_users() -> ColumnElement[bool]:
    return ~exists().where(User.email == func.lower(Client.contact_email))
