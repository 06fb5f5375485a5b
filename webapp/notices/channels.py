"""Channels: what administrators set, and the one place that talks to the processes which send."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select

from webapp import encryption
from webapp.alerts.messages import Event
from webapp.customers import audit_log, clients
from webapp.customers.concurrency import flush, still_admin
from webapp.customers.models import Client, Service, User
from webapp.errors import found
from webapp.extensions import db, writing
from webapp.notices import contents
from webapp.notices.models import Channel
from webapp.sources.loopback import is_loopback
from webapp.words import channels as say

PURPOSE = "channel URL"
MOST_URL_CHARACTERS = 2000
MOST_URL_BYTES = 4000  # encrypted, they fit the column
# For everything, also for a service that answers a byte at a time. Less than the lease of a job
SECONDS = 20

_PRINTABLE = re.compile(r"[!-~]+")
_ROOT = Path(__file__).parents[2]


class BadUrl(Exception):
    """A URL that cannot be a channel's; its text tells a person why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an administrator sets of a channel; an empty `url` leaves the stored one. Whether it is
    a webhook never changes: a new one comes with its `secrets`."""

    name: str
    url: str
    kinds: Sequence[str]
    products: Sequence[str]
    clients: Sequence[int]
    secrets: str | None = None


def listed() -> list[Channel]:
    return list(db.session.scalars(select(Channel).order_by(Channel.name, Channel.id)))


def active() -> list[Channel]:
    """Those that are not paused."""
    return [channel for channel in listed() if not channel.paused]


def get(channel_id: int) -> Channel:
    """Raises `errors.NotFound`."""
    return found(db.session.get(Channel, channel_id))


def save(who: User, channel_id: int | None, settings: Settings, now: datetime) -> Channel:
    """Stores a new channel, or changes one. Raises `BadUrl`, `concurrency.Taken` where another one
    has its name, or `errors.NotFound`."""
    values: dict[str, Any] = {
        "name": settings.name,
        "kinds": list(settings.kinds),
        "products": list(settings.products),
        "clients": list(settings.clients),
    }
    if settings.url:
        read = _read if settings.secrets is None else _read_webhook
        values |= read(settings.url)
    with writing():
        still_admin(who)
        new = Channel(paused=False, secrets=settings.secrets)
        channel = new if channel_id is None else get(channel_id)
        if settings.url:
            values |= {"said_at": None, "problem": "", "detail": ""}
        for name, value in values.items():
            setattr(channel, name, value)
        db.session.add(channel)
        flush(say.name_taken())
        was_new = channel is new
        audit_log.note(
            who, "created" if was_new else "changed", "channel", channel.id, channel.name, now
        )
    return channel


def pause(who: User, channel_id: int, now: datetime, *, paused: bool) -> None:
    """Nothing is sent to a channel while it is paused. Raises `errors.NotFound`."""
    with writing():
        still_admin(who)
        channel = get(channel_id)
        if channel.paused != paused:
            channel.paused = paused
            audit_log.note(
                who, "disabled" if paused else "enabled", "channel", channel.id, channel.name, now
            )


def delete(who: User, channel_id: int, now: datetime) -> None:
    """Raises `errors.NotFound`."""
    with writing():
        still_admin(who)
        channel = get(channel_id)
        db.session.delete(channel)
        audit_log.note(who, "deleted", "channel", channel.id, channel.name, now)


def wants(channel: Channel, event: Event, product: str | None) -> bool:
    """Whether a channel's limits let an event of a name with this product through."""
    client_ids = set(contents.client_ids(event.client))
    return (
        (not channel.kinds or event.kind in channel.kinds)
        and (not channel.products or product in channel.products)
        and (not channel.clients or not client_ids.isdisjoint(channel.clients))
    )


def unknown_product(products: Sequence[str]) -> str | None:
    """The first of these that no service has."""
    some = select(Service.product).where(Service.product.in_(products)).distinct()
    known = set(db.session.scalars(some))
    return next((product for product in products if product not in known), None)


def client_texts(channel: Channel) -> list[str]:
    """The clients that a channel is limited to, as its form has them.

    A deleted one is there by its id, which the form refuses: left out, the last of them would take
    the limit with it.
    """
    chosen = select(Client).where(Client.id.in_(channel.clients)).order_by(Client.name)
    there = list(db.session.scalars(chosen))
    deleted = sorted(set(channel.clients) - {client.id for client in there})
    return [*clients.client_texts(there), *(f"#{id_}" for id_ in deleted)]


def url_of(channel: Channel) -> str | None:
    """None where it was stored under another secret key."""
    return encryption.decrypt(channel.url, current_app.config["SECRET_KEY"], PURPOSE)


def ask(url: str, **message: str) -> dict[str, str]:
    """What the process with Apprise answers, see there."""
    return _ask("apprise_process", url, message)


def ask_webhook(url: str, **message: Any) -> dict[str, Any]:
    """The same for the process that posts webhooks."""
    return _ask("webhook_process", url, message)


def _ask(process: str, url: str, message: dict[str, Any]) -> dict[str, Any]:
    config = current_app.config
    asked = {
        "url": url,
        "allowed": [str(each) for each in config["PADLOCK_ALLOWED_NETWORKS"]],
        "denied": [str(each) for each in config["PADLOCK_DENIED_NETWORKS"]],
        **message,
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            (sys.executable, "-m", f"webapp.notices.{process}"),
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
            cwd=_ROOT,
            env={},  # no proxy, no secret, no home with files
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"problem": "slow", "detail": str(SECONDS)}
    except subprocess.CalledProcessError as error:
        # Its last line has the kind of error before the colon, and may have the URL after it
        last = error.stderr.strip().rpartition("\n")[2].partition(":")[0]
        return {"problem": "error", "detail": last[:100]}
    return answer


def _read(url: str) -> dict[str, str]:
    """What is stored of a URL."""
    if len(url.encode()) > MOST_URL_BYTES:
        raise BadUrl(say.url_too_long())
    answer = ask(url)
    if "problem" in answer:
        raise BadUrl(say.problem_text(answer["problem"], answer.get("detail", "")))
    encrypted = encryption.encrypt(url, current_app.config["SECRET_KEY"], PURPOSE)
    return {"url": encrypted, "service": answer["service"][:100], "shown": answer["shown"][:300]}


def _read_webhook(url: str) -> dict[str, str]:
    """The same of the URL of a webhook."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None  # raises ValueError for a bad port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not _PRINTABLE.fullmatch(url):
        raise BadUrl(say.not_a_webhook_url())
    if parts.username or parts.password:
        raise BadUrl(say.password_in_url())
    if parts.scheme == "http" and not _stays_here(host):
        raise BadUrl(say.not_encrypted())
    answer = ask_webhook(url)
    if "problem" in answer:
        raise BadUrl(say.problem_text(answer["problem"], answer.get("detail", "")))
    encrypted = encryption.encrypt(url, current_app.config["SECRET_KEY"], PURPOSE)
    return {"url": encrypted, "service": "", "shown": f"{parts.scheme}://{host}/…"[:300]}


def _stays_here(host: str) -> bool:
    """Whether what is sent to this host never leaves the machine, or an allowed network."""
    if is_loopback(host):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in each for each in current_app.config["PADLOCK_ALLOWED_NETWORKS"])
