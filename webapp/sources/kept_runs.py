"""How runs ended: what is stored of them, and what the page of a source shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select, update

from webapp.extensions import db, writing
from webapp.sources import registry
from webapp.sources.models import TOO_MANY_GONE, Mode, Source, SourceRun
from webapp.sources.summary import Order, Summary

RUNS_KEPT = 50
SHOWN_RUNS = 20
SHOWN_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Overview:
    """What is known of the runs of a source. `newest`: the last sync or preview; `tested`: the test
    after it. `problems` are the first of the last run that read the source to its end, of so many.
    """

    newest: SourceRun | None
    tested: SourceRun | None
    runs: list[SourceRun]
    problems: list[dict[str, Any]]
    problem_count: int


def overview(source: Source) -> Overview:
    """What the page of a source shows of its runs."""
    mine = select(SourceRun).where(SourceRun.source_id == source.id).order_by(SourceRun.id.desc())
    real = mine.where(SourceRun.mode != Mode.TEST)
    runs = list(db.session.scalars(real.limit(SHOWN_RUNS)))
    newest = runs[0] if runs else None
    tested = registry.last_run(source, Mode.TEST)
    if tested is not None and newest is not None and tested.id < newest.id:
        tested = None
    read = _last_read(source)
    problems = read.problems[:SHOWN_PROBLEMS] if read else []
    return Overview(newest, tested, runs, problems, read.problem_count if read else 0)


def all_problems(source: Source) -> list[dict[str, Any]]:
    """All that is kept of the problems that `overview` begins with."""
    read = _last_read(source)
    return read.problems if read else []


def gone_percents(source_id: int, run_id: int) -> dict[str, int]:
    """What someone agrees to who was shown this run of the source: nothing where it is forgotten,
    see `SourceRun.gone_percents`."""
    run = db.session.get(SourceRun, run_id)
    return run.gone_percents if run is not None and run.source_id == source_id else {}


def _last_read(source: Source) -> SourceRun | None:
    to_its_end = SourceRun.mode != Mode.TEST, SourceRun.fault.in_(("", TOO_MANY_GONE))
    mine = select(SourceRun).where(SourceRun.source_id == source.id, *to_its_end)
    return db.session.scalar(mine.order_by(SourceRun.id.desc()).limit(1))


def keep(source_id: int, summary: Summary, order: Order, mode: Mode) -> None:
    """Stores how a run ended that has written nothing else."""
    with writing():
        if db.session.get(Source, source_id) is not None:
            add(source_id, summary, order, mode)


def add(source_id: int, summary: Summary, order: Order, mode: Mode) -> None:
    """As `keep`, inside the `writing()` of what the run writes. Forgets what it replaces: an
    earlier preview or test, the problems of runs before it, and runs of long ago."""
    fault = summary.fault
    runs = SourceRun.source_id == source_id
    if mode is not Mode.SYNC:
        db.session.execute(delete(SourceRun).where(runs, SourceRun.mode == mode))
    if mode is not Mode.TEST and (fault is None or fault.code == TOO_MANY_GONE):
        had = update(SourceRun).where(runs, SourceRun.problem_count > 0)
        db.session.execute(had.values(problems=[]))
    db.session.add(
        SourceRun(
            source_id=source_id,
            mode=mode,
            started_at=order.now,
            ended_at=datetime.now(UTC),
            who=order.by,
            fault=fault.code if fault else "",
            fault_parameters=fault.parameters if fault else {},
            counts=summary.counts,
            problem_count=summary.problem_count,
            problems=[asdict(one) for one in summary.problems],
        )
    )
    newest = select(SourceRun.id).where(runs).order_by(SourceRun.id.desc())
    oldest = db.session.scalar(newest.offset(RUNS_KEPT).limit(1))
    if oldest is not None:
        db.session.execute(delete(SourceRun).where(runs, SourceRun.id <= oldest))
