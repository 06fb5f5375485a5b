"""Diagnoses: background jobs whose steps are rows, so that every process of the site reads them.

One at a time for a name: a second viewer watches the same one. Its verdict is recorded like any
check.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from sqlalchemy import String, and_, cast, delete, exists, func, select, update

from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.monitor.diagnosis.codec import dump_step, load_step
from webapp.monitor.diagnosis.models import Diagnosis, DiagnosisStep
from webapp.monitor.probing import probe_settings
from webapp.monitor.refresh import scheduler
from webapp.monitor.results import record_inside
from webapp.probe.steps import Origin, OriginAsked, Step, Verdict
from webapp.site import site_of

if TYPE_CHECKING:
    from webapp.probe import Settings

log = logging.getLogger(__name__)

KIND = "diagnosis"  # of the jobs, and their lane
MOST_RUNNING = 4  # in each process; the others wait in the queue
MOST_QUEUED = 40
MOST_OF_VIEWER = 3  # of one viewer's, in progress or in the queue
MOST_TRIES = 3  # of one whose process ends in the middle of it
TRY_FOR = timedelta(hours=1)
COOL_DOWN = timedelta(seconds=30)  # before the same is done again
KEPT = timedelta(minutes=15)  # after its end
MOST_DELETED = 500  # in a minute
SAVE_TIMEOUT_SECONDS = 60.0  # for which a step waits to be stored: an import may be writing

# Called inside `writing()` with the arguments of the job and where the name leads
Remember = Callable[[dict[str, Any], Origin], None]

_JOB = exists().where(
    Job.kind == KIND, Job.key == cast(Diagnosis.id, String), Job.failed_at.is_(None)
)
_UNDER_WAY = and_(Diagnosis.ended_at.is_(None), _JOB)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a diagnosis is: its steps so far, of which the reader has the first `known`.

    `last` is the id of the last one. `failed`: it ended without a verdict, by a fault of ours.
    """

    steps: Sequence[Step] = ()
    known: int = 0
    last: int = 0
    running: bool = False
    failed: bool = False


def diagnose(name: str, settings: Settings, server: str | None) -> Iterator[Step]:
    """See `probe.diagnosis.diagnose`."""
    # The first who wants one loads requests and a DNS client: they take a tenth of the start of the
    # site.
    from webapp.probe import diagnosis

    return diagnosis.diagnose(name, settings, server)


def register(app: Flask, remember: Remember) -> None:
    """Has diagnoses run in this process too; `remember` is told where a name leads, seen from its
    server."""
    run = partial(_run, remember=remember)
    work = Work(run, lambda: True, lambda _: "", lane=KIND, at_once=MOST_RUNNING)
    site_of(app).jobs.works[KIND] = work
    scheduler.at_each_tick(app, delete_old)


def start(
    name: str, server: str | None, viewer: int, arguments: dict[str, Any], now: datetime
) -> bool:
    """Starts one unless it is under way or has just been done. False where there is no room now, or
    the same name is being asked for another server."""
    if _fresh(name, server, now):  # who joins waits for no one who writes
        return True
    with writing():
        if _fresh(name, server, now):
            return True
        if not _room_for(name, viewer):
            return False
        db.session.execute(delete(Diagnosis).where(*_about(name, server)))
        diagnosis = Diagnosis(name=name, server=server or "", viewer=viewer, started_at=now)
        db.session.add(diagnosis)
        db.session.flush()
        told = {"diagnosis": diagnosis.id, "name": name, "server": server, **arguments}
        queue.add(KIND, str(diagnosis.id), told, now, TRY_FOR)
    return True


def of(name: str, server: str | None, after: int = 0) -> Progress:
    """How far the one of this name for this server is, where there is one; `after` is the id of the
    last step that the reader has."""
    chosen = select(Diagnosis.id, Diagnosis.ended_at, _UNDER_WAY).where(*_about(name, server))
    found = db.session.execute(chosen).first()
    if found is None:
        return Progress()
    diagnosis_id, ended_at, running = found
    rows = db.session.execute(
        select(DiagnosisStep.id, DiagnosisStep.step)
        .where(DiagnosisStep.diagnosis_id == diagnosis_id)
        .order_by(DiagnosisStep.id)
    ).all()
    ids = [row.id for row in rows]
    return Progress(
        [load_step(row.step) for row in rows],
        known=ids.index(after) + 1 if after in ids else 0,
        last=ids[-1] if ids else 0,
        running=running,
        failed=not running and ended_at is None,
    )


def delete_old(now: datetime) -> None:
    """Deletes diagnoses that ended longer than `KEPT` ago."""
    last_at = func.coalesce(Diagnosis.ended_at, Diagnosis.started_at)
    old = select(Diagnosis.id).where(last_at <= now - KEPT, ~_UNDER_WAY).limit(MOST_DELETED)
    ids = db.session.scalars(old).all()
    if ids:
        with writing(beside_others=True):
            db.session.execute(delete(Diagnosis).where(Diagnosis.id.in_(ids)))


def _about(name: str, server: str | None) -> tuple[Any, ...]:
    return Diagnosis.name == name, Diagnosis.server == (server or "")


def _fresh(name: str, server: str | None, now: datetime) -> bool:
    """Whether it is under way, or has just been done."""
    chosen = select(Diagnosis.ended_at, _UNDER_WAY).where(*_about(name, server))
    ended_at, running = db.session.execute(chosen).first() or (None, False)
    return running or (ended_at is not None and abs(now - ended_at) < COOL_DOWN)


def _room_for(name: str, viewer: int) -> bool:
    chosen = select(Diagnosis.name, Diagnosis.viewer).where(_UNDER_WAY)
    under_way = db.session.execute(chosen).all()
    return (
        len(under_way) < MOST_RUNNING + MOST_QUEUED
        and sum(one.viewer == viewer for one in under_way) < MOST_OF_VIEWER
        and all(one.name != name for one in under_way)
    )


def _run(job: ClaimedJob, remember: Remember) -> Outcome:
    """Diagnoses from the first step on, also what another process has begun."""
    if job.tries > MOST_TRIES:
        return Outcome("interrupted", final=True)
    name = job.arguments["name"]
    settings = probe_settings(current_app.config)
    lease = max(queue.LEASE, timedelta(seconds=3 * settings.timeout + SAVE_TIMEOUT_SECONDS))
    try:
        if _begin(job, lease):
            for step in diagnose(name, settings, job.arguments["server"]):
                if not _store(job, lease, step, remember):
                    break
    except Exception as error:
        log.exception("the diagnosis of %s failed", name)
        return Outcome("error", type(error).__name__, final=True)
    return DONE


def _begin(job: ClaimedJob, lease: timedelta) -> bool:
    """Deletes the steps of an earlier try. False where there is nothing to do any more."""
    diagnosis_id = job.arguments["diagnosis"]
    with writing(beside_others=True, patience=SAVE_TIMEOUT_SECONDS):
        mine = select(Diagnosis.id).where(Diagnosis.id == diagnosis_id, _UNDER_WAY)
        if not queue.hold(job, datetime.now(UTC), lease) or db.session.scalar(mine) is None:
            return False
        db.session.execute(delete(DiagnosisStep).where(DiagnosisStep.diagnosis_id == diagnosis_id))
    return True


def _store(job: ClaimedJob, lease: timedelta, step: Step, remember: Remember) -> bool:
    """Stores a step, and what it comes to. False where the job is not ours any more."""
    diagnosis_id = job.arguments["diagnosis"]
    with writing(beside_others=True, patience=SAVE_TIMEOUT_SECONDS):
        now = datetime.now(UTC)
        if not queue.hold(job, now, lease):
            return False
        db.session.add(DiagnosisStep(diagnosis_id=diagnosis_id, step=dump_step(step)))
        if isinstance(step, OriginAsked):
            remember(job.arguments, step.origin)
        elif isinstance(step, Verdict):
            ended = update(Diagnosis).where(Diagnosis.id == diagnosis_id).values(ended_at=now)
            db.session.execute(ended)
            record_inside(step.finding, now)
    return True
