"""Names that are in trouble for one cause are told of together.

An incident is open for names with the same reason on the same address, under the same certificate
or under the same issuing certificate. Each reader gets one message when it has gathered, at most
one more when it has grown, and one when the last of the reader's names is valid again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from webapp.alerts.facts import Certificate
from webapp.alerts.messages import Event, Kind, Told
from webapp.alerts.watched import Red
from webapp.probe.finding import Reason

# Names are checked daily at least: those of one cause have all been seen after that
OPEN_FOR = timedelta(hours=25)
# It has grown when no name has joined for many times the usual gap, within these limits
GAPS = 15
SHORTEST_QUIET = timedelta(minutes=30)
LONGEST_QUIET = timedelta(hours=2)
# Reasons that an issuing certificate can be the cause of; others come from the server
OF_ISSUER = frozenset(
    {Reason.CHAIN_EXPIRED, Reason.CHAIN_INVALID, Reason.UNTRUSTED_ISSUER, Reason.REVOKED}
)


class Cause(NamedTuple):
    """What names of one incident have in common."""

    kind: Kind
    reason: str | None
    part: str  # "address", "certificate", "issuer"
    value: str


@dataclass(slots=True)
class Reader:
    """What one reader knows of an incident."""

    pending: dict[str, Event] = field(default_factory=dict)  # by name
    told: dict[str, Event] = field(default_factory=dict)
    due_at: datetime | None = None  # the first message
    ended: bool = False


@dataclass(slots=True)
class Incident:
    """Names in trouble for one cause."""

    id: int
    kind: Kind
    opened_at: datetime
    grown_at: datetime  # when the last name joined
    causes: tuple[Cause, ...]
    readers: dict[str, Reader] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)  # all that joined, valid again or not
    troubled: set[str] = field(default_factory=set)  # those that are not
    told_twice: bool = False

    def takes(self, cause: Cause, to: Iterable[str], now: datetime, gather: timedelta) -> bool:
        """Whether a name in trouble for this cause may join, which these readers are to hear of."""
        of_issuer = cause.part != "issuer" or cause.reason in OF_ISSUER
        ended = any(self.readers[each].ended for each in to if each in self.readers)
        open_until = self.opened_at + (OPEN_FOR if of_issuer else gather)
        return not (self.told_twice or ended) and now <= open_until

    def join(self, event: Event, to: Iterable[str], now: datetime, gather: timedelta) -> None:
        """Has these readers told of a name when enough have been gathered."""
        self.names.add(event.name)
        self.troubled.add(event.name)
        self.grown_at = now
        for each in to:
            reader = self.readers.setdefault(each, Reader(due_at=now + gather))
            reader.pending[event.name] = event

    def resume(self, name: str) -> bool:
        """Takes a name in trouble back, unless a reader has heard that it was valid again."""
        aware = [reader for reader in self.readers.values() if name in reader.told]
        if not aware or any(reader.ended for reader in aware):
            return False
        self.troubled.add(name)
        return True

    def clear(self, name: str) -> list[Told]:
        """The name is valid again: what is to be told of that."""
        self.troubled.discard(name)
        for reader in self.readers.values():
            reader.pending.pop(name, None)
        return self._ends()

    def leave(self, name: str) -> list[Told]:
        """The name is no longer watched, or for another reason: what is to be told of the
        others."""
        self.names.discard(name)
        self.troubled.discard(name)
        for reader in self.readers.values():
            reader.pending.pop(name, None)
            reader.told.pop(name, None)
        return self._ends()

    def hush(self, names: Iterable[str]) -> None:
        """These names were acknowledged before they were told of."""
        for reader in self.readers.values():
            for name in names:
                reader.pending.pop(name, None)

    def pending(self) -> set[str]:
        """The names that a reader is still to be told of."""
        return {name for reader in self.readers.values() for name in reader.pending}

    def was_told(self, name: str) -> bool:
        return any(name in reader.told for reader in self.readers.values())

    def due(self, now: datetime, *, at_once: bool = False) -> list[Told]:
        """What readers are to be told now, which is remembered as told; `at_once`: all there is."""
        told = []
        for to, reader in self.readers.items():
            due_at = self._due_at(reader)
            if due_at is None or (now < due_at and not at_once):
                continue
            told += [Told(to, event, self.id) for event in reader.pending.values()]
            self.told_twice = self.told_twice or bool(reader.told)
            reader.told |= reader.pending
            reader.pending = {}
            reader.due_at = None
        return told

    def next_moment(self) -> datetime | None:
        """When something is to be told, as far as is known now; None: nothing is."""
        moments = (self._due_at(reader) for reader in self.readers.values())
        return min((moment for moment in moments if moment is not None), default=None)

    def _due_at(self, reader: Reader) -> datetime | None:
        if not reader.pending:
            return None
        if reader.due_at is not None:
            return reader.due_at
        gap = (self.grown_at - self.opened_at) / len(self.names)
        quiet = min(max(GAPS * gap, SHORTEST_QUIET), LONGEST_QUIET)
        return min(self.grown_at + quiet, self.opened_at + OPEN_FOR)

    def _ends(self) -> list[Told]:
        told = []
        for to, reader in self.readers.items():
            if reader.ended or reader.pending or not reader.told:
                continue
            if self.troubled.isdisjoint(reader.told):
                reader.ended = True
                told += [
                    Told(to, event._replace(kind=Kind.RECOVERED, reason=None), self.id)
                    for event in reader.told.values()
                ]
        return told


class Incidents:
    """The incidents that are not over, by their number; `last_id` is the highest that was given."""

    def __init__(self, known: Iterable[Incident] = (), last_id: int = 0) -> None:
        self._by_id: dict[int, Incident] = {}
        self._by_cause: dict[Cause, Incident] = {}
        self.last_id = last_id
        for incident in known:
            self._add(incident)

    def __getitem__(self, number: int) -> Incident:
        return self._by_id[number]

    def __iter__(self) -> Iterator[Incident]:
        return iter(self._by_id.values())

    def find_or_open(
        self,
        event: Event,
        causes: tuple[Cause, ...],
        to: tuple[str, ...],
        now: datetime,
        gather: timedelta,
    ) -> Incident:
        """The incident that a name in trouble for these causes belongs to."""
        for cause in causes:
            found = self._by_cause.get(cause)
            if found is not None and found.takes(cause, to, now, gather):
                return found
        self.last_id += 1
        incident = Incident(self.last_id, event.kind, now, now, causes)
        self._add(incident)
        return incident

    def _add(self, incident: Incident) -> None:
        self._by_id[incident.id] = incident
        self._by_cause |= dict.fromkeys(incident.causes, incident)

    def close_if_over(self, incident: Incident) -> bool:
        """Forgets an incident without a name in trouble. Whether it is over."""
        if incident.troubled:
            return False
        self._by_id.pop(incident.id, None)
        for cause in incident.causes:
            if self._by_cause.get(cause) is incident:
                del self._by_cause[cause]
        return True


def causes(event: Event, seen: Red | None, known: Certificate | None) -> tuple[Cause, ...]:
    """What a name in trouble may have in common with others: as the check saw it, or, where its
    certificate has expired as was known (`seen` is None), that certificate."""
    if seen is None:
        parts = {"certificate": known.fingerprint if known is not None else ""}
    else:
        shown = seen.check.certificate
        parts = {
            "address": seen.check.address,
            "certificate": shown.fingerprint if shown is not None else "",
            "issuer": shown.issuer if shown is not None else "",
        }
    return tuple(Cause(event.kind, event.reason, *part) for part in parts.items() if part[1])
