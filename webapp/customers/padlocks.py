"""The padlock of a service or a domain: what is known of its host name, seen through its status.

An item that is not active is never asked, whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from webapp.customers.access import Item, item_or_404
from webapp.customers.models import User
from webapp.monitor import history as monitor_history
from webapp.monitor import live
from webapp.monitor.models import Change, Standing


def known(item: Item, user: User, now: datetime) -> Standing:
    """What is stored, at once: never asks, never waits."""
    return live.known(item.hostname, active=item.active, viewer=user.id, now=now)


def history(item: Item) -> list[Change]:
    """What has changed of its certificate, the latest first. Nothing of an inactive item: its name may be somebody
    else's by now, and what is seen there is theirs."""
    return monitor_history.changes(item.hostname) if item.active and item.hostname is not None else []


def ask(user: User, kind: str, item_id: int, now: datetime) -> tuple[Item, Standing]:
    """The item, asked where nothing fresh is known; takes a second at most. Aborts with 404, also where the item has
    gone in the meantime."""
    return _after(live.ask, user, kind, item_id, now)


def ask_anew(user: User, kind: str, item_id: int, now: datetime) -> tuple[Item, Standing]:
    """The same, asked even where the last answer is fresh, as "Check now" promises."""
    return _after(live.ask_anew, user, kind, item_id, now)


def _after(asking: Callable[..., bool], user: User, kind: str, item_id: int, now: datetime) -> tuple[Item, Standing]:
    item = item_or_404(user, kind, item_id)
    if asking(item.hostname, active=item.active, viewer=user.id, now=now):
        item = item_or_404(user, kind, item_id)  # a second is long enough for it to be terminated, moved or deleted
    return item, known(item, user, now)
