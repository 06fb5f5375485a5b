"""Which status of a service or a domain its reader is shown."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.words.statuses import STATUSES

CLOSED = "Closed"  # is never stored
_HIDDEN = (ServiceStatus.FRAUD, DomainStatus.FRAUD)


def shown_status(status: str, *, client: bool) -> str:
    """The status that this reader is shown, a key of `STATUSES`. Clients are not told that a
    provider suspects fraud."""
    return CLOSED if client and status in _HIDDEN else status


def status_text(status: str, *, client: bool) -> str:
    """The same in words."""
    return STATUSES[shown_status(status, client=client)]


def status_choices(statuses: Iterable[str], *, client: bool) -> dict[str, str]:
    """What this reader can filter by: what stands in the address, and what it is called."""
    shown = (shown_status(status, client=client) for status in statuses)
    return {status: STATUSES[status] for status in shown}


def stored_status(shown: str, statuses: Iterable[str]) -> str:
    """The one of these statuses that is meant by a key of `status_choices`."""
    return next((one for one in statuses if shown == shown_status(one, client=True)), shown)
