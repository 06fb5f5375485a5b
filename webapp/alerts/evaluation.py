"""From facts, in the order in which they happen, to messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from datetime import datetime, timedelta

from webapp.alerts.events import (
    Decision,
    DeliveryMode,
    acknowledge,
    decide,
    forget_troubles,
    is_muted,
    next_moment,
    was_seen_since,
)
from webapp.alerts.facts import Acknowledge, Activity, Check, Fact, Monitor, Mute
from webapp.alerts.incidents import Incident, causes
from webapp.alerts.memory import Key, Memory
from webapp.alerts.messages import Kind, Message, Told, messages, one_message_each, readers
from webapp.alerts.rules import RuleBook
from webapp.alerts.watched import Trouble, Watched, see
from webapp.probe.finding import State

_AT_ONCE = timedelta()


class Evaluation:
    """The state of all watched names, up to the moment that was evaluated last.

    `advance` to the moment of a fact, then `take` it.
    """

    def __init__(self, book: RuleBook, memory: Memory | None = None) -> None:
        self._book = book
        self._memory = memory = memory or Memory()
        self._names = memory.names
        self._incidents = memory.incidents
        self._outage = memory.outage
        self._agenda = memory.agenda
        self._told: list[Told] = []  # at this moment
        self._after_outage: list[Message] = []

    def advance(self, at: datetime, *, through: bool = False) -> Iterator[Message]:
        """Everything that falls due before this moment, and at it with `through`."""
        while (moment := self._agenda.first()) is not None:
            if moment > at or (moment == at and not through):
                break
            yield from self._move_to(moment)
            self._wake(self._agenda.pop(), moment)
        yield from self._move_to(at)

    def finish(self) -> Iterator[Message]:
        """What was told at the last moment."""
        yield from messages(self._memory.now, self._told)
        yield from self._after_outage
        self._told = []
        self._after_outage = []

    def take(self, fact: Fact) -> None:
        """Takes up a fact of the moment to which this has advanced."""
        if isinstance(fact, Check):
            self._check(fact)
        elif isinstance(fact, Monitor):
            self._monitor(fact)
        elif isinstance(fact, Mute):
            self._mute(fact)
        elif isinstance(fact, Acknowledge):
            self._acknowledge(fact)
        else:
            self._activity(fact)

    def _move_to(self, moment: datetime) -> Iterator[Message]:
        if moment != self._memory.now:
            yield from self.finish()
            self._memory.now = moment

    def _wake(self, key: Key, now: datetime) -> None:
        if isinstance(key, str):
            self._judge(self._names[key], now)
        elif isinstance(key, int):
            self._tell_incident(self._incidents[key], now)
        elif self._outage.is_told(now):
            self._tell_outage(now)
        else:
            self._agenda.set(None, self._outage.next_moment(now))

    # --- facts ---

    def _name(self, name: str) -> Watched:
        if name not in self._names:
            self._names[name] = Watched(name, self._book.rule_for(name, None, None, ""))
        return self._names[name]

    def _check(self, check: Check) -> None:
        name = self._name(check.name)
        outage = self._outage
        if check == name.last_check:
            return
        was_inactive = name.last_check is not None and name.last_check.state is State.INACTIVE
        if check.state is State.INACTIVE:
            self._deactivate(name)
            name.last_check = check
        elif not name.active and was_inactive:
            self._activate(name, check.at)
        if not name.active or (outage.lasts and check.state is not State.VALID):
            return
        if name.unknown is not None and outage.is_to_blame(name.unknown.since):
            name.unknown = None
        if outage.has_just_ended(check.at) and not was_seen_since(name, outage.online_at):
            outage.waiting.add(name.name)
        see(name, check, self._book)
        self._judge(name, check.at)

    def _monitor(self, fact: Monitor) -> None:
        outage = self._outage
        if not fact.online:
            outage.begin(fact.at)
        elif outage.lasts:
            outage.end(fact.at)
            for incident in self._incidents:
                outage.waiting |= incident.pending()
            for name in sorted(outage.waiting):
                self._judge(self._names[name], fact.at)
        self._agenda.set(None, outage.next_moment(fact.at))

    def _mute(self, fact: Mute) -> None:
        name = self._name(fact.name)
        name.muted_until = fact.until
        if name.incident is not None and fact.until > fact.at:
            name.trouble_told = self._incidents[name.incident].was_told(name.name)
            if not name.trouble_told:
                name.trouble = Trouble.NONE
            self._leave(name)
        self._judge(name, fact.at)

    def _acknowledge(self, fact: Acknowledge) -> None:
        """One incident has one acknowledgement."""
        name = self._name(fact.name)
        together = {name.name}
        if name.incident is not None:
            incident = self._incidents[name.incident]
            together |= incident.troubled
            incident.hush(together)
        for each in sorted(together):
            acknowledge(self._names[each], fact.at, self._outage.online_at)
            self._judge(self._names[each], fact.at)

    def _activity(self, fact: Activity) -> None:
        name = self._name(fact.name)
        if fact.active and not name.active:
            self._activate(name, fact.at)
        elif not fact.active:
            self._deactivate(name)

    def _activate(self, name: Watched, now: datetime) -> None:
        name.active = True
        name.fresh_from = now
        self._judge(name, now)

    def _deactivate(self, name: Watched) -> None:
        self._leave(name)
        forget_troubles(name)
        name.active = False
        self._outage.drop(name.name)
        self._agenda.set(name.name, None)

    # --- decisions ---

    def _judge(self, name: Watched, now: datetime) -> None:
        """Tells what is due for a name, now or with the rest of an outage."""
        if self._outage.lasts:
            self._outage.drop(name.name)
            if self._due_later(name, now):
                self._outage.waiting.add(name.name)
        elif not self._waits(name, now):
            for decision in decide(name, now, self._book, self._outage.online_at):
                self._tell(name, decision, now)
        self._agenda.set(name.name, next_moment(name, now, self._outage.online_at))

    def _due_later(self, name: Watched, now: datetime) -> bool:
        """Whether there is something to tell of a name in the message that follows an outage."""
        decisions = decide(copy(name), now, self._book, self._outage.online_at, digest=False)
        return any(decision.way is not DeliveryMode.REMINDER for decision in decisions)

    def _waits(self, name: Watched, now: datetime) -> bool:
        """Whether what is to be told of a name waits for the message that follows an outage."""
        outage = self._outage
        if not (name.name in outage.waiting or name.name in outage.gathered):
            return False
        due = self._due_later(name, now)
        seen = was_seen_since(name, outage.online_at)
        if due and (seen or name.unknown is not None):
            outage.gather(name.name, name.plan.may_wait_until(now) if name.plan else None)
        elif is_muted(name, now) or name.unknown is not None:
            outage.drop(name.name)  # who does not answer is not waited for
        elif not seen or (name.red and not name.red.confirmed):
            outage.waiting.add(name.name)
        else:
            outage.drop(name.name)
        self._agenda.set(None, now if outage.is_told(now) else outage.next_moment(now))
        return name.name in outage.waiting or name.name in outage.gathered

    def _tell(self, name: Watched, decision: Decision, now: datetime) -> None:
        event = decision.event
        if decision.way is DeliveryMode.INCIDENT:
            self._join(name, decision, now)
        elif decision.way is DeliveryMode.ENDED and name.incident is not None:
            incident = self._incidents[name.incident]
            self._add(self._wanted(incident.clear(name.name)))
            self._close_if_over(incident)
        elif decision.way is not DeliveryMode.ENDED or name.trouble_told:
            reminder = decision.way is DeliveryMode.REMINDER
            to = readers(event, name.rule.clients)
            self._add(Told(each, event, reminder=reminder) for each in to)
        if decision.way is DeliveryMode.ENDED:
            name.trouble_told = False

    def _add(self, told: Iterable[Told]) -> None:
        (self._memory.held if self._outage.lasts else self._told).extend(told)

    # --- incidents ---

    def _join(self, name: Watched, decision: Decision, now: datetime) -> None:
        event = decision.event
        if name.incident is not None:
            incident = self._incidents[name.incident]
            if incident.kind is event.kind and incident.resume(name.name):
                return
            self._leave(name)
        to = readers(event, name.rule.clients)
        known = decision.seen is None or event.kind is Kind.UNKNOWN  # since long before
        gather = _AT_ONCE if known else name.rule.gather
        common = causes(event, decision.seen, name.certificate)
        incident = self._incidents.find_or_open(event, common, to, now, gather)
        incident.join(event, to, now, gather)
        name.incident = incident.id
        name.trouble_told = False
        self._agenda.set(incident.id, incident.next_moment())

    def _leave(self, name: Watched) -> None:
        if name.incident is not None:
            incident = self._incidents[name.incident]
            name.incident = None
            self._add(self._wanted(incident.leave(name.name)))
            self._close_if_over(incident)

    def _wanted(self, ends: Iterable[Told]) -> list[Told]:
        """The ends without those for clients who only want to hear of what is urgent."""
        return [
            each
            for each in ends
            if each.to in readers(each.event, self._names[each.event.name].rule.clients)
        ]

    def _close_if_over(self, incident: Incident) -> None:
        over = self._incidents.close_if_over(incident)
        self._agenda.set(incident.id, None if over else incident.next_moment())
        for name in incident.names if over else ():
            self._names[name].incident = None

    def _tell_incident(self, incident: Incident, now: datetime) -> None:
        online_at = self._outage.online_at
        earlier = online_at is not None and incident.opened_at < online_at
        if self._outage.lasts or (self._outage.catching_up and earlier):
            self._memory.held_incidents.add(incident.id)
            return
        self._add(incident.due(now))
        self._agenda.set(incident.id, incident.next_moment())

    def _tell_outage(self, now: datetime) -> None:
        """One message a reader, with everything that fell due while the monitor was offline."""
        others = self._told
        self._told = self._memory.held
        for each in sorted(self._outage.finish()):
            name = self._names[each]
            decisions = decide(name, now, self._book, self._outage.online_at, digest=False)
            for decision in decisions:
                self._tell(name, decision, now)
                if decision.way is DeliveryMode.INCIDENT and name.incident is not None:
                    self._memory.held_incidents.add(name.incident)
            self._agenda.set(name.name, next_moment(name, now, self._outage.online_at))
        held = self._memory.held_incidents
        for incident in [each for each in self._incidents if each.id in held]:
            self._add(incident.due(now, at_once=True))
            self._agenda.set(incident.id, incident.next_moment())
        self._after_outage += one_message_each(now, self._told)
        self._told = others
        self._memory.held = []
        self._memory.held_incidents = set()
