"""Addresses that the mail server has refused: of a user, of a client, and whether they work now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select

from webapp.customers.clients import users_of
from webapp.customers.concurrency import still_staff
from webapp.customers.models import Client, User
from webapp.errors import found
from webapp.extensions import db, writing
from webapp.jobs import outbox, queue
from webapp.jobs.models import RefusedAddress
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.words import mails as say

TEST = "test mail"
TEST_FOR = timedelta(minutes=2)  # for which it is tried


def register(app: Flask) -> None:
    """Has the background jobs send the test mails."""
    outbox.register(app, TEST, _send, lambda arguments: str(arguments["to"]))


def among(emails: Iterable[str]) -> list[RefusedAddress]:
    """Those of these addresses that are refused, the longest first."""
    chosen = select(RefusedAddress).where(RefusedAddress.email.in_(list(emails)))
    return list(db.session.scalars(chosen.order_by(RefusedAddress.refused_at)))


def of_client(client: Client) -> list[RefusedAddress]:
    """Those of the contact e-mail and of the client's active users."""
    emails = [user.email for user in users_of(client) if user.active]
    return among([client.contact_email, *emails] if client.contact_email else emails)


def try_again(who: User, email: str, now: datetime) -> None:
    """Has a test mail sent. Raises `errors.NotFound` where this address is not refused, and
    `errors.NotAllowed` where it is another user's."""
    with writing():
        if email != who.email:
            still_staff(who)
        found(db.session.get(RefusedAddress, email))
        queue.add(TEST, email[:100], {"to": email}, now, TEST_FOR)


def _send(job: ClaimedJob) -> Outcome:
    told: dict[str, Any] = job.arguments
    text = say.test_text(current_app.config["PADLOCK_SITE_NAME"])
    db.session.rollback()  # no transaction is open while the mail server takes its time
    outcome = outbox.send(job, told["to"], say.test_subject(), text)
    # The pages say so: System health has nothing to add
    return DONE if outcome.problem == "bounced" else outcome
