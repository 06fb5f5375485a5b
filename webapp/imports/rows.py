"""One row of an import: what it describes, or which of its cells are wrong and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from webapp import csv_writer, probe
from webapp.customers import tags
from webapp.customers.models import MOST_NOTE_CHARACTERS, DomainStatus, ServiceStatus
from webapp.customers.note_text import note_or_none
from webapp.imports import clients_meant, dates
from webapp.imports.csv_reader import CsvRow
from webapp.imports.headings import COLUMNS
from webapp.imports.staging import ROW_KINDS
from webapp.imports.table_errors import CellProblem
from webapp.probe.address import literal
from webapp.renewer import Renewer
from webapp.words import hostnames
from webapp.words import imports as say

__all__ = ["COLUMNS", "Reading", "understand"]

_SERVICE_WORDS = {status.lower(): status for status in ServiceStatus}
_DOMAIN_WORDS = {status.lower(): status for status in DomainStatus}
# What other systems call it
_SAME_STATUS = {
    **dict.fromkeys(("canceled", "closed", "deleted"), "cancelled"),
    **dict.fromkeys(("enabled", "ok", "on", "1", "failed renew", "in use"), "active"),
    **dict.fromkeys(("pending setup", "failed setup", "new"), "pending"),
    **dict.fromkeys(("disabled", "blocked", "inactive", "off", "0"), "suspended"),
    **dict.fromkeys(("grace", "grace period (expired)"), "grace period"),
    **dict.fromkeys(("redemption", "redemption period (expired)"), "redemption period"),
    "transferred": "transferred away",
}
# A domain has no such status: what keeps it from being asked is the nearest
_OF_A_DOMAIN = {"suspended": "cancelled"}
_KIND_WORDS = {
    **dict.fromkeys(("clients", "customer", "customers"), "client"),
    **dict.fromkeys(
        ("services", "hosting", "custom", "license", "licence", "downloadable", "membership"),
        "service",
    ),
    "domains": "domain",
}


@dataclass(frozen=True)
class Reading:
    """What holds for all rows of a file: the ports that may be asked, the order of its dates, and
    how its clients are named."""

    ports: Collection[int] = probe.DEFAULT_PORTS
    dates: str = ""  # one of `dates.ORDERS`
    by_name: bool = False  # clients are named, and have no number
    client: str = ""  # what says which client, where a row does not (see `clients_meant`)
    product: str = ""  # where no column says it
    without: Collection[str] = ()  # columns that the file does not have
    own: bool = False  # one of our own lists: what has no reference there is known by its name
    names_only: bool = False  # what is no host name is a problem
    unsure_of: str = ""  # the encoding, where it was guessed


def understand(
    row: CsvRow, ports: Collection[int] = probe.DEFAULT_PORTS, reading: Reading | None = None
) -> tuple[dict[str, Any], list[CellProblem]]:
    """What this row wants to be, for the staging, and what is wrong with it.

    `key` says which item it is, so that the same item is found again: a client by what says which
    (see `clients_meant`); a service by its reference; a domain, and a service without a reference,
    by the client and the host name, in whichever of its spellings. In our own lists a service
    without a reference goes by its product, too. `client` of a client there is its name: one that
    is given a reference is found by it.
    """
    reading = reading or Reading(ports)
    cells = _Cells(row, reading)
    wanted: dict[str, Any] = {
        "line": row.line,
        "kind": cells.kind(),
        "client": cells.client(),
        "tags": cells.tags("tags"),
    }
    wanted |= dict.fromkeys(
        ("key", "name", "domain", "host", "status", "next_due", "registered", "expires", "server")
    )
    wanted |= dict.fromkeys(("who_renews", "contact_email", "note", "watched"))
    if wanted["kind"] == "client":
        wanted |= {
            "key": wanted["client"],
            "name": cells.text("client_name", 200, needed=True),
            "contact_email": cells.email("contact_email"),
            "note": cells.note("note"),
        }
        if reading.own:
            wanted["client"] = clients_meant.by_name(wanted["name"])
    elif wanted["kind"] == "service":
        by_host = "reference" in reading.without or (reading.own and not row.cells["reference"])
        named = cells.host("domain", needed=by_host and not reading.own)
        product = reading.product or cells.text("product", 200, needed=True)
        key = _by_host(wanted["client"], named) if by_host else cells.reference("reference")
        wanted |= {
            "key": f"{key}\n{product}" if by_host and reading.own else key,
            "name": product,
            **named,
            "note": cells.note("note") or ("" if reading.own else None),
            "status": cells.status(_SERVICE_WORDS, ServiceStatus.ACTIVE),
            "next_due": cells.day("next_due"),
            "server": cells.address("server"),
            "who_renews": cells.renewer("who_renews"),
        }
    elif wanted["kind"] == "domain":
        named = cells.host("domain", needed=True)
        wanted |= {
            "key": _by_host(wanted["client"], named),
            **named,
            "note": cells.note("note") or ("" if reading.own else None),
            "status": cells.status(_DOMAIN_WORDS, DomainStatus.ACTIVE),
            "registered": cells.day("registered"),
            "expires": cells.day("expires"),
        }
    return wanted, cells.problems


def _by_host(client: str, named: dict[str, str | None]) -> str:
    return f"{client}\n{named['host'] or named['domain']}"


class _Cells:
    """The cells of one row, each read as what it has to be; what it is not is gathered in
    `problems`."""

    def __init__(self, row: CsvRow, reading: Reading) -> None:
        self._row = row
        self._reading = reading
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

    def kind(self) -> str:
        text = " ".join(self._row.cells.get("kind", "").lower().split())
        kind = _KIND_WORDS.get(text, text)
        if kind not in ROW_KINDS:
            self._wrong("kind", say.none_of(_quoted(self._row.cells.get("kind", "")), ROW_KINDS))
        return kind

    def client(self) -> str:
        """What says which client is meant, see `clients_meant`."""
        if self._reading.by_name:
            name = self._row.cells.get("client_name", "")
            if not name and self._reading.client:
                return self._reading.client
            return clients_meant.by_name(self.text("client_name", 200, needed=True))
        if not self._row.cells.get("client"):
            if self._reading.client:
                return self._reading.client
            if self._reading.own:
                return clients_meant.by_name(self.text("client_name", 200, needed=True))
        return self.reference("client")

    def email(self, column: str) -> str | None:
        from email_validator import EmailNotValidError, validate_email  # not at every start

        text = self.text(column, 254, needed=False)
        try:
            if text:
                validate_email(text, check_deliverability=False)
        except EmailNotValidError:
            self._wrong(column, say.no_email(_quoted(text)))
        return text or None

    def note(self, column: str) -> str | None:
        text = self._row.cells.get(column, "")
        note = note_or_none(text if self._reading.own else csv_writer.as_written(text))
        if note and len(note) > MOST_NOTE_CHARACTERS:
            self._wrong(column, say.too_long(len(note), MOST_NOTE_CHARACTERS))
        return note

    def status(self, words: dict[str, Any], usual: StrEnum) -> StrEnum | None:
        """The status; the usual one where the file has no column for it."""
        if "status" in self._reading.without:
            return usual
        text = " ".join(self._row.cells.get("status", "").replace("_", " ").split())
        word = _SAME_STATUS.get(text.lower(), text.lower())
        word = word if word in words else _OF_A_DOMAIN.get(word, word)
        if word not in words:
            self._wrong("status", say.none_of(_quoted(text), list(words.values())))
        return words.get(word)

    def renewer(self, column: str) -> Renewer | None:
        text = self._row.cells.get(column, "").strip().lower()
        if text and text not in set(Renewer):
            self._wrong(column, say.none_of(_quoted(text), list(Renewer)))
            return None
        return Renewer(text) if text else None

    def day(self, column: str) -> str | None:
        """The day as ISO writes it."""
        text = self._row.cells.get(column, "")
        try:
            day = dates.read_day(text, self._reading.dates)
            return day.isoformat() if day else None
        except dates.NoSuchDay:
            self._wrong(column, say.no_such_day(_quoted(text)))
        except dates.TwoDays:
            self._wrong(column, say.two_days(_quoted(text)))
        except dates.NoDate:
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

    def tags(self, column: str) -> str:
        """The tags, each once, in the order that they are stored in."""
        try:
            return ", ".join(tags.read(self._row.cells.get(column, "")))
        except tags.BadTags as error:
            self._wrong(column, str(error))
            return ""

    def host(self, column: str, *, needed: bool) -> dict[str, str | None]:
        """The text as it stands, and the host name in it, with its port (see `probe.authority`).

        What is none is imported all the same: it is not checked. Nor is one at a port that is not
        allowed.
        """
        text = self.text(column, 255, needed=needed)
        if self._reading.unsure_of and not text.isascii():
            self._wrong(column, say.unsure_of_name(_quoted(text), self._reading.unsure_of))
        try:
            understood = probe.understand(text, self._reading.ports)
        except probe.NotCheckable as error:
            if text:
                refused = hostnames.refusal_text(error.refusal, error.allowed, admin=True)
                if self._reading.names_only and not error.understood:
                    self._wrong(column, say.no_host_name(_quoted(text), refused))
                else:
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
