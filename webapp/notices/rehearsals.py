"""What staff would have been told of the site's own history, under the rules that are stored and
under changed ones. The same code as `flask alerts rehearse`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from webapp.alerts.facts import Certificate, Check
from webapp.alerts.messages import STAFF, Message
from webapp.alerts.rehearsal import told_of
from webapp.alerts.rules import RuleBook
from webapp.customers.catalog import CHUNK_IDS
from webapp.customers.monitored_names import in_use
from webapp.extensions import db
from webapp.monitor.models import Change, Target
from webapp.notices import checks, rules
from webapp.notices.rules import Rules, Subject
from webapp.notices.subjects import targets_of
from webapp.probe import State, authority

PAST = timedelta(days=90)
MOST_NAMES = 1000  # a page waits for it
CONFIRMED_AFTER = timedelta(minutes=5)
# Renewals that were seen before, for names to have a rhythm
RENEWALS = 2

_DAY = timedelta(days=1)
_TARGET = (
    *(Target.id, Target.hostname, Target.port, Target.address, Target.fingerprint),
    *(Target.not_before, Target.not_after),
)
_CHANGE = (
    *(Change.target_id, Change.at, Change.new_state, Change.new_reason, Change.new_issuer),
    *(Change.new_fingerprint, Change.new_not_before, Change.new_not_after),
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The messages to staff in the last days, before a change of the rules and after it. `names`:
    those that were looked at, of `all_names` that the change is about; `begins_at`: the oldest that
    is known of them, where that lies within these days."""

    names: int
    all_names: int
    begins_at: datetime | None
    before: tuple[Message, ...]
    after: tuple[Message, ...]


def rehearse(subject: Subject, rule: Rules, now: datetime) -> Rehearsal:
    """What a rule changes. Raises `BadRule`."""
    old = rules.stored()
    new_book = rules.book(rules.with_rule(old, subject, rule))
    about = (targets_of(subject), in_use(each=True))
    all_names = db.session.scalar(select(func.count()).select_from(Target).where(*about)) or 0
    found = select(*_TARGET).where(*about).order_by(Target.id).limit(MOST_NAMES)
    targets: Sequence[Any] = db.session.execute(found).all()
    facts = sorted(_facts(targets, now), key=lambda fact: (fact.at, fact.name))
    before, after = (_to_staff(facts, book, now) for book in (rules.book(old), new_book))
    begins_at = facts[0].at if facts and facts[0].at > now - PAST else None
    return Rehearsal(len(targets), all_names, begins_at, before, after)


def _to_staff(facts: Iterable[Check], book: RuleBook, now: datetime) -> tuple[Message, ...]:
    told = told_of(facts, book, now)
    return tuple(one for one in told if one.to == STAFF and one.at > now - PAST)


def _facts(targets: Sequence[Any], now: datetime) -> Iterator[Check]:
    """The history of these targets as checks: the one that found something new, and those after it
    that matter."""
    ids = [row.id for row in targets]
    owners = checks.owners_of(ids)
    changes: dict[int, list[Any]] = {id_: [] for id_ in ids}
    for start in range(0, len(ids), CHUNK_IDS):
        some = Change.target_id.in_(ids[start : start + CHUNK_IDS])
        for row in db.session.execute(select(*_CHANGE).where(some).order_by(Change.at, Change.id)):
            changes[row.target_id].append(row)
    for target in targets:
        renewals = -1
        for change, following in pairwise([*changes[target.id], None]):
            until = min(following.at, now) if following is not None else now
            fact = _fact(target, change, owners[target.id])
            renewals += fact.certificate is not None
            yield fact
            yield from _again(fact, until, now, with_rhythm=renewals >= RENEWALS)


def _fact(target: Any, change: Any, owners: checks.Owners) -> Check:
    seen = change.new_state is not State.UNKNOWN and change.new_not_after is not None
    return Check(
        change.at,
        authority(target.hostname, target.port),
        owners.client,
        owners.product,
        change.new_state,
        change.new_reason,
        _certificate(target, change) if seen else None,
        target.address or "",
    )


def _certificate(target: Any, change: Any) -> Certificate:
    """Of before not_before was noted: the lifetime of the present certificate stands for that of an
    earlier one."""
    not_before = change.new_not_before
    if not_before is None and target.not_before is not None:
        not_before = change.new_not_after - (target.not_after - target.not_before)
    return Certificate(
        change.new_fingerprint or "", not_before, change.new_not_after, change.new_issuer
    )


def _again(fact: Check, until: datetime, now: datetime, *, with_rhythm: bool) -> Iterator[Check]:
    """The checks that have seen the same: one confirms what is wrong, and daily ones show that a
    certificate was not renewed as usual."""
    if fact.state is State.INVALID and fact.at + CONFIRMED_AFTER < until:
        yield fact._replace(at=fact.at + CONFIRMED_AFTER)
    certificate = fact.certificate
    if not with_rhythm or certificate is None or certificate.not_before is None:
        return
    at = max(fact.at, certificate.not_before + certificate.lifetime / 2, now - PAST - _DAY) + _DAY
    while at < until and certificate.not_after is not None and at < certificate.not_after:
        yield fact._replace(at=at)
        at += _DAY
