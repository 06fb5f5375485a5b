"""Which host names are due, in which order, and for whom: everything that is claimed is claimed
here.

The order is never asked, then invalid or in the last third of its certificate's lifetime, then the
longest unchecked. So that the urgent cannot take all the room for ever, every second place that new
names leave in a batch belongs to the names that have waited longest, urgent or not. Hence no name
starves. Let L be the names asked a day (in batches of an even size, as by default), N the names in
use, and M those that are entered while one of them waits:

- A name that was never asked has only those before it that were entered earlier: it waits for at
  most N / L days.
- One that was asked before waits for at most M / L + N / (L / 2) days. A place goes to a new name,
  each of which is new only once, or else every second one to who has waited longest; and a name
  that is asked goes behind all others, so that at most N - 1 are before it, and none comes in
  between.

Where the urgent need less than half, which is the rule, the others get their places and a round
takes N / L days.

With the adaptive schedule (`adaptive_schedule`) a run of the clock's chooses in the same way among
the names whose turn has come. So the bounds hold from that moment on, but for the day it falls in,
of which others may have used up what there was: a batch that leaves out a name whose turn it is was
full, and half of it went to who had waited longest.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from flask import Flask, current_app
from sqlalchemy import ColumnElement, and_, func, or_, select, update

from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.queue import ClaimedJob
from webapp.monitor import adaptive_schedule
from webapp.monitor.models import RefreshRun, RunKind, Target
from webapp.probe import authority
from webapp.site import site_of, this_site

# Beside the time that probes may take: then a claim of a process that died is free again
LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Batch:
    """Targets that were claimed together, as `Target.authority` by id, and the claim that says
    so."""

    claim: str
    names: dict[int, str]


class InUse(Protocol):
    """Whether a host name is in use; `each`: asked of some names only, on the way to the first that
    are."""

    def __call__(self, *, each: bool = False) -> ColumnElement[bool]: ...


def register(app: Flask, in_use: InUse) -> None:
    """Tell the refresh which host names are in use: whose they are is not known down here."""
    site_of(app).in_use = in_use


def in_use(*, each: bool = False) -> ColumnElement[bool]:
    """Whether a host name belongs to anything that is active.

    No other is ever asked. `each`: see `InUse`.
    """
    return this_site().in_use(each=each)


def names_in_use() -> int:
    """How many host names are in use."""
    return db.session.scalar(select(func.count()).select_from(Target).where(in_use())) or 0


def adaptive() -> bool:
    """Whether the clock asks each name when its turn has come, instead of all of them every day."""
    on: bool = current_app.config["PADLOCK_REFRESH_ADAPTIVE"]
    return on


def awaited(now: datetime) -> int:
    """How many host names the clock has to ask now, if it may."""
    if not adaptive():
        return names_in_use()
    return (
        db.session.scalar(
            select(func.count()).select_from(Target).where(adaptive_schedule.is_due(now), in_use())
        )
        or 0
    )


def to_recheck(now: datetime) -> int:
    """How many host names are to be rechecked by now, see `rechecks`."""
    due = select(func.count()).select_from(Target).where(Target.recheck_at <= now)
    return db.session.scalar(due.where(in_use(each=True))) or 0


def needed(now: datetime) -> int:
    """How many checks a day the adaptive schedule needs, about: while everything stays as it is."""
    needed = select(func.sum(adaptive_schedule.checks_a_day(now))).where(in_use())
    return math.ceil(db.session.scalar(needed) or 0)


def lease() -> timedelta:
    """For how long a claim is good.

    It is renewed while its batch is under way, however long that takes.
    """
    return LEASE + timedelta(seconds=4 * current_app.config["PADLOCK_PROBE_TIMEOUT"])


def free(until: ColumnElement[datetime | None], now: datetime) -> ColumnElement[bool]:
    """Whether no one holds what is claimed until then.

    What is claimed for longer than any claim is good was claimed under another clock, which has
    been set back since.
    """
    return or_(until.is_(None), until <= now, until > now + 2 * lease())


def claim(
    run_id: int, owner: ClaimedJob, most: int, now: datetime, only: Sequence[int] = ()
) -> Batch | None:
    """The next names of a run, `most` of them, claimed for the process that works on it: it has
    the job `owner`. Empty where none is due any more. `only` narrows them to these ids. None:
    another process has the job by now, or the run has been ended."""
    token = _token(run_id)
    until = now + lease()
    unclaimed = free(Target.__table__.c.claimed_until, now)
    kind = db.session.scalar(select(RefreshRun.kind).filter_by(id=run_id))
    due = and_(in_use(each=True), unclaimed, _open_to(run_id, kind, now))
    if only:
        due = and_(due, Target.id.in_(only))
    with writing():
        under_way = select(RefreshRun.id).filter_by(id=run_id, ended_at=None).with_for_update()
        if db.session.scalar(under_way) is None or not queue.hold(owner, now, lease()):
            return None
        rechecks = kind is RunKind.RECHECK
        chosen = _longest_waiting(due, most) if rechecks else _first(due, most, now)
        values = {"claim": token, "claimed_until": until}
        if not _changed(update(Target).where(Target.id.in_(chosen), unclaimed).values(values)):
            # Another process was quicker: there may be more
            return None if chosen else Batch(token, {})
        return _claimed(token)


def take_up(run_id: int, token: str, now: datetime) -> Batch:
    """The batch that was claimed under this token for the first worker, claimed again for this one.

    Empty where another process was quicker, it has waited for too long, or its run has ended: a
    worker that is told of it twice finds nothing the second time.
    """
    mine = _token(run_id)
    with writing():
        waiting = (Target.claim == token, Target.claimed_until > now)
        under_way = (
            select(RefreshRun.id)
            .where(RefreshRun.id == run_id, RefreshRun.ended_at.is_(None))
            .exists()
        )
        values = {"claim": mine, "claimed_until": now + lease()}
        _changed(update(Target).where(*waiting, under_way).values(values))
        return _claimed(mine)


def _claimed(token: str) -> Batch:
    columns = select(Target.id, Target.hostname, Target.port)
    rows = db.session.execute(columns.where(Target.claim == token))
    return Batch(token, {id_: authority(hostname, port) for id_, hostname, port in rows})


def held(run_id: int, now: datetime) -> int:
    """How many names of a run are claimed: asked just now, or waiting for a worker."""
    # More than "" is the part of the index that is not empty: SQLite would look through all names
    # for IS NOT NULL.
    of_run = and_(Target.__table__.c.claim > "", Target.claim.startswith(f"{run_id}."))
    held = (
        select(func.count())
        .select_from(Target)
        .where(of_run, ~free(Target.__table__.c.claimed_until, now))
    )
    return db.session.scalar(held) or 0


def untouched(tokens: Collection[str], now: datetime) -> set[str]:
    """Those of these tokens whose batch no one has taken up yet, while it waits."""
    waiting = (
        select(Target.claim).where(Target.claim.in_(tokens), Target.claimed_until > now).distinct()
    )
    return {token for token in db.session.scalars(waiting) if token}


def renew(token: str, owner: ClaimedJob | None, now: datetime) -> None:
    """Hold a batch for another lease, and the job of its run where this process has it."""
    until = now + lease()
    # One statement each, and what has been claimed is held, even while another process writes for
    # long
    with writing(beside_others=True):
        if token:
            _changed(update(Target).where(Target.claim == token).values(claimed_until=until))
        if owner:
            queue.hold(owner, now, lease())


def release(token: str) -> None:
    """Let go of what is still claimed of a batch: it is due again, at once."""
    with writing():
        _changed(update(Target).where(Target.claim == token).values(claim=None, claimed_until=None))


def _open_to(run_id: int, kind: RunKind | None, now: datetime) -> ColumnElement[bool]:
    """Which names a run may ask: each once, or each time its turn has come."""
    if kind is RunKind.RECHECK:
        return Target.recheck_at <= now
    if adaptive() and kind is RunKind.DAILY:
        return adaptive_schedule.is_due(now)
    # What a later run has asked serves this one too: else two at once ask the same names in turn
    return or_(Target.run_id.is_(None), Target.run_id < run_id)


def _token(run_id: int) -> str:
    """A claim that no one else has, and that says for which run it is."""
    return f"{run_id}.{secrets.token_hex(10)}"


def _first(due: ColumnElement[bool], most: int, now: datetime) -> list[int]:
    """The ids of the `most` names whose turn it is, see above."""

    def ids(condition: ColumnElement[bool], *order: ColumnElement[object]) -> list[int]:
        chosen = select(Target.id).where(condition, due).order_by(*order).limit(most)
        # Who records an answer writes beside others, and wants the run next: no one who has that
        # waits for a name.
        return list(db.session.scalars(chosen.with_for_update(skip_locked=True)))

    # Each of these orders is that of the index, so that no more names are read than are chosen.
    # (Who was never asked was never found urgent either.)
    asked_at, urgent_at, number = (
        Target.__table__.c[name] for name in ("asked_at", "urgent_at", "id")
    )
    chosen = dict.fromkeys(ids(asked_at.is_(None), asked_at, urgent_at, number))
    room = most - len(chosen)
    if not room:
        return list(chosen)
    # Asked in what is the future now: the clock has been set back since, and nothing is known of
    # how long ago it was.
    waiting = [*ids(asked_at > now, asked_at), *ids(asked_at <= now, asked_at)]
    urgent = ids(and_(asked_at.is_not(None), urgent_at <= now), asked_at)
    chosen |= dict.fromkeys(urgent[: room - room // 2])
    for candidate in (*waiting, *urgent):
        if len(chosen) < most:
            chosen[candidate] = None
    return list(chosen)


def _longest_waiting(due: ColumnElement[bool], most: int) -> list[int]:
    """The ids of the `most` names that have waited longest to be rechecked."""
    chosen = select(Target.id).where(due).order_by(Target.recheck_at, Target.id).limit(most)
    return list(db.session.scalars(chosen.with_for_update(skip_locked=True)))


def _changed(statement: object) -> int:
    """How many rows an UPDATE has changed."""
    options = {"synchronize_session": False}
    result = db.session.execute(statement, execution_options=options)  # type: ignore[call-overload]
    count: int = result.rowcount
    return count
