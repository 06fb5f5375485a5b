"""The outbox: a mail is a job, stored in the transaction of what causes it.

A job holds what the mail is made of, and never its text: a link that opens an account is made when
the mail is sent, and is stored nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import delete

from webapp import mail
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import RefusedAddress
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.site import site_of


def register(
    app: Flask,
    kind: str,
    run: Callable[[ClaimedJob], Outcome],
    about: Callable[[dict[str, Any]], str],
) -> None:
    """Has mails of this kind made and sent by this function, wherever there is a mail server."""
    site_of(app).jobs.works[kind] = Work(run, lambda: mail.ready(app), about)


def add(kind: str, key: str, arguments: dict[str, Any], now: datetime) -> None:
    """Adds a mail, which is tried for `PADLOCK_MAIL_RETRY_HOURS`. See `queue.add`."""
    try_for = timedelta(hours=current_app.config["PADLOCK_MAIL_RETRY_HOURS"])
    queue.add(kind, key, arguments, now, try_for)


def send(job: ClaimedJob, to: str, subject: str, text: str, **extra: str) -> Outcome:
    """Hands the mail of this job to the mail server; see `mail.send` for what it may have besides
    a text."""
    app: Flask = current_app
    # The same in each try, so that a mail server can drop one that comes twice
    message_id = f"{job.id}.{job.created_at:%Y%m%d%H%M%S%f}"
    failure = mail.send(app, to, subject, text, message_id, **extra)
    if failure is None:
        _note_accepted(to)
        return DONE
    problem = "unreachable"
    if failure.final:
        problem = "bounced" if failure.of_recipient else "refused"
    if problem == "bounced":
        _note_refused(to, failure.said)
    return Outcome(problem, failure.why, failure.final)


def _note_accepted(email: str) -> None:
    if db.session.get(RefusedAddress, email) is None:
        return  # most mails write nothing
    with writing():
        db.session.execute(delete(RefusedAddress).where(RefusedAddress.email == email))


def _note_refused(email: str, said: str) -> None:
    with writing():
        row = db.session.get(RefusedAddress, email)
        if row is None:
            row = RefusedAddress(email=email, refused_at=datetime.now(UTC))
            db.session.add(row)
        row.said = said
