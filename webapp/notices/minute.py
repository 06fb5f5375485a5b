"""Each minute the site evaluates what has happened since the last one, and adds its messages.

What is remembered and the messages are stored in one transaction: a process that dies before its
end has told nothing, and the next one begins where the last transaction ended. Writers take turns,
so two processes that evaluate at once do it one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Flask, current_app

from webapp import mail
from webapp.alerts.evaluation import Evaluation
from webapp.alerts.facts import Activity, Monitor
from webapp.alerts.memory import Memory
from webapp.alerts.messages import Message, without_flood
from webapp.alerts.rules import RuleBook
from webapp.alerts.watched import confirm
from webapp.extensions import writing
from webapp.monitor.health import collect
from webapp.monitor.health.rules import is_blind
from webapp.monitor.refresh import scheduler
from webapp.notices import (
    acts,
    channels,
    checks,
    deliveries,
    expiring,
    health,
    letters,
    mail_templates,
    mails,
    refused_addresses,
    rules,
)
from webapp.notices.acts import WaitingAct
from webapp.notices.checks import TargetCheck
from webapp.notices.models import Act
from webapp.notices.store import Store
from webapp.site import site_of

MOST_CHECKS = 500  # in one transaction: others who write wait for its end
MOST_SECONDS = 20.0  # of a minute; the next one goes on from there
# A result may be stored later than that of a check which ended after it
STORED_WITHIN = timedelta(minutes=10)
# Without an evaluation: then what fell due meanwhile is told in one message, as after an outage
GAP = timedelta(hours=1)
# What was checked before that is not evaluated until it is checked again
KNOWN_FOR = timedelta(hours=25)


def register(app: Flask) -> None:
    """Has alerts evaluated in each tick of the scheduler, and their messages sent."""
    scheduler.at_each_tick(app, evaluate)
    site_of(app).health_flags += [health.flags, mail_templates.flags]
    mails.register(app)
    expiring.register(app)
    deliveries.register(app)
    letters.register(app)
    refused_addresses.register(app)


def evaluate(now: datetime) -> None:
    """Evaluates everything up to `now`: where no mail or channel can tell of it, pages do."""
    if not current_app.config["PADLOCK_ALERTS"]:
        return
    ill = is_blind(collect.blinding(now))
    until = time.monotonic() + MOST_SECONDS
    while _evaluate_some(now, ill=ill) and time.monotonic() < until:
        pass
    if mail.ready(current_app):
        mails.release(now)


def _evaluate_some(now: datetime, *, ill: bool) -> bool:
    """Whether there may be more. `ill`: the monitor is, see `_take_monitor`."""
    with writing():
        book = rules.book()
        store = Store(book, now)
        memory = store.memory
        found = checks.not_evaluated(_since(store.scanned_to, now), now, MOST_CHECKS)
        more = len(found) == MOST_CHECKS
        scanned_to = found[-1].fact.at if more else now
        until = max(scanned_to, memory.now)
        gap = store.scanned_to is None or now - memory.now > GAP
        waiting = acts.waiting([check.target_id for check in found])
        store.load(check.fact.name for check in found)
        store.load(act.name for act in waiting)
        store.load_due(now if gap else until)
        unused = store.load_unused(None if more else now.minute)
        evaluation = Evaluation(book, memory)
        told = _gap(evaluation, memory.now, now) if gap else []
        _take_monitor(evaluation, memory, ill=ill)
        for name in unused:
            evaluation.take(Activity(memory.now, name, active=False))
            store.forget(name)
        acts.take_again(unused, now)
        taken = [act for act in waiting if act.name not in unused]
        for act in taken:
            _confirm_acknowledged(act, memory, book)
            evaluation.take(act.fact(memory.now))
        acts.note_taken(taken)
        for check in found:
            told += _take_check(evaluation, store, check)
        told += evaluation.advance(max(until, memory.now), through=True)
        told = without_flood([*told, *evaluation.finish()])
        by_mail = mail.ready(current_app)
        if by_mail:
            mails.add(told, store, now)
        deliveries.add(told, store, now)
        store.save(scanned_to, told=by_mail or bool(channels.active()))
    return more


def _since(scanned_to: datetime | None, now: datetime) -> datetime:
    """Where to look for checks from."""
    earliest = now - KNOWN_FOR
    return earliest if scanned_to is None else max(scanned_to - STORED_WITHIN, earliest)


def _gap(evaluation: Evaluation, last: datetime, now: datetime) -> list[Message]:
    """The site was not evaluated for long, or never: that is an outage of the monitor, which is
    over now."""
    evaluation.take(Monitor(last, online=False))
    told = list(evaluation.advance(now))
    evaluation.take(Monitor(now, online=True))
    return told


def _take_monitor(evaluation: Evaluation, memory: Memory, *, ill: bool) -> None:
    """Takes up whether the monitor is so ill that nothing it sees is reported, as System health
    judges."""
    if ill != memory.outage.lasts:
        evaluation.take(Monitor(memory.now, online=not ill))


def _confirm_acknowledged(act: WaitingAct, memory: Memory, book: RuleBook) -> None:
    """A name that a person acknowledges as invalid needs no second check to be so."""
    name = memory.names[act.name]
    if act.act is Act.ACKNOWLEDGE and name.red is not None:
        confirm(name, name.red, book)


def _take_check(evaluation: Evaluation, store: Store, check: TargetCheck) -> Iterator[Message]:
    fact = check.fact
    at = max(fact.at, store.memory.now)  # what was stored late is taken up now
    yield from evaluation.advance(at)
    evaluation.take(fact._replace(at=at))
    store.note_check(fact.name, check.target_id, fact.at)
