"""When certificates expire, as a calendar (iCalendar, RFC 5545)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select

from webapp import mail
from webapp.alerts.facts import Certificate
from webapp.customers import access
from webapp.customers.listing_row import INACTIVE, MODELS, ListingRow, item_of
from webapp.customers.models import Client, User
from webapp.extensions import db
from webapp.monitor.models import Target
from webapp.notices import checks, rules
from webapp.probe import authority, to_unicode
from webapp.words import calendar as say

# Services, and as many domains: a library object an event takes half a millisecond
MOST_ROWS = 2000
KEPT = timedelta(days=30)  # how long an expiry stays in the calendar
READ_EVERY = timedelta(hours=6)  # how often a calendar program is asked to come


@dataclass(frozen=True, slots=True)
class Expiry:
    """The expiry of the certificate of one name, written as `Target.authority`.

    `alarms`: how long before it the rule warns, and warns again. `path`: the page of the first item
    with this name. `clients`: whose it is, for those who see more than one.
    """

    name: str
    begins_at: datetime | None
    expires_at: datetime
    issuer: str
    path: str
    alarms: tuple[timedelta, timedelta]
    clients: list[str] = field(default_factory=list)


def expiries(user: User, now: datetime) -> list[Expiry]:
    """The certificates that expire next, or have expired within `KEPT`, among the names of active
    items that this user may see; the soonest first."""
    rows = sorted(_rows(user, now), key=lambda row: (row.not_after, row.target_id, row.id))
    book = rules.book()
    owners = checks.owners_of({row.target_id for row in rows})
    area = "/admin" if user.sees_everything else ""
    found: dict[str, Expiry] = {}
    for row in rows:
        name = authority(row.hostname, row.port)
        if name not in found:
            owner = owners[row.target_id]
            rule = book.rule_for(name, owner.client, owner.product, row.issuer)
            lifetime = Certificate("", row.not_before, row.not_after).lifetime
            kind, id_ = item_of(row.id)
            found[name] = Expiry(
                name,
                row.not_before,
                row.not_after,
                row.issuer,
                f"{area}/{kind}s/{id_}",
                (rule.expiring.span(lifetime), rule.urgent.span(lifetime)),
            )
        if user.sees_everything and row.client not in found[name].clients:
            found[name].clients.append(row.client)
    return list(found.values())


def _rows(user: User, now: datetime) -> Iterator[Any]:
    columns = (
        *(ListingRow.id, ListingRow.target_id, Client.name.label("client")),
        *(Target.hostname, Target.port, Target.issuer, Target.not_before, Target.not_after),
    )
    for model in MODELS:  # each along its index
        found = (
            select(*columns)
            .join(Target, Target.id == ListingRow.target_id)
            .join(Client, Client.id == ListingRow.client_id)
            .where(
                *access.rows_for(user),
                ListingRow.kind == model.kind,
                ListingRow.rank != INACTIVE,
                ListingRow.not_after > now - KEPT,
            )
            .order_by(ListingRow.not_after)
            .limit(MOST_ROWS)
        )
        yield from db.session.execute(found)


def version(found: list[Expiry]) -> str:
    """What changes whenever the calendar of these does: an entity tag."""
    return hashlib.sha256(repr((_site(), found)).encode()).hexdigest()[:32]


def _site() -> tuple[str, str]:
    return current_app.config["PADLOCK_SITE_NAME"], mail.link(current_app, "")


def written(found: list[Expiry]) -> bytes:
    """The calendar of these.

    The UID of an event is that of the name, so that it moves when the certificate is renewed.
    """
    # Imported here: it takes a tenth of a second, and only calendars need it
    from icalendar import Calendar

    site_name, address = _site()
    calendar = Calendar()
    calendar.add("prodid", "-//Padlock//EN")
    calendar.add("version", "2.0")
    calendar.add("name", say.title(site_name))
    calendar.add("x-wr-calname", say.title(site_name))
    calendar.add("refresh-interval", READ_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    for expiry in found:
        calendar.add_component(_event(expiry, address))
    text: bytes = calendar.to_ical()
    return text


def _event(expiry: Expiry, address: str) -> Any:
    from icalendar import Alarm, Event

    title = say.expires(to_unicode(expiry.name))
    event = Event()
    event.add("uid", f"{expiry.name}@{urlsplit(address).netloc}")
    # When it was changed last, which is not known better
    event.add("dtstamp", expiry.begins_at or expiry.expires_at)
    event.add("dtstart", expiry.expires_at)
    event.add("summary", title)
    event.add("description", say.description(expiry.issuer, expiry.clients))
    event.add("url", address + expiry.path)
    event.add("transp", "TRANSPARENT")
    for before in expiry.alarms:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", -before)
        event.add_component(alarm)
    return event
