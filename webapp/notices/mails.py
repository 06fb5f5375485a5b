"""Who is told of a message by mail, and what the mail says.

A mail is a job, added in the transaction that evaluates: one for each message and user, with what
happened as its arguments. Its words are made when it is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select

from webapp import mail
from webapp.alerts.messages import STAFF, Event, Message
from webapp.customers.models import Role, User
from webapp.extensions import db
from webapp.jobs import outbox
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.notices import contents, held, mail_making, mail_templates, readers, unsubscribe
from webapp.notices.mail_making import Mail, MailFacts
from webapp.notices.models import Audience
from webapp.notices.store import Store
from webapp.notices.template_sandbox import BadTemplate
from webapp.words import alert_mails as say
from webapp.words.alert_mails import Line

MAIL = "alert mail"
MOST_LISTED = 200  # names in one mail


def register(app: Flask) -> None:
    """Has the background jobs send the mails."""
    outbox.register(app, MAIL, _send, _recipient)


def add(messages: Iterable[Message], store: Store, now: datetime) -> None:
    """Adds the mails of these messages. Call it inside the `writing()` that stores what was told.

    A user is told once of what several readers are told of one incident at one moment: a name of
    several clients has a reader of its own, see `checks`.
    """
    letters: dict[tuple[Any, ...], dict[str, list[Event]]] = {}
    for message in messages:
        part = (message.at, message.incident, message.reminder, message.to == STAFF)
        letters.setdefault(part, {}).setdefault(message.to, []).extend(message.events)
    for (at, incident, reminder, staff), by_reader in letters.items():
        number = store.next_message()
        by_user = _by_user(by_reader, staff=staff)
        preferences = readers.preferences_of(by_user)
        for user_id, events in by_user.items():
            at_moments = held.by_moment(events, preferences[user_id], store, at)
            for moment, some in at_moments.items():
                most = MOST_LISTED if moment <= now else len(some)
                told = contents.arguments(some, incident, store, most, reminder=reminder)
                if moment <= now:
                    outbox.add(MAIL, f"{number} {user_id}", told | {"user_id": user_id}, now)
                else:
                    held.add(user_id, moment, told)


def release(now: datetime) -> None:
    """Adds the mails of what users wanted to be told of later, once that is now."""
    held.release(MAIL, MOST_LISTED, now)


def subject_of(message: Message) -> str:
    """The subject of the mail of a message."""
    events = contents.worst_first(message.events)
    lines = [Line(event.kind, event.name, "", "", None, "") for event in events]
    counts = Counter(event.kind.value for event in events)
    return say.subject(lines, counts, reminder=message.reminder)


def _by_user(by_reader: dict[str, list[Event]], *, staff: bool) -> dict[int, list[Event]]:
    """What each user is told, who wants to be."""
    wanted = select(User.id, User.client_id).where(User.active, User.alert_mails)
    if staff:
        users = wanted.where(User.role.in_((Role.ADMIN, Role.STAFF)))
        return {id_: by_reader[STAFF] for id_, _ in db.session.execute(users)}
    told: dict[int, list[Event]] = {}
    for reader, events in by_reader.items():
        clients = contents.client_ids(reader.removeprefix("client:"))
        users = wanted.where(User.client_id.in_(clients))
        for id_, _ in db.session.execute(users):
            told.setdefault(id_, []).extend(events)
    return told


def _send(job: ClaimedJob) -> Outcome:
    """Mails it, unless the user does not want it any more."""
    user = db.session.get(User, job.arguments["user_id"])
    if user is None or not (user.active and user.alert_mails):
        return DONE
    told = job.arguments
    staff = user.sees_everything
    lines = contents.lines(told["events"], None if staff else user.client_id)
    if not lines:  # all names have moved to another client since
        return DONE
    counts = Counter(told["counts"])
    counts -= Counter(event["kind"] for event in told["events"])
    counts += Counter(line.kind for line in lines)
    number = told["incident"]
    token = unsubscribe.token_for(user, current_app.config["SECRET_KEY"])
    off = mail.link(current_app, f"/unsubscribe/{token}")
    facts = MailFacts(
        audience=Audience.STAFF if staff else Audience.CLIENTS,
        user=user.name,
        client=user.client.name if user.client else "",
        lines=lines,
        counts=counts,
        at=job.created_at,
        reminder=told["reminder"],
        incident=number,
        unsubscribe=off,
    )
    to = user.email
    made = _made(facts)
    db.session.rollback()  # no transaction is open while the mail server takes its time
    thread = f"incident-{number}" if number else ""
    return outbox.send(
        job, to, made.subject, made.text, html=made.html, thread=thread, unsubscribe=off
    )


def _made(facts: MailFacts) -> Mail:
    """The mail, by the default text where that of the site fails: no mail is lost for it."""
    try:
        return mail_making.make(mail_templates.text_of(facts.audience), facts)
    except BadTemplate as error:
        mail_templates.note_failure(facts.audience, str(error), datetime.now(UTC))
        return mail_making.make(mail_templates.default(), facts)


def _recipient(arguments: dict[str, Any]) -> str:
    user = db.session.get(User, arguments["user_id"])
    return user.email if user else ""
