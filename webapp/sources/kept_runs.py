"""How runs ended, as it is stored."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import delete, select, update

from webapp.extensions import db, writing
from webapp.sources.models import TOO_MANY_GONE, Mode, Source, SourceRun
from webapp.sources.summary import Order, Summary

RUNS_KEPT = 50
MOST_PROBLEMS = 10_000  # that are kept of a run


def keep(source_id: int, summary: Summary, order: Order, mode: Mode) -> None:
    """Stores how a run ended that has written nothing else."""
    with writing():
        if db.session.get(Source, source_id) is not None:
            add(source_id, summary, order, mode)


def add(source_id: int, summary: Summary, order: Order, mode: Mode) -> None:
    """As `keep`, inside the `writing()` of what the run writes. Forgets what it replaces: an
    earlier preview or test, the problems of runs before it, and runs of long ago."""
    fault = summary.fault
    told = summary.problems[:MOST_PROBLEMS]
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
            problem_count=len(summary.problems),
            problems=[asdict(one) for one in told],
        )
    )
    newest = select(SourceRun.id).where(runs).order_by(SourceRun.id.desc())
    oldest = db.session.scalar(newest.offset(RUNS_KEPT).limit(1))
    if oldest is not None:
        db.session.execute(delete(SourceRun).where(runs, SourceRun.id <= oldest))
