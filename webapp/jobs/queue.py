"""The queue: jobs are added, claimed and ended here, each by one statement on its row.

The database is the truth, so it does not matter which process runs a job. A job runs at least once:
a process that is killed between its work and the end of the row leaves it to the next.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, case, delete, event, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from webapp.extensions import db, keeps_all_from_writing, writing
from webapp.jobs.models import Job
from webapp.site import this_site

# A job that a killed process left runs again after this. Longer than a mail's slowest conversation;
# what takes longer saves its progress meanwhile
LEASE = timedelta(minutes=2)
MAX_LEASE = timedelta(minutes=20)  # of work that says how long its next step may take
FIRST_PAUSE = timedelta(minutes=1)  # after the first try, and twice as long after each further one
MAX_PAUSE = timedelta(hours=1)
MOST_JITTER = 1.1  # times a pause
LATE = timedelta(minutes=10)  # from then on a job that waits is told of in System health
FAILED_KEPT = timedelta(days=30)
MAX_LISTED = 50  # jobs


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try: a `problem` as `Job` has it, none where the work is done; `final` where
    another try would be no use. With a `pause` the job goes on after it, whatever became of it."""

    problem: str = ""
    detail: str = ""
    final: bool = False
    pause: timedelta | None = None


DONE = Outcome()


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this process runs, as long as its row has this `claim`."""

    id: int
    kind: str
    arguments: dict[str, Any]
    progress: dict[str, Any]
    created_at: datetime
    tries: int  # with this one
    claim: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many jobs have failed, how many are late, and those that System health lists."""

    failed: int
    late: int
    jobs: list[Job]


def add(kind: str, key: str, arguments: dict[str, Any], now: datetime, try_for: timedelta) -> None:
    """Adds a job, due at once and given up after `try_for`.

    Call it inside the `writing()` of what causes it: both are stored or neither is, and the runner
    of this process is woken by the commit. One of this kind and key that is there already takes
    over these arguments; if it is running, it runs once more.
    """
    fresh = {"arguments": arguments, "created_at": now, "give_up_at": now + try_for}
    if not _changed(_again(now).where(Job.kind == kind, Job.key == key).values(fresh)):
        db.session.add(Job(kind=kind, key=key, run_at=now, **fresh))
    _wake_after_commit()


def add_claimed(
    kind: str, key: str, arguments: dict[str, Any], now: datetime, try_for: timedelta
) -> ClaimedJob:
    """Adds a new job that this process does itself; should it be killed, another takes it up. Call
    it inside `writing()`."""
    job = Job(kind=kind, key=key, arguments=arguments, created_at=now, run_at=now, tries=1)
    job.give_up_at = now + try_for
    job.claim = secrets.token_hex(16)
    job.claimed_until = now + LEASE
    db.session.add(job)
    db.session.flush()
    return ClaimedJob(job.id, kind, arguments, {}, now, job.tries, job.claim)


def any_due(kind: str, now: datetime) -> bool:
    """Whether a job of this kind waits for a process to run it."""
    return db.session.scalar(_due(now).where(Job.kind == kind).limit(1)) is not None


def claim(kinds: Collection[str], now: datetime) -> ClaimedJob | None:
    """The job of these kinds that has been due longest, claimed for this process."""
    due = _due(now).where(Job.kind.in_(kinds)).order_by(Job.run_at).limit(1)
    while (found := db.session.execute(due).first()) is not None:
        token = secrets.token_hex(16)
        # What failed together is not tried again together
        jitter = random.uniform(1, MOST_JITTER)  # noqa: S311 - no secret
        values = {
            "claim": token,
            "claimed_until": now + LEASE,
            "tries": Job.tries + 1,
            # Set here, so that a job that kills its process waits as well
            "run_at": now + jitter * min(FIRST_PAUSE * 2 ** min(found.tries, 10), MAX_PAUSE),
        }
        with writing(beside_others=True):
            mine = _changed(update(Job).where(Job.id == found.id, _is_due(now)).values(values))
        if mine:  # else another process was quicker
            job = db.session.scalars(select(Job).where(Job.claim == token)).one_or_none()
            if job is not None:  # else an administrator has just ended it
                return ClaimedJob(
                    job.id, job.kind, job.arguments, job.progress, job.created_at, job.tries, token
                )
    return None


def hold(job: ClaimedJob, now: datetime, lease: timedelta = LEASE) -> bool:
    """Holds a job for another lease, of `MAX_LEASE` at most. False where it has to stop: it was
    ended, or another process has it. Call it inside the `writing()` of what the job stores: what is
    not its any more is not stored."""
    held = {"claimed_until": now + lease}
    return _changed(update(Job).where(Job.claim == job.claim).values(held))


def save_progress(job: ClaimedJob, progress: dict[str, Any], now: datetime) -> bool:
    """Stores how far a job is and holds it for another lease. False where it has to stop: it was
    ended, or another process has it."""
    with writing(beside_others=True):
        return store_progress(job, progress, now)


def store_progress(job: ClaimedJob, progress: dict[str, Any], now: datetime) -> bool:
    """The same inside the `writing()` of what the job does: where it answers False, roll that back.
    So a job that two processes run is done by one of them."""
    values = {"progress": progress, "claimed_until": now + LEASE}
    return _changed(update(Job).where(Job.claim == job.claim).values(values))


def renew_lease(job: ClaimedJob, now: datetime, progress: dict[str, Any] | None = None) -> bool:
    """Holds a job for another lease in the middle of a long transaction, by another connection, and
    stores how far it is. False where it has to stop. Raises `OperationalError` where others write
    for longer than a second."""
    if keeps_all_from_writing():
        return True  # no one can claim it
    options = {"writing": "beside", "patience": 1.0}
    with db.engine.connect().execution_options(**options) as connection, connection.begin():
        values: dict[str, Any] = {"claimed_until": now + LEASE}
        values |= {} if progress is None else {"progress": progress}
        mine = update(Job).where(Job.claim == job.claim).values(values)
        return bool(connection.execute(mine).rowcount)


def find(kind: str, key: str) -> Job | None:
    """This job; None where it is done, or was never added."""
    return db.session.scalar(select(Job).where(Job.kind == kind, Job.key == key))


def finish(job: ClaimedJob, outcome: Outcome, now: datetime) -> None:
    """Removes a job that is done, and lets go of one that is not; it runs again unless that is
    final."""
    told: dict[str, Any] = {"problem": outcome.problem, "detail": outcome.detail[:100]}
    if outcome.final:
        told["failed_at"] = now
    if outcome.pause is not None:
        told |= {"run_at": now + outcome.pause, "tries": 0}
    # Added again since it was claimed: this outcome does not count, and it is due
    same = and_(Job.claim == job.claim, Job.created_at == job.created_at)
    with writing(beside_others=True):
        if outcome == DONE:
            db.session.execute(delete(Job).where(same))
        else:
            _changed(update(Job).where(same).values(told))
        let_go = {"claim": None, "claimed_until": None}
        _changed(update(Job).where(Job.claim == job.claim).values(let_go))


def let_go(jobs: Collection[ClaimedJob], now: datetime) -> None:
    """Gives back jobs that this process runs and cannot end: they are due at once, as if it had not
    claimed them."""
    if not jobs:
        return
    claims = Job.claim.in_([job.claim for job in jobs])
    fresh = {"claim": None, "claimed_until": None, "run_at": now, "tries": Job.tries - 1}
    with writing(beside_others=True):
        _changed(update(Job).where(claims).values(fresh))


def give_up(now: datetime) -> None:
    """Marks as failed what could not be done in time, and deletes what failed long ago."""
    expired = and_(Job.failed_at.is_(None), Job.give_up_at <= now, _free(now))
    old = Job.failed_at <= now - FAILED_KEPT
    if db.session.scalar(select(Job.id).where(or_(expired, old)).limit(1)) is None:
        return  # most looks write nothing
    with writing(beside_others=True):
        why = case((Job.problem == "", "late"), else_=Job.problem)
        _changed(update(Job).where(expired).values(failed_at=now, problem=why))
        db.session.execute(delete(Job).where(old))


def retry(job_id: int, now: datetime) -> Job | None:
    """Makes this job due at once, for as long as it was tried the first time; None where there is
    none. Call it inside `writing()`."""
    job = db.session.get(Job, job_id)
    if job is not None:
        lasts = job.give_up_at - job.created_at
        fresh = {"created_at": now, "give_up_at": now + lasts}
        _changed(_again(now).where(Job.id == job_id).values(fresh))
        _wake_after_commit()
    return job


def end(job_id: int) -> Job | None:
    """Deletes this job, also while it runs: its process notices when it saves its progress. None
    where there is none. Call it inside `writing()`."""
    job = db.session.get(Job, job_id)
    if job is not None:
        db.session.delete(job)
    return job


def backlog(now: datetime) -> Backlog:
    """What has failed, and what is late or was tried in vain: the newest of it. What runs, however
    long, or pauses as it should, is not late."""
    failed = Job.failed_at.is_not(None)
    waits = and_(_free(now), or_(Job.problem != "", Job.run_at <= now - LATE))
    late = and_(~failed, Job.created_at <= now - LATE, waits)
    counts = select(func.count().filter(failed), func.count().filter(late))
    failures, delays = db.session.execute(counts).one()
    shown = or_(failed, late, Job.problem != "")
    listed = select(Job).where(shown).order_by(Job.id.desc()).limit(MAX_LISTED)
    jobs = list(db.session.scalars(listed))
    for job in jobs:  # each may be done and gone before the page shows it
        db.session.expunge(job)
    return Backlog(failures, delays, jobs)


def _again(now: datetime) -> Update:
    """An UPDATE that makes a job as good as new; who runs it goes on until the claim expires."""
    return update(Job).values(run_at=now, tries=0, problem="", detail="", failed_at=None)


def _due(now: datetime) -> Any:
    return select(Job.id, Job.tries).where(_is_due(now))


def _is_due(now: datetime) -> ColumnElement[bool]:
    passed = _passed(Job.run_at, now, MAX_PAUSE)
    return and_(Job.failed_at.is_(None), passed, Job.give_up_at > now, _free(now))


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(Job.claimed_until.is_(None), _passed(Job.claimed_until, now, MAX_LEASE))


def _passed(
    instant: InstrumentedAttribute[Any], now: datetime, longest: timedelta
) -> ColumnElement[bool]:
    """Whether it has come to that. What is further away than it can be was set under another clock,
    which has been set back since."""
    return or_(instant <= now, instant > now + 2 * longest)


def _changed(statement: Update) -> bool:
    """Whether this changes a row; the session is not told, as it holds none of them."""
    options = {"synchronize_session": False}
    done: Any = db.session.execute(statement.execution_options(**options))
    return bool(done.rowcount)


def _wake_after_commit() -> None:
    jobs = this_site().jobs
    event.listen(db.session(), "after_commit", lambda _session: jobs.wake(), once=True)
