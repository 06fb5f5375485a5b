"""The padlock of a service or a domain: what is known of its host name, seen through its status.

An item that is not active is never asked, whoever calls.
"""

from __future__ import annotations

from datetime import datetime

from webapp.customers.access import Item
from webapp.monitor import live
from webapp.monitor.models import Standing


def known(item: Item, now: datetime) -> Standing:
    """What is stored, at once: never asks, never waits."""
    return live.look(item.hostname, active=item.active, now=now, ask=False)


def ask(item: Item, now: datetime) -> Standing:
    """The same, and asks where nothing fresh is known; takes a second at most."""
    return live.look(item.hostname, active=item.active, now=now)


def ask_anew(item: Item, now: datetime) -> Standing:
    """Asks even where the last answer is fresh, as "Check now" promises; takes a second at most."""
    return live.check_now(item.hostname, active=item.active, now=now)
