"""How a file of someone else's is read: which of its columns is which of ours.

`Mapping.columns` names columns by their number from 0, as headings may be there twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field

from webapp import csv_writer
from webapp.imports.csv_reader import RawRow
from webapp.imports.headings import COLUMNS, PROBLEM, squashed
from webapp.imports.table_errors import NotATable
from webapp.words import imports as say

# The exports of our own lists, as a `Mapping.source`
OWN_LISTS = ("padlock_clients", "padlock_services", "padlock_domains")
_HOST_IN_TEXT = re.compile(r"[^\s,;()<>\"']+\.[^\s,;()<>\"']+")


@dataclass(frozen=True)
class Mapping:
    """How to read a file: our columns by theirs, and what holds for rows that do not say."""

    columns: dict[str, int] = field(default_factory=dict)
    # The columns of a name in parts: company, first name, last name, e-mail address
    name_parts: list[int] = field(default_factory=list)
    kind: str = ""
    client: str = ""  # what `clients.find_client` takes, or the name of a new client
    encoding: str = ""  # one of `encodings.CHOICES`; empty: as the bytes say
    dates: str = ""  # one of `dates.ORDERS`; empty: as the dates say
    source: str = ""  # the billing export that it was recognised as; a key of `say.SOURCES`
    names_only: bool = False  # pasted: what is no host name is not imported

    @property
    def by_name(self) -> bool:
        """Whether rows name their client, and have no number for it."""
        return "client" not in self.columns and ("client_name" in self.columns or self.named)

    @property
    def named(self) -> bool:
        """Whether the client's name stands in parts."""
        return bool(self.name_parts)

    @property
    def own(self) -> bool:
        """Whether the file is one of our own lists."""
        return self.source in OWN_LISTS

    @property
    def missing(self) -> list[str]:
        """Those of our columns without which no row can be read: kind, client, domain."""
        found = [] if self.kind or "kind" in self.columns else ["kind"]
        if not (self.client or self.by_name or "client" in self.columns):
            found.append("client")
        needed = {"domain": {"domain"}, "service": {"domain", "reference"}}.get(self.kind)
        if needed and not needed & self.columns.keys():
            found.append("domain")
        return found

    def cells(self, row: RawRow) -> dict[str, str]:
        """The cells of this row by the names of our columns."""
        cells = {
            ours: row.cells[number] if number < len(row.cells) else ""
            for ours, number in self.columns.items()
        }
        if self.kind and not cells.get("kind"):
            cells["kind"] = self.kind
        if self.named and not cells.get("client_name"):
            company, *person = (row.cells[n] if n < len(row.cells) else "" for n in self.name_parts)
            cells["client_name"] = company or " ".join(filter(None, person[:2])) or "".join(person)
        if self.source == "fossbilling_orders" and "domain" in cells:
            found = _HOST_IN_TEXT.search(cells["domain"])
            cells["domain"] = found[0] if found else ""
        if self.own:
            cells = {ours: csv_writer.as_written(cell) for ours, cell in cells.items()}
        return cells


def named_by_person(headings: Sequence[str], columns: Dict[str, str]) -> dict[str, int]:
    """Columns by number, of ours and their headings as a person wrote them.

    Raises `NotATable` for one that is not there.
    """
    keys = [squashed(heading) for heading in headings]
    for ours, heading in columns.items():
        if ours not in COLUMNS or squashed(heading) not in keys:
            raise NotATable(say.no_such_column(ours, heading, headings, COLUMNS))
    return {ours: keys.index(squashed(heading)) for ours, heading in columns.items()}


def unread(headings: Sequence[str], mapping: Mapping) -> list[str]:
    """The headings of those columns that are not read."""
    read = {*mapping.columns.values(), *mapping.name_parts}
    return [
        heading or say.no_heading()
        for number, heading in enumerate(headings)
        if number not in read and squashed(heading) != PROBLEM
    ]
