"""What the panels have in common: how a source is asked, page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from webapp.imports.staging import ROW_KINDS
from webapp.sources.fault import Fault
from webapp.sources.rows import Row, records

if TYPE_CHECKING:
    from webapp.sources.http import Http

ALL_COLUMNS = frozenset(
    ("product", "domain", "status", "next_due", "registered", "expires", "server", "contact_email")
)
MOST_PAGES = 20_000  # of one list
MOST_OLD_PAGES = 3  # in a row with nothing new: a panel that sends the same one for ever


@dataclass(frozen=True, slots=True)
class Access:
    """Where a source is, how it is asked, and what an administrator has set."""

    url: str  # without a slash at its end
    credentials: Mapping[str, str]
    watch_other: bool = False
    property_key: str = ""


class Panel(ABC):
    """A billing system with an API, in one run."""

    columns: frozenset[str]  # of the import, which it says something about

    def __init__(self, access: Access, http: Http) -> None:
        self.access = access
        self.http = http

    @abstractmethod
    def pages(self, kind: str) -> Iterator[list[Row]]:
        """All clients, services or domains, a page at a time; some may be there twice. Raises
        `Fault`."""

    def test(self) -> None:
        """Asks for the first page of each list. Raises `Fault`."""
        for kind in ROW_KINDS:
            next(self.pages(kind), None)


def listed(found: Any, call: str) -> list[Any]:
    """The records of a list that was asked for, see `rows.records`. Raises `Fault` where something
    else is in its place."""
    if found and not isinstance(found, list | Mapping):
        raise Fault("no list", call=call)
    return records(found)


class Progressing:
    """Sees that a list comes to an end: its pages go on bringing something new."""

    def __init__(self, call: str) -> None:
        self._call = call
        self._pages = 0
        self._old = 0
        self._last: set[Any] = set()

    def page(self, ids: set[Any]) -> None:
        """One page more, with these ids. Raises `Fault`."""
        self._pages += 1
        self._old = self._old + 1 if ids == self._last else 0
        self._last = ids
        if self._old >= MOST_OLD_PAGES or self._pages > MOST_PAGES:
            raise Fault("no end", call=self._call)
