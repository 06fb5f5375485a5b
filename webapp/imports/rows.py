"""One row of an import: what it describes, or which of its cells are wrong and why."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Any

from webapp import probe
from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.imports.csv_reader import CellProblem, Row
from webapp.imports.staging import ROW_KINDS
from webapp.probe.address import literal
from webapp.words import hostnames
from webapp.words import imports as say

COLUMNS = (
    *("kind", "client", "client_name", "reference", "product", "domain"),
    *("status", "next_due", "registered", "expires", "server"),
)
REQUIRED = ("kind", "client")

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_DOTS = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})\Z")
_SERVICE_WORDS = {status.lower(): status for status in ServiceStatus}
_DOMAIN_WORDS = {status.lower(): status for status in DomainStatus}


def understand(
    row: Row, ports: Collection[int] = probe.DEFAULT_PORTS
) -> tuple[dict[str, Any], list[CellProblem]]:
    """What this row wants to be, for the staging, and what is wrong with it.

    `key` says which item it is, so that the same item is found again: a client and a service by
    their reference, a domain by its client and its host name, in whichever of its spellings.
    """
    cells = _Cells(row, ports)
    wanted: dict[str, Any] = {
        "line": row.line,
        "kind": cells.word("kind", ROW_KINDS),
        "client": cells.reference("client"),
    }
    wanted |= dict.fromkeys(
        ("key", "name", "domain", "host", "status", "next_due", "registered", "expires", "server")
    )
    if wanted["kind"] == "client":
        wanted |= {"key": wanted["client"], "name": cells.text("client_name", 200, needed=True)}
    elif wanted["kind"] == "service":
        wanted |= {
            "key": cells.reference("reference"),
            "name": cells.text("product", 200, needed=True),
            **cells.host("domain", needed=False),
            "status": cells.status(_SERVICE_WORDS),
            "next_due": cells.day("next_due"),
            "server": cells.address("server"),
        }
    elif wanted["kind"] == "domain":
        named = cells.host("domain", needed=True)
        wanted |= {
            "key": f"{wanted['client']}\n{named['host'] or named['domain']}",
            **named,
            "status": cells.status(_DOMAIN_WORDS),
            "registered": cells.day("registered"),
            "expires": cells.day("expires"),
        }
    return wanted, cells.problems


class _Cells:
    """The cells of one row, each read as what it has to be; what it is not is gathered in
    `problems`."""

    def __init__(self, row: Row, ports: Collection[int]) -> None:
        self._row = row
        self._ports = ports
        self.problems: list[CellProblem] = []

    def text(self, column: str, most: int, *, needed: bool) -> str:
        text = self._row.cells.get(column, "")
        if needed and not text:
            self._wrong(column, say.empty())
        if len(text) > most:
            self._wrong(column, say.too_long(len(text), most))
        return text

    def reference(self, column: str) -> str:
        text = self.text(column, 64, needed=True)
        if not text.isprintable():
            self._wrong(column, say.invisible())
        return text

    def word(self, column: str, words: tuple[str, ...]) -> str:
        text = self._row.cells.get(column, "")
        if text.lower() not in words:
            self._wrong(column, say.none_of(_quoted(text), words))
        return text.lower()

    def status(self, words: dict[str, Any]) -> StrEnum | None:
        text = " ".join(self._row.cells.get("status", "").split())
        if text.lower() not in words:
            self._wrong("status", say.none_of(_quoted(text), list(words.values())))
        return words.get(text.lower())

    def day(self, column: str) -> str | None:
        """The day as ISO writes it. WHMCS writes zeros where there is none."""
        text = self._row.cells.get(column, "")
        if text in ("", "0000-00-00", "00.00.0000"):
            return None
        try:
            if iso := _ISO.match(text):
                return date(*map(int, iso.groups())).isoformat()
            if dots := _DOTS.match(text):
                return date(*map(int, reversed(dots.groups()))).isoformat()
        except ValueError:
            self._wrong(column, say.no_such_day(_quoted(text)))
            return None
        self._wrong(column, say.no_date(_quoted(text)))
        return None

    def address(self, column: str) -> str | None:
        """The IP address as everybody writes it."""
        text = self._row.cells.get(column, "")
        try:
            return literal(text) if text else None
        except ValueError:
            self._wrong(column, say.no_address(_quoted(text)))
            return None

    def host(self, column: str, *, needed: bool) -> dict[str, str | None]:
        """The text as it stands, and the host name in it, with its port (see `probe.authority`).

        What is none is imported all the same: it is not checked. Nor is one at a port that is not
        allowed.
        """
        text = self.text(column, 255, needed=needed)
        try:
            understood = probe.understand(text, self._ports)
        except probe.NotCheckable as error:
            if text:
                refused = hostnames.refusal_text(error.refusal, error.allowed, admin=True)
                words = say.not_checkable(_quoted(text), refused)
                self.problems.append(CellProblem(self._row.line, column, words, serious=False))
            return {
                "domain": text,
                "host": error.understood.authority if error.understood else None,
            }
        if left_out := hostnames.left_out_texts(text):
            words = f"{_quoted(text)}: {' '.join(left_out)}"
            self.problems.append(CellProblem(self._row.line, column, words, serious=False))
        return {"domain": text, "host": understood.authority}

    def _wrong(self, column: str, text: str) -> None:
        self.problems.append(CellProblem(self._row.line, column, text))


def _quoted(text: str) -> str:
    return f"“{probe.clean(text, 60)}”"
