"""Runs that a person starts: each is a background job, of which one can ask how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from webapp.customers.concurrency import still_admin
from webapp.customers.models import User
from webapp.extensions import writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.sources import registry
from webapp.sources.models import JOB_KIND, Mode, Source
from webapp.sources.schedule import TRY_FOR, under_way

_RANKS = (Mode.TEST, Mode.PREVIEW, Mode.SYNC)


@dataclass(frozen=True, slots=True)
class RunState:
    """A run that waits or is under way. `doing` is a key of `words.sources.DOING`; `done` of
    `total` is how far that is, and 0 where no one knows. `problem`: it is over, and nothing was
    kept of it, because it failed on our side; a code as `Job.problem` has it."""

    mode: Mode
    doing: str = "waiting"
    done: int = 0
    total: int = 0
    problem: str = ""

    @property
    def running(self) -> bool:
        return not self.problem

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


def start(
    who: User | None,
    source_id: int,
    now: datetime,
    mode: Mode,
    gone_percents: Mapping[str, int] = MappingProxyType({}),
) -> Mode:
    """Has a source read in the background, and returns what for.

    The first sync of a source has to be agreed to: without a preview that was read to its end, this
    is a preview. What is under way already is joined, unless it is less than is asked for: then
    this comes next. `gone_percents` of each kind may be gone, this time. Raises `errors.NotFound`.
    """
    with writing():
        still_admin(who)
        source = registry.get(source_id)
        if mode is Mode.SYNC and not may_sync(source):
            mode = Mode.PREVIEW
        job = under_way(source_id)
        if job is None or _is_less(job, mode, gone_percents):
            by = who.id if who else None
            asked = {"source": source_id, "user": by, "mode": mode}
            agreed = {"gone_percents": dict(gone_percents)}
            queue.add(JOB_KIND, str(source_id), asked | agreed, now, TRY_FOR)
    return mode


def may_sync(source: Source) -> bool:
    """Whether someone has agreed to syncs of this source, or has seen what its first one does."""
    if source.next_at is not None:
        return True
    preview = registry.last_run(source, Mode.PREVIEW)
    return preview is not None and preview.is_read


def state(source_id: int, now: datetime) -> RunState | None:
    """The run that is under way, or that failed on our side; None where the last one has ended, and
    `registry.last_run` tells how."""
    job = queue.find(JOB_KIND, str(source_id))
    if job is None:
        return None
    mode = Mode(job.arguments["mode"])
    if job.failed_at is not None:
        return RunState(mode, problem=job.problem)
    if job.claimed_until is None:
        return RunState(mode)
    # Who works on it holds it for longer, again and again
    if job.claimed_until < now + queue.LEASE / 2:
        return RunState(mode, "interrupted")
    return RunState(mode, **job.progress)


def _is_less(job: Job, mode: Mode, gone_percents: Mapping[str, int]) -> bool:
    """Whether this job does less than a run of this mode."""
    does = _RANKS.index(job.arguments["mode"])
    asked = _RANKS.index(mode)
    agreed: dict[str, int] = job.arguments["gone_percents"]
    more = any(agreed.get(kind, 0) < percent for kind, percent in gone_percents.items())
    return does < asked or (does == asked and more)
