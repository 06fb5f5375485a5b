"""Rows of clients, services, domains and their targets.

What administrators do to them, with all that belongs to it, is in `clients` and `items`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import delete, exists, or_, select

from webapp import probe
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus
from webapp.extensions import db
from webapp.monitor.models import Target

CHUNK_IDS = 1000  # ids that are named to the database at once


def add_service(
    client: Client,
    product: str,
    domain: str,
    status: ServiceStatus,
    next_due_on: date | None = None,
    server_address: str | None = None,
) -> Service:
    """A new service of this client, with its host name where its domain is one.

    Call it inside `writing()`.
    """
    service = Service(
        client=client, product=product, domain=domain, status=status, next_due_on=next_due_on
    )
    service.server_address = server_address
    service.target = target_of(domain)
    db.session.add(service)
    return service


def add_domain(
    client: Client,
    name: str,
    status: DomainStatus,
    registered_on: date | None = None,
    expires_on: date | None = None,
) -> Domain:
    """A new domain of this client, with its host name where its name is one.

    Call it inside `writing()`.
    """
    domain = Domain(
        client=client, name=name, status=status, registered_on=registered_on, expires_on=expires_on
    )
    domain.target = target_of(name)
    db.session.add(domain)
    return domain


def add_client(name: str, now: datetime) -> Client:
    """A new client. Call it inside `writing()`."""
    client = Client(name=name, created_at=now)
    db.session.add(client)
    return client


def target_of(text: str) -> Target | None:
    """The one row of the host name and port in this text, made where it is new; None where it holds
    no host name. Call it inside `writing()`: two requests that bring the same new name wait for
    each other there."""
    try:
        understood = probe.understand(text)
    except probe.NotCheckable:
        return None
    asked = {"hostname": understood.hostname, "port": understood.port}
    target = db.session.scalar(select(Target).filter_by(**asked))
    if target is None:
        target = Target(**asked, **known_of_new(understood.port))
        db.session.add(target)
        db.session.flush()
    return target


def known_of_new(port: int) -> dict[str, Any]:
    """What is known of a new target at this port before it is asked: where the port is not allowed,
    that it cannot be checked. The next check looks again, and the setting may be another by then.
    """
    allowed = port in current_app.config["PADLOCK_PORTS"]
    state = None if allowed else probe.State.UNKNOWN
    return {"state": state, "reason": None if allowed else probe.Reason.NOT_CHECKABLE}


def drop_orphans(target_ids: Iterable[int | None]) -> None:
    """Forgets those of these targets that no item has any more: no one asks about them, and what
    is known of them was their owners' to see. Call it inside `writing()`."""
    ids = [id_ for id_ in target_ids if id_ is not None]
    used = or_(*(exists().where(model.target_id == Target.id) for model in (Service, Domain)))
    for start in range(0, len(ids), CHUNK_IDS):
        db.session.execute(
            delete(Target).where(Target.id.in_(ids[start : start + CHUNK_IDS]), ~used)
        )
