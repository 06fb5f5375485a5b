"""The status of a service or a domain, as its reader is told it."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.words.translation import gettext


def status_text(status: str, *, client: bool) -> str:
    """A stored status in the words of this reader. Clients are not told that a provider suspects
    fraud."""
    return gettext("Closed") if client and status.lower() == "fraud" else status


def status_choices(statuses: Iterable[str], *, client: bool) -> dict[str, str]:
    """What this reader can filter by: what stands in the address, and what it is called."""
    texts = [status_text(status, client=client) for status in statuses]
    return dict(zip(texts, texts, strict=True))


def stored_status(text: str, statuses: Iterable[str]) -> str:
    """The one of these statuses that is meant by a text of `status_choices`."""
    return next((one for one in statuses if text == status_text(one, client=True)), text)
