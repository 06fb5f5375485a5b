"""Users for the clients of a source, where an administrator wants them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from webapp.accounts.sign_ins import tidy_email
from webapp.customers import index
from webapp.customers.models import Client, Role, User
from webapp.extensions import among, db
from webapp.imports.staging import CHUNK_ROWS


def add_missing(source_id: int, password_hash: str, now: datetime) -> None:
    """Adds a user for each client of a source whose contact e-mail is no user's yet. Of several
    clients with one address the first counts. Call it inside `writing()`.

    `password_hash` is of a password that no one knows: they choose one by *Forgot your password?*.
    """
    facts = select(Client.id, Client.name, Client.contact_email).order_by(Client.id)
    theirs = facts.where(Client.source_id == source_id, Client.contact_email.is_not(None))
    by_email: dict[str, Any] = {}
    for row in db.session.execute(theirs):
        by_email.setdefault(tidy_email(row.contact_email), row)
    taken = db.session.scalars(select(User.email).where(among(User.email, by_email)))
    missing = [*(by_email.keys() - set(taken))]
    same = {"password_hash": password_hash, "role": Role.CLIENT, "created_at": now}
    for start in range(0, len(missing), CHUNK_ROWS):
        rows = [
            {"email": email, "name": by_email[email].name, "client_id": by_email[email].id, **same}
            for email in missing[start : start + CHUNK_ROWS]
        ]
        db.session.execute(insert(User), rows)
        index.touch_counts(row["client_id"] for row in rows)
