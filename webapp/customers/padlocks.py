"""The padlock of a service or a domain: what is known of its host name, seen through its status.

An item that is not active is never asked, no matter who calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from webapp.customers.access import Item, items_of_rows, require_item
from webapp.customers.listing_row import row_id
from webapp.customers.models import User
from webapp.monitor import history as monitor_history
from webapp.monitor import live
from webapp.monitor.models import Change, Standing, Target
from webapp.parsing import LARGEST

MOST_AT_ONCE = 100  # items that one wish may name: a page of a list
_NAME = re.compile("(service|domain)-[1-9][0-9]{0,17}")


def known(item: Item, user: User, now: datetime) -> Standing:
    """What is stored, at once: never asks, never waits."""
    return live.known(item.target, active=item.active, viewer=user.id, now=now)


def history(item: Item) -> list[Change]:
    """What has changed of its certificate, the latest first.

    Nothing of an inactive item: its name may be another user's by now, and what is seen there is
    theirs.
    """
    return monitor_history.changes(item.target) if item.active and item.target is not None else []


def certificate(item: Item) -> Target | None:
    """What is stored of the certificate that was seen last; nothing of an inactive item, as
    above."""
    target = item.target if item.active else None
    return target if target is not None and target.fingerprint else None


def ask(user: User, kind: str, item_id: int, now: datetime) -> tuple[Item, Standing]:
    """The item, checked where nothing fresh is known; takes `checks.WEB_WAIT_SECONDS` at most.

    Raises `errors.NotFound`, also where the item has gone in the meantime.
    """
    return _after(live.ask, user, kind, item_id, now)


def ask_now(user: User, kind: str, item_id: int, now: datetime) -> tuple[Item, Standing]:
    """The same, checked even where the last result is fresh, as "Check now" promises."""
    return _after(live.ask_now, user, kind, item_id, now)


def row_ids_of(names: Iterable[str], most: int = MOST_AT_ONCE) -> set[int]:
    """The ids of the listing rows of the items that are called "service-12" and the like."""
    parts = (name.split("-") for name in list(names)[:most] if _NAME.fullmatch(name))
    ids = (row_id(kind, int(number)) for kind, number in parts)
    return {id_ for id_ in ids if id_ <= LARGEST}


def ask_many(user: User, names: Iterable[str], now: datetime) -> tuple[int, int]:
    """Starts checks of the items that are called "service-12" and the like, and does not wait for
    them: how many are being asked, and how many are not. What this user may not see is left out as
    well."""
    wanted = row_ids_of(names)
    items = items_of_rows(user, [*wanted])
    targets = {item.target for item in items if item.active and item.target}
    asked = live.start(targets, viewer=user.id, now=now)
    able = sum(item.active and item.target is not None for item in items)
    return asked, len(wanted) - able + len(targets) - asked


def _after(
    check: Callable[..., bool], user: User, kind: str, item_id: int, now: datetime
) -> tuple[Item, Standing]:
    item = require_item(user, kind, item_id)
    if check(item.target, active=item.active, viewer=user.id, now=now):
        # That is long enough for it to be terminated, moved or deleted
        item = require_item(user, kind, item_id)
    return item, known(item, user, now)
