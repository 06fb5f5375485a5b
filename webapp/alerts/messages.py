"""Events and the messages that tell of them, as values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from webapp.alerts.rules import Clients

STAFF = "staff"
MOST_AT_ONCE = 10  # messages to one reader; more would be a flood


class Kind(StrEnum):
    """What can be told of a name."""

    EXPIRING = "expiring"
    URGENT = "urgent"
    EXPIRED = "expired"
    LATE = "late"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    RECOVERED = "recovered"
    CHANGED = "changed"


URGENT_KINDS = frozenset({Kind.URGENT, Kind.EXPIRED})


class Event(NamedTuple):
    """What has happened to one name. `reason` is that of the check, where the event has one."""

    kind: Kind
    name: str
    client: str | None
    reason: str | None = None


class Message(NamedTuple):
    """What one reader is told at one moment."""

    at: datetime
    to: str  # STAFF, or see `client_reader`
    events: tuple[Event, ...]
    incident: int | None = None
    reminder: bool = False

    @property
    def urgent(self) -> bool:
        return any(event.kind in URGENT_KINDS for event in self.events)


def readers(event: Event, clients: Clients) -> tuple[str, ...]:
    """Who is told of an event: staff, and its client where the rule says so."""
    wanted = clients is Clients.ALL or (clients is Clients.URGENT and event.kind in URGENT_KINDS)
    return (STAFF, f"client:{event.client}") if event.client and wanted else (STAFF,)


class Told(NamedTuple):
    """One event for one reader, on its way into a message."""

    to: str
    event: Event
    incident: int | None = None
    reminder: bool = False


def messages(at: datetime, told: Iterable[Told]) -> list[Message]:
    """One message for each reader, incident and kind of message, of all that is told at once."""
    letters: dict[tuple[str, int | None, bool], dict[Event, None]] = {}
    for each in told:
        letters.setdefault((each.to, each.incident, each.reminder), {})[each.event] = None
    return [
        Message(at, to, tuple(events), incident, reminder)
        for (to, incident, reminder), events in letters.items()
    ]


def one_message_each(at: datetime, told: Iterable[Told]) -> list[Message]:
    """One message for each reader, of all that is told. It belongs to an incident where all of it
    does."""
    letters: dict[str, dict[Event, int | None]] = {}
    for each in told:
        letters.setdefault(each.to, {})[each.event] = each.incident
    return [
        Message(at, to, tuple(events), only(set(events.values()))) for to, events in letters.items()
    ]


def only(incidents: set[int | None]) -> int | None:
    """The one incident of a message; None where there are several."""
    first, *others = incidents
    return None if others else first


def without_flood(told: Iterable[Message]) -> list[Message]:
    """These messages. Where a reader would get more than `MOST_AT_ONCE` of them, all of them are
    one, which belongs to no incident; reminders are one of their own."""
    by_reader: dict[tuple[str, bool], list[Message]] = {}
    for message in told:
        by_reader.setdefault((message.to, message.reminder), []).append(message)
    found = []
    for (to, reminder), some in by_reader.items():
        if len(some) > MOST_AT_ONCE:
            events = dict.fromkeys(event for message in some for event in message.events)
            found.append(Message(some[-1].at, to, tuple(events), None, reminder))
        else:
            found += some
    return found
