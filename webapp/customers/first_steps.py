"""The first steps of an empty site, and which of them are done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, func, select

from webapp.customers.listing_row import ListingRow
from webapp.customers.models import Client, User
from webapp.extensions import db
from webapp.monitor.models import Target


@dataclass(frozen=True)
class FirstSteps:
    """What a site has so far."""

    client: bool
    item: bool  # a service or a domain
    padlock: bool  # one that was checked
    second_user: bool

    @property
    def all_done(self) -> bool:
        return self.item and self.second_user


def first_steps() -> FirstSteps:
    """What this site has so far, by one statement."""
    users = select(func.count()).select_from(select(User.id).limit(2).subquery())
    found = select(
        exists(select(Client.id)),
        exists(select(ListingRow.id)),
        exists(select(Target.id).where(Target.checked_at.is_not(None))),
        users.scalar_subquery() > 1,
    )
    return FirstSteps(*map(bool, db.session.execute(found).one()))
