"""The status of a service or a domain, as its reader is told it."""

from __future__ import annotations

from collections.abc import Iterable

# What a provider notes about a client is not said to them
_FRAUD, _CLOSED = "Fraud", "Closed"


def status_text(status: str, *, client: bool) -> str:
    """A stored status in the words of this reader."""
    return _CLOSED if client and status == _FRAUD else status


def status_choices(statuses: Iterable[str], *, client: bool) -> dict[str, str]:
    """What this reader can filter by: what stands in the address, and what it is called."""
    texts = [status_text(status, client=client) for status in statuses]
    return dict(zip(texts, texts, strict=True))


def stored_status(text: str) -> str:
    """The status that is meant by a text of `status_choices`."""
    return _FRAUD if text == _CLOSED else text
