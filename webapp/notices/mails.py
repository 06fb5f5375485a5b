"""Who is told of a message by mail, and what the mail says.

A mail is a job, added in the transaction that evaluates: one for each message and user, with what
happened as its arguments. Its words are made when it is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select

from webapp import mail
from webapp.alerts.messages import STAFF, Event, Kind, Message
from webapp.customers.models import Client, Domain, Role, Service, User
from webapp.extensions import db
from webapp.jobs import outbox
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.monitor.models import Target
from webapp.notices.store import Store
from webapp.words import alert_mails as say
from webapp.words.alert_mails import Line

MAIL = "alert mail"
MOST_LISTED = 200  # names in one mail
# What is listed first
ORDER = (
    *(Kind.EXPIRED, Kind.URGENT, Kind.INVALID, Kind.UNKNOWN),
    *(Kind.LATE, Kind.EXPIRING, Kind.CHANGED, Kind.RECOVERED),
)


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
    for (_, incident, reminder, staff), by_reader in letters.items():
        number = store.next_message()
        for user_id, events in _by_user(by_reader, staff=staff).items():
            listed = _worst_first(events)
            arguments = {
                "user_id": user_id,
                "reminder": reminder,
                "incident": incident,
                "counts": Counter(event.kind.value for event in listed),
                "events": [_arguments(event, store) for event in listed[:MOST_LISTED]],
            }
            outbox.add(MAIL, f"{number} {user_id}", arguments, now)


def subject_of(message: Message) -> str:
    """The subject of the mail of a message."""
    events = _worst_first(message.events)
    lines = [Line(event.kind, event.name, "", "", None, "") for event in events]
    counts = Counter(event.kind.value for event in events)
    return say.subject(lines, counts, reminder=message.reminder)


def _worst_first(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (ORDER.index(event.kind), event.name))


def _by_user(by_reader: dict[str, list[Event]], *, staff: bool) -> dict[int, list[Event]]:
    """What each user is told, who wants to be."""
    wanted = select(User.id, User.client_id).where(User.active, User.alert_mails)
    if staff:
        users = wanted.where(User.role.in_((Role.ADMIN, Role.STAFF)))
        return {id_: by_reader[STAFF] for id_, _ in db.session.execute(users)}
    told: dict[int, list[Event]] = {}
    for reader, events in by_reader.items():
        users = wanted.where(User.client_id.in_(_ids(reader.removeprefix("client:"))))
        for id_, _ in db.session.execute(users):
            told.setdefault(id_, []).extend(events)
    return told


def _ids(clients: str | None) -> list[int]:
    """The clients of an event, as `checks` writes them."""
    return [int(id_) for id_ in (clients or "").split(",") if id_]


def _arguments(event: Event, store: Store) -> dict[str, Any]:
    certificate = store.memory.names[event.name].certificate
    not_after = certificate.not_after if certificate else None
    return {
        "kind": event.kind.value,
        "name": event.name,
        "clients": _ids(event.client),
        "reason": event.reason,
        "not_after": not_after.isoformat() if not_after else None,
    }


def _send(job: ClaimedJob) -> Outcome:
    """Mails it, unless the user does not want it any more."""
    user = db.session.get(User, job.arguments["user_id"])
    if user is None or not (user.active and user.alert_mails):
        return DONE
    told = job.arguments
    staff = user.sees_everything
    events = told["events"]
    clients = _client_names(events) if staff else {}
    counts = Counter(told["counts"])
    paths = _paths([event["name"] for event in events], None if staff else user.client_id)
    if not staff:  # names may have moved to another client since
        counts -= Counter(event["kind"] for event in events if event["name"] not in paths)
        events = [event for event in events if event["name"] in paths]
        if not events:
            return DONE
    lines = [
        Line(
            kind=event["kind"],
            name=event["name"],
            client=next((clients[id_] for id_ in event["clients"] if id_ in clients), ""),
            reason=event["reason"] or "",
            not_after=datetime.fromisoformat(event["not_after"]) if event["not_after"] else None,
            link=mail.link(current_app, paths[event["name"]]) if event["name"] in paths else "",
        )
        for event in events
    ]
    profile = mail.link(current_app, "/profile")
    zone = current_app.config["PADLOCK_TIMEZONE"]
    subject = say.subject(lines, counts, reminder=told["reminder"])
    number = told.get("incident")  # jobs of before have none
    text = say.text(
        *(user.name, lines, counts, job.created_at, profile, zone),
        staff=staff,
        together=number is not None or told.get("together", False),
        incident=mail.link(current_app, f"/admin/incidents/{number}") if number and staff else "",
    )
    to = user.email
    db.session.rollback()  # no transaction is open while the mail server takes its time
    return outbox.send(job, to, subject, text)


def _recipient(arguments: dict[str, Any]) -> str:
    user = db.session.get(User, arguments["user_id"])
    return user.email if user else ""


def _client_names(events: Collection[dict[str, Any]]) -> dict[int, str]:
    """The names of clients, by id."""
    ids = {id_ for event in events for id_ in event["clients"]}
    found = select(Client.id, Client.name).where(Client.id.in_(ids))
    return {client.id: client.name for client in db.session.execute(found)}


def _paths(names: Collection[str], client_id: int | None) -> dict[str, str]:
    """Where this site tells more of each name: the page of its first service or domain, among those
    of this client, if there is one."""
    hostnames = {name.partition(":")[0] for name in names}
    area = "/admin" if client_id is None else ""
    paths: dict[str, str] = {}
    for model in (Service, Domain):
        found = select(Target, model.id).join(Target, Target.id == model.target_id)
        found = found.where(Target.hostname.in_(hostnames)).order_by(model.id)
        if client_id is not None:
            found = found.where(model.client_id == client_id)
        for target, id_ in db.session.execute(found):
            paths.setdefault(target.authority, f"{area}/{model.kind}s/{id_}")
    return paths
