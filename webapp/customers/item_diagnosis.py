"""The diagnosis of a service or a domain, for users who may see it.

An inactive item is not checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update

from webapp.customers.access import Item, require_item
from webapp.customers.models import Service, User
from webapp.extensions import db, writing
from webapp.monitor.diagnosis import diagnoses
from webapp.probe.steps import Origin, Step


@dataclass(frozen=True)
class View:
    """A diagnosis as a user sees it: the steps they have not seen yet, and all there are; None
    where it was not run recently. `failed`: it ended by a fault of ours."""

    item: Item
    fresh: Sequence[Step] = ()
    steps: Sequence[Step] | None = None
    running: bool = False
    failed: bool = False


def begin(user: User, kind: str, item_id: int) -> tuple[Item, bool]:
    """Starts the diagnosis of an item, or joins the one that is under way, and returns the item.

    False with it: there is no room just now. Raises `errors.NotFound`.
    """
    item = require_item(user, kind, item_id)
    if not item.active:
        return item, True
    server = _server(item)
    target_id = item.target_id

    def remember(origin: Origin) -> None:
        _remember(item_id, server, target_id, origin)

    return item, diagnoses.start(_name(item), server, user.id, remember)


def view_of(user: User, kind: str, item_id: int, first: int = 0) -> View:
    """What is known of the diagnosis of an item, from step number `first` on.

    Raises `errors.NotFound`.
    """
    item = require_item(user, kind, item_id)
    found = diagnoses.of(_name(item), _server(item)) if item.active else None
    if found is None:
        return View(item)
    fresh, running = diagnoses.steps_from(found, first)
    return View(item, fresh, found.steps[: first + len(fresh)], running, found.failed)


def _name(item: Item) -> str:
    return str(item.entered)  # what stood beside the host name is told too


def _server(item: Item) -> str | None:
    return item.server_address if isinstance(item, Service) else None


def _remember(service_id: int, server: str | None, target_id: int | None, origin: Origin) -> None:
    """Notes where the name of a service leads, if it is still about that name and that server.

    No person made this change, so the version stays.
    """
    with writing():
        db.session.execute(
            update(Service)
            .where(
                Service.id == service_id,
                Service.server_address == server,
                Service.target_id == target_id,
            )
            .values(origin=origin)
            .execution_options(synchronize_session=False)
        )
