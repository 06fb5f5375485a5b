"""Clients, services and domains by what a caller calls them: created where they are new, changed
where they are there. Done twice, it is the same."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import and_, false, or_, select

from webapp import probe
from webapp.customers import clients, concurrency, items
from webapp.customers.access import domains_for, services_for
from webapp.customers.models import Client, Domain, Service, User
from webapp.extensions import db
from webapp.monitor.models import Target


def put_service(
    who: User, client: str, details: items.ServiceDetails, now: datetime, version: int | None = None
) -> tuple[Service, bool]:
    """The service of this reference with these details, and whether it is new: done twice, it is
    the same.

    `version` is the one that is to be changed; None: whichever there is. Raises as `add` and
    `change` do.
    """
    found = service_of(who, details.reference or "")
    if found is None and version is not None:
        raise concurrency.ChangedMeanwhile
    if found is None:
        return cast(Service, items.add(who, client, details, now)), True
    known = found.version if version is None else version
    items.change(who, Service.kind, found.id, known, details, now, client)
    return found, False


def service_of(user: User, reference: str) -> Service | None:
    """The service of this reference, if this user may see it."""
    return db.session.scalar(services_for(user).where(Service.reference == reference))


def put_domain(
    who: User,
    client_id: int,
    details: items.DomainDetails,
    now: datetime,
    version: int | None = None,
) -> tuple[Domain, bool]:
    """The same of the domain of this name that a client has."""
    found = domain_of(who, client_id, details.name)
    if found is None and version is not None:
        raise concurrency.ChangedMeanwhile
    if found is None:
        return cast(Domain, items.add(who, f"#{client_id}", details, now)), True
    known = found.version if version is None else version
    items.change(who, Domain.kind, found.id, known, details, now)
    return found, False


def domain_of(user: User, client_id: int, name: str) -> Domain | None:
    """This client's domain of this name, however it is spelt, if this user may see it."""
    try:
        asked = probe.understand(name)
        spelt = and_(Target.hostname == asked.hostname, Target.port == asked.port)
    except probe.NotCheckable:
        spelt = false()
    theirs = domains_for(user).where(Domain.client_id == client_id)
    return db.session.scalar(theirs.where(or_(Domain.name == name, spelt)).limit(1))


def put_client(
    who: User, details: clients.ClientDetails, now: datetime, version: int | None = None
) -> tuple[Client, bool]:
    """The same of the client of this reference."""
    found = client_of(details.reference or "")
    if found is None and version is not None:
        raise concurrency.ChangedMeanwhile
    if found is None:
        return clients.add(who, details, now), True
    known = found.version if version is None else version
    clients.change(who, found.id, known, details, now)
    return found, False


def client_of(reference: str) -> Client | None:
    """The client of this reference. For the provider's people only: who may ask is the gate's to
    say."""
    return db.session.scalar(select(Client).where(Client.reference == reference))
