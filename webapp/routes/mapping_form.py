"""The form that says how a file is read -> a `Mapping`. Values that cannot be are left out."""

from __future__ import annotations

from collections.abc import Mapping as Dict

from webapp.imports.csv_reader import MOST_COLUMNS
from webapp.imports.dates import ORDERS
from webapp.imports.encodings import CHOICES
from webapp.imports.headings import COLUMNS
from webapp.imports.mapping import OWN_LISTS, Mapping
from webapp.imports.staging import ROW_KINDS
from webapp.parsing import whole

# Whose rows are read in a way of their own
_SOURCES = ("fossbilling_orders", *OWN_LISTS)


def mapping_of(form: Dict[str, str]) -> Mapping:
    """How the file is to be read, as the form says."""
    numbers = {ours: _number(form.get(f"column-{ours}", "")) for ours in COLUMNS}
    parts = [_number(text) for text in form.get("name-parts", "").split(",")]
    columns = {ours: number for ours, number in numbers.items() if number is not None}
    return Mapping(
        columns=columns,
        name_parts=[
            number for number in parts if number is not None and "client_name" not in columns
        ],
        kind=_one_of(form.get("kind", ""), ROW_KINDS),
        client=form.get("client", "").strip()[:200],
        encoding=_one_of(form.get("encoding", ""), CHOICES),
        dates=_one_of(form.get("dates", ""), ORDERS),
        source=_one_of(form.get("source", ""), _SOURCES),
    )


def _number(text: str) -> int | None:
    number = whole(text)
    return number if number is not None and number <= MOST_COLUMNS else None


def _one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else ""
