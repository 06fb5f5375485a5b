"""One row of a source, and what its values are made of: everything that a panel sends is the input
of a stranger."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp import probe
from webapp.probe.address import literal
from webapp.words import sources as say

MOST_DIGITS = 18  # of an id
_UNPAIRED = re.compile("[\ud800-\udfff]")
_NUMBERED = re.compile(r"([a-z]+)((?:\[\w+\])+)\Z")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a value. Where it is not `serious`, the row is imported all the same."""

    column: str
    words: str
    serious: bool = True


@dataclass(slots=True)
class Row:
    """A client, service or domain, by its id at the source: `key`, empty where it has none, and
    `client`, that of its client. `cells` go by the columns of an import."""

    kind: str
    key: str = ""
    client: str = ""
    cells: dict[str, str] = field(default_factory=dict)
    watched: bool = True
    problems: list[RowProblem] = field(default_factory=list)

    def wrong(self, column: str, words: str) -> None:
        self.problems.append(RowProblem(column, words))

    def note(self, column: str, words: str) -> None:
        self.problems.append(RowProblem(column, words, serious=False))


class Record:
    """One record as a panel sends it, and the row that is made of it. What is wrong with a value is
    told there, and the value is empty."""

    def __init__(self, kind: str, sent: Any) -> None:
        self.row = Row(kind)
        self._sent: Mapping[str, Any] = sent if isinstance(sent, Mapping) else {}
        if not isinstance(sent, Mapping):
            self.row.wrong("", say.no_record())

    def get(self, name: str) -> Any:
        return self._sent.get(name)

    def part(self, name: str) -> Record:
        """A record inside of this one, empty where there is none; its problems are the row's."""
        inner = Record(self.row.kind, {})
        inner.row = self.row
        sent = self._sent.get(name)
        inner._sent = sent if isinstance(sent, Mapping) else {}
        return inner

    def text(self, name: str, column: str, *, decode: bool = False) -> str:
        """A text, on one line; with its HTML entities decoded, once, where they are to be."""
        value = self._sent.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.row.wrong(column, say.no_text())
            return ""
        text = str(value)
        text = html.unescape(text) if decode else text
        if "\0" in text or _UNPAIRED.search(text):
            self.row.wrong(column, say.not_text())
            return ""
        return " ".join(text.split())

    def id(self, name: str, column: str = "") -> str:
        """A whole number above 0, as text; empty where there is none, which is told."""
        found = id_of(self._sent.get(name))
        if not found:
            self.row.wrong(column or "id", say.no_client() if column else say.no_id())
        return found

    def day(self, name: str, column: str) -> str:
        """A date, or a date with a time; empty where it stands for none."""
        text = self.text(name, column)
        return "" if text.startswith("0000-00-00") else text

    def address(self, name: str) -> str:
        """An IP address; a note tells of a text that is none."""
        text = self.text(name, "server")
        if not text:
            return ""
        try:
            return literal(text)
        except ValueError:
            self.row.note("server", say.no_address(probe.clean(text, 60)))
            return ""

    def status(self, name: str, known: Mapping[str, str]) -> str:
        """The status here for that of the panel, which is a key of `known` in lower case."""
        text = self.text(name, "status")
        word = known.get(text.lower(), "")
        if not word:
            self.row.wrong("status", say.no_status(probe.clean(text, 60)))
        return word

    def name(self, company: str, first: str, last: str, *, decode: bool = False) -> str:
        """The name of a client: the company, else the person, else the e-mail address, else the
        id."""
        names = (company, first, last, "email")
        parts = [self.text(name, "client_name", decode=decode) for name in names]
        person = " ".join(filter(None, parts[1:3]))
        return parts[0] or person or parts[3] or f"#{self.row.key}"


def id_of(value: Any) -> str:
    """The id in a value of a panel, which is a number or a text; empty where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        return ""
    number = int(text)
    return str(number) if number else ""


def records(found: Any) -> list[Any]:
    """The records of a list as PHP writes it: a list, an object by numbers, one record by itself,
    or anything that is empty."""
    if isinstance(found, list):
        return found
    if isinstance(found, Mapping) and found:
        if all(str(key).isdigit() for key in found):
            return list(found.values())
        return [found]
    return []


def nested(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with what its keys spell out: "domains[domain][0][id]" is an object in objects."""
    found: dict[str, Any] = {}
    for key, value in answer.items():
        spelled = _NUMBERED.match(key)
        if not spelled:
            found.setdefault(key, value)
            continue
        *steps, last = [spelled[1], *re.findall(r"\[(\w+)\]", spelled[2])]
        inner = found
        for step in steps:
            below = inner.get(step)
            if not isinstance(below, dict):
                below = inner[step] = {}
            inner = below
        inner[last] = value
    return found
