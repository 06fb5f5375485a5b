"""What an evaluation remembers from one moment to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from webapp.alerts.agenda import Agenda
from webapp.alerts.incidents import Incidents
from webapp.alerts.messages import Told
from webapp.alerts.outages import Outage
from webapp.alerts.watched import Watched

Key: TypeAlias = str | int | None  # a name, the number of an incident, the outage

BEGIN = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Memory:
    """A rehearsal begins with an empty one. The site stores it, and loads names as they are needed:
    its `names` may be a dictionary that knows how."""

    now: datetime = BEGIN  # the moment up to which all was evaluated
    names: dict[str, Watched] = field(default_factory=dict)
    incidents: Incidents = field(default_factory=Incidents)
    outage: Outage = field(default_factory=Outage)
    agenda: Agenda[Key] = field(default_factory=Agenda)
    held: list[Told] = field(default_factory=list)  # until the monitor is online again
    held_incidents: set[int] = field(default_factory=set)
