"""The diagnosis of a service or a domain, for users who may see it.

An inactive item is not checked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import update

from webapp.customers.access import Item, require_item
from webapp.customers.models import Service, User
from webapp.extensions import db
from webapp.monitor.diagnosis import diagnoses
from webapp.monitor.diagnosis.diagnoses import Progress
from webapp.probe.steps import NameUnderstood, Origin


def register(app: Flask) -> None:
    """Has diagnoses note where the names of services lead."""
    diagnoses.register(app, _remember)


def begin(user: User, kind: str, item_id: int, now: datetime) -> tuple[Item, bool]:
    """Starts the diagnosis of an item, or joins the one that is under way, and returns the item.

    False with it: there is no room just now. Raises `errors.NotFound`.
    """
    item = require_item(user, kind, item_id)
    if not item.active:
        return item, True
    arguments = {"target": item.target_id}
    return item, diagnoses.start(_name(item), _server(item), user.id, arguments, now)


def progress_of(user: User, kind: str, item_id: int, after: int = 0) -> tuple[Item, Progress]:
    """The item and how far its diagnosis is; `after` is the id of the last step that the user has.

    Raises `errors.NotFound`.
    """
    item = require_item(user, kind, item_id)
    if not item.active:
        return item, Progress()
    found = diagnoses.of(_name(item), _server(item), after)
    # The stored text is the host name: each reader is shown what their own item has
    steps = [
        replace(step, text=str(item.entered)) if isinstance(step, NameUnderstood) else step
        for step in found.steps
    ]
    return item, replace(found, steps=steps)


def _name(item: Item) -> str:
    """The host name, with its port, that is diagnosed; the entered text if it has no target."""
    return item.target.authority if item.target is not None else str(item.entered)


def _server(item: Item) -> str | None:
    return item.server_address if isinstance(item, Service) else None


def _remember(arguments: dict[str, Any], origin: Origin) -> None:
    """Notes where the name of services leads that are about that name and that server by now.

    No person made this change, so the version stays.
    """
    db.session.execute(
        update(Service)
        .where(
            Service.server_address == arguments["server"],
            Service.target_id == arguments["target"],
        )
        .values(origin=origin)
        .execution_options(synchronize_session=False)
    )
