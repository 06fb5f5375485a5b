"""Links that show a client's padlocks without a sign-in: created, revoked, opened.

They show what is stored and never ask a server.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from webapp import probe
from webapp.customers import access, audit_log, clients
from webapp.customers.access import Item
from webapp.customers.concurrency import still_admin
from webapp.customers.link_models import LinkUse, PublicLink
from webapp.customers.listing_row import ListingRow
from webapp.customers.models import Client, Domain, Service, User
from webapp.errors import found
from webapp.extensions import db, writing
from webapp.monitor.models import Standing, Target, standing
from webapp.secret_hash import secret_hash
from webapp.words import links as say

MOST_DAYS = 366
MOST_SHOWN = 500  # items on one page
MOST_LINKS = 200  # of one client
PATHS = {LinkUse.PAGE: "/shared/{}", LinkUse.EMBED: "/embed/{}", LinkUse.BADGE: "/badge/{}.svg"}


class BadLink(ValueError):
    """A link that cannot be made; its text tells a person why."""


@dataclass(frozen=True, slots=True)
class SharedPadlocks:
    """The padlocks of a client: what needs a person first, and how many there are in all."""

    client: Client
    rows: Sequence[tuple[Item, Standing]]
    total: int


def create(
    who: User | None, client_id: int, use: LinkUse, now: datetime, days: int | None, name: str = ""
) -> tuple[str, PublicLink]:
    """A new link and its secret, which is shown only now: a hash of it is stored.

    It works for so many `days`, or until it is revoked. A badge is of the service or domain of the
    client with this `name`. Raises `BadLink` or `errors.NotFound`.
    """
    token = secrets.token_urlsafe(24)
    with writing():
        if who is not None:
            still_admin(who)
        client = clients.require_client(client_id)
        item = _item_named(client, name) if use is LinkUse.BADGE else None
        if len(of_client(client_id)) >= MOST_LINKS:
            raise BadLink(say.too_many(MOST_LINKS))
        link = PublicLink(
            use=use,
            token_hash=secret_hash(token),
            client=client,
            service=item if isinstance(item, Service) else None,
            domain=item if isinstance(item, Domain) else None,
            created_at=now,
            created_by=who.email if who else "",
            ends_at=now + timedelta(days=days) if days else None,
        )
        db.session.add(link)
        db.session.flush()
        audit_log.note(who, "created", "link", link.id, client.name, now)
    return token, link


def path_of(use: LinkUse, token: str) -> str:
    """Where on this site a link with this secret leads."""
    return PATHS[use].format(token)


def revoke(who: User, client_id: int, link_id: int, now: datetime) -> None:
    """Ends a link. Raises `errors.NotFound`."""
    with writing():
        still_admin(who)
        link = found(db.session.scalar(select(PublicLink).filter_by(id=link_id)))
        found(link if link.client_id == client_id else None)
        db.session.delete(link)
        audit_log.note(who, "deleted", "link", link_id, link.client.name, now)


def of_client(client_id: int) -> list[PublicLink]:
    """The links of a client, the newest first; those that have ended as well."""
    items = (
        selectinload(PublicLink.service).joinedload(Service.target),
        selectinload(PublicLink.domain).joinedload(Domain.target),
    )
    theirs = select(PublicLink).filter_by(client_id=client_id).options(*items)
    return list(db.session.scalars(theirs.order_by(PublicLink.id.desc())))


def opened(token: str, use: LinkUse, now: datetime) -> PublicLink | None:
    """The link with this secret; None where it is none for this use, or has ended."""
    link = db.session.scalar(select(PublicLink).filter_by(token_hash=secret_hash(token), use=use))
    return link if link is not None and (link.ends_at is None or now < link.ends_at) else None


def padlocks(link: PublicLink, now: datetime) -> SharedPadlocks:
    """What a link to the padlocks of a client shows."""
    mine = ListingRow.client_id == link.client_id
    total = db.session.scalar(select(func.count()).select_from(ListingRow).where(mine)) or 0
    first = select(ListingRow.id).where(mine).order_by(ListingRow.rank, ListingRow.name)
    row_ids = list(db.session.scalars(first.limit(MOST_SHOWN)))
    items = access.items_of_client(link.client_id, row_ids)
    rows = [(item, item_standing(item, now)) for item in items]
    return SharedPadlocks(link.client, rows, total)


def item_standing(item: Item, now: datetime) -> Standing:
    """How an item stands, from what is stored."""
    return standing(item.target, active=item.active, now=now)


def _item_named(client: Client, name: str) -> Item:
    """The service or domain of this client with this name. Raises `BadLink`."""
    if not name.strip():
        raise BadLink(say.name_missing())
    has_name = ListingRow.name == name.strip().lower()
    with suppress(probe.NotCheckable):  # a name in another script has two spellings
        asked = probe.understand(name)
        target = select(Target.id).filter_by(hostname=asked.hostname, port=asked.port)
        has_name = or_(has_name, ListingRow.target_id.in_(target))
    mine = select(ListingRow.id).where(ListingRow.client_id == client.id, has_name)
    row_id = db.session.scalar(mine.order_by(ListingRow.rank, ListingRow.id).limit(1))
    if row_id is None:
        raise BadLink(say.no_such_name(name.strip(), client.name))
    (item,) = access.items_of_client(client.id, [row_id])
    return item
