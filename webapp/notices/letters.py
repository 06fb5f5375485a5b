"""The mails that staff write to clients about rows of Today: one to each client, with all of its
names that were selected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from flask import Flask, current_app
from sqlalchemy import func, select

from webapp import mail
from webapp.alerts.needs import Need
from webapp.customers import audit_log
from webapp.customers.access import Item
from webapp.customers.concurrency import still_staff
from webapp.customers.models import Client, User
from webapp.errors import Refused
from webapp.extensions import db, writing
from webapp.jobs import outbox
from webapp.jobs.queue import ClaimedJob, Outcome
from webapp.notices import renewers, rules, tasks
from webapp.notices.name_rows import NameRow
from webapp.notices.tasks import Chosen
from webapp.words import letters as say
from webapp.words.activity import Detail
from webapp.words.letters import Line

LETTER = "letter"  # the kind of job
MOST_LETTERS = 20  # at once


class About(NamedTuple):
    """A row of Today, and what one client has at this name."""

    row: NameRow
    item: Item


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail as it is offered. `addresses` are those of the client, the contact e-mail first."""

    client: Client
    about: Sequence[About]
    addresses: Sequence[str]
    subject: str
    text: str


class Letter(NamedTuple):
    """A mail as staff send it."""

    to: str
    subject: str
    text: str


def register(app: Flask) -> None:
    """Has the background jobs send the mails."""
    outbox.register(app, LETTER, _send, lambda arguments: str(arguments["to"]))


def drafts(who: User, chosen: Iterable[int], now: datetime, zone: tzinfo) -> list[Draft]:
    """The mails about these rows, by the name of the client. Raises `errors.Refused` where they are
    too many."""
    by_client = _by_client(tasks.rows_of(who, chosen))
    if len(by_client) > MOST_LETTERS:
        raise Refused(say.too_many_clients(MOST_LETTERS))
    users = _users_of(by_client)
    book = rules.book()
    site = current_app.config["PADLOCK_SITE_NAME"]
    found = []
    for client_id, about in by_client.items():
        client = about[0].item.client
        theirs = users.get(client_id, [])
        addresses = [client.contact_email] if client.contact_email else []
        lines = [_line(one, book, linked=bool(theirs)) for one in about]
        found.append(
            Draft(
                client,
                about,
                list(dict.fromkeys([*addresses, *theirs])),
                say.subject(lines, now, zone),
                say.text(lines, who.name, site, now, zone),
            )
        )
    return sorted(found, key=lambda draft: (draft.client.name.casefold(), draft.client.id))


def send(who: User, chosen: Chosen, letters: Mapping[int, Letter], now: datetime) -> Sequence[int]:
    """Sends these mails, by the ids of the clients. Where a colleague has changed some of the rows
    meanwhile, nothing is sent, and their ids are returned. Raises `errors.Refused` where an address
    is no longer the client's."""
    with writing():
        still_staff(who)
        rows = tasks.rows_of(who, chosen)
        if left := [row.name.id for row in rows if row.name.version != chosen[row.name.id]]:
            return left
        by_client = _by_client(rows)
        users = _users_of(by_client)
        for client_id, letter in letters.items():
            about = by_client.get(client_id, [])
            if not about:
                continue
            if letter.to not in (about[0].item.client.contact_email, *users.get(client_id, [])):
                raise Refused(say.not_their_address())
            told = letter._asdict() | {"reply_to": who.email}
            outbox.add(LETTER, f"{client_id} {now.isoformat()}", told, now)
            for one in about:
                _note(who, one, letter.to, now)
        return []


def _note(who: User, about: About, to: str, now: datetime) -> None:
    name = about.row.name
    item = about.item
    name.written_at = now
    name.written_by_id = who.id
    name.version += 1
    called = (item.kind, item.id, item.shown_name)
    audit_log.note(who, "wrote to client", *called, now, Detail.EMAIL, email=to)


def _by_client(rows: Iterable[NameRow]) -> dict[int, list[About]]:
    found: dict[int, list[About]] = {}
    for row in rows:
        for item in row.items:
            found.setdefault(item.client_id, []).append(About(row, item))
    return found


def _users_of(client_ids: Iterable[int]) -> dict[int, list[str]]:
    """The addresses of those who can sign in for these clients."""
    chosen = select(User.client_id, User.email).where(User.client_id.in_(client_ids), User.active)
    found: dict[int, list[str]] = {}
    for client_id, email in db.session.execute(chosen.order_by(func.lower(User.name), User.id)):
        found.setdefault(client_id or 0, []).append(email)
    return found


def _line(about: About, book: rules.SiteRules, *, linked: bool) -> Line:
    row, item = about
    name = row.name
    path = f"/{item.kind}s/{item.id}"
    return Line(
        row.title,
        Need(name.need or Need.UNKNOWN).name.lower(),
        name.need_at or name.checked_at,
        item.target.reason if item.target else None,
        renewers.who_renews(item, book) or "",
        mail.link(current_app, path) if linked else "",
    )


def _send(job: ClaimedJob) -> Outcome:
    told: dict[str, Any] = job.arguments
    db.session.rollback()  # no transaction is open while the mail server takes its time
    extra = {"reply_to": told["reply_to"]}
    return outbox.send(job, told["to"], told["subject"], told["text"], **extra)
