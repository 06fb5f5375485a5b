"""The www. name that belongs beside a domain."""

from __future__ import annotations

from sqlalchemy import exists, select

from webapp import probe
from webapp.customers.access import Item
from webapp.extensions import db
from webapp.monitor.models import Target

# Under which names are registered in many countries, such as example.co.uk
_SECOND_LEVELS = frozenset({"ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"})


def www_name(item: Item) -> str | None:
    """The www. name to offer beside this item, as an A-label; None where it makes no sense.

    It does for a domain as it is registered, checked at the usual port, of which no one has the
    www. name yet; not for a wildcard, whose certificate covers it.
    """
    target = item.target
    if target is None or not item.active or target.port != probe.HTTPS_PORT:
        return None
    labels = target.hostname.split(".")
    registered = len(labels) == 2 or (
        len(labels) == 3 and labels[1] in _SECOND_LEVELS and len(labels[2]) == 2
    )
    if not registered or labels[0] == "www" or probe.understand(item.entered).wildcard:
        return None
    name = f"www.{target.hostname}"
    taken = select(exists().where(Target.hostname == name, Target.port == probe.HTTPS_PORT))
    return None if db.session.scalar(taken) else name
