"""One run of a source: it is read to its end, compared, and written in one transaction, or not."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, select, update

from webapp.accounts.password_hashes import hash_password
from webapp.customers import audit_log, index
from webapp.customers.models import Domain, DomainStatus, Service, ServiceStatus
from webapp.extensions import db
from webapp.imports import importer
from webapp.imports.compare import compare
from webapp.imports.importer import ChangeCounts, Progress
from webapp.imports.staging import CHUNK_ROWS, Staging, open_staging
from webapp.monitor.probing import probe_settings
from webapp.site import this_site
from webapp.sources import client_users, kept_runs, reading, registry
from webapp.sources.fault import Fault
from webapp.sources.http import Http
from webapp.sources.kinds import PANELS
from webapp.sources.lock import file_of, only_run
from webapp.sources.models import TOO_MANY_GONE, Mode, Source
from webapp.sources.summary import MOST_PROBLEMS, RowProblem, counted, of_each_kind
from webapp.sources.summary import Order as Order
from webapp.sources.summary import Summary as Summary
from webapp.words import sources as say
from webapp.words.activity import Detail

log = logging.getLogger(__name__)

# What another run, or another process, makes good
NOT_KEPT = ("running", "interrupted")
MOST_NAMED = 5  # services, and as many domains, of those that are gone
_CANCELLED: dict[str, Any] = {
    "service": (Service, ServiceStatus.CANCELLED),
    "domain": (Domain, DomainStatus.CANCELLED),
}


def run(source: Source, order: Order, progress: Progress) -> Summary:
    """Reads a source, and writes what has changed there.

    Whatever goes wrong over there, or here, is the summary's `fault`: nothing is written then. What
    `progress` raises stops it, too.
    """
    # Read before anything else: it may be removed while the panel is asked
    source_id = source.id
    summary = Summary(source.name)
    limits = of_each_kind(source.gone_percent) | dict(order.gone_percents)
    try:
        with only_run(source_id), _staged(source_id) as path:
            if not order.preview:
                registry.agree(source_id, order.now)
            gone = _read(source, path, summary, progress)
            _not_too_many(source_id, gone, limits)
            if not order.preview:
                progress("writing", 0, 0)
                _write(path, source_id, order, gone, summary, progress)
    except Fault as fault:
        summary.fault = fault
    except importer.PreviewOutdated:
        summary.fault = Fault("changed")
    except importer.Stopped:
        raise
    except Exception:
        db.session.rollback()
        log.exception("the source %d could not be synced", source_id)
        summary.fault = Fault("our fault")
    if summary.fault is not None and not order.preview:
        summary.counts = counted({}, {})
        if summary.fault.code not in NOT_KEPT:
            kept_runs.keep(source_id, summary, order, Mode.SYNC)
    return summary


def _read(source: Source, path: Path, summary: Summary, progress: Progress) -> dict[str, list[int]]:
    """Reads and compares everything; what is gone, as a second reading has confirmed."""
    source_id = source.id
    kind = source.kind
    with _panel(source) as panel, open_staging(path, fresh=True) as staging:
        reading.read(panel, staging, source_id, progress)
        compare(staging, progress)
        gone = _missing(staging, source_id)
        if any(gone.values()):
            kinds = tuple(kind for kind, ids in gone.items() if ids)
            reading.read_again(panel, staging, kinds, progress)
            compare(staging, progress)
            gone = _missing(staging, source_id)
        _finish_summary(summary, staging, kind, gone)
    return gone


def test(source: Source) -> Fault | None:
    """Why a source can't be read; None where it answers as it should. Only its first pages are
    asked for."""
    try:
        with _panel(source) as panel:
            panel.test()
    except Fault as fault:
        return fault
    except Exception:
        log.exception("the source %d could not be tested", source.id)
        return Fault("our fault")
    return None


@contextmanager
def _panel(source: Source) -> Iterator[Any]:
    config = current_app.config
    kind = source.kind
    access = registry.access_of(source)
    stopping = this_site().jobs.stopping
    http = Http(config["PADLOCK_SOURCES_TIMEOUT"], probe_settings(config), stopping)
    try:
        yield PANELS[kind](access, http)
    except Fault as fault:
        if fault.code == "other product":
            raise Fault("other product", kind=kind) from None
        raise
    finally:
        http.close()


@contextmanager
def _staged(source_id: int) -> Iterator[Path]:
    path = file_of(source_id, "rows")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _missing(staging: Staging, source_id: int) -> dict[str, list[int]]:
    """The ids of the services and the domains that the source does not have any more, by kind; not
    of those that are cancelled already."""
    missing: dict[str, list[int]] = {}
    for kind, (model, cancelled) in _CANCELLED.items():
        missing[kind] = []
        rows = select(model.id, model.source_key).where(
            model.source_id == source_id, model.status != cancelled
        )
        last = 0
        while found := db.session.execute(
            rows.where(model.id > last).order_by(model.id).limit(CHUNK_ROWS)
        ).all():
            last = found[-1].id
            seen = staging.seen(kind, [row.source_key for row in found])
            # A domain may go on under another id
            there = staging.waiting_among(kind, "id", [row.id for row in found])
            missing[kind] += [
                row.id for row in found if row.source_key not in seen and row.id not in there
            ]
    db.session.rollback()
    return missing


def _not_too_many(source_id: int, gone: dict[str, list[int]], limits: Mapping[str, int]) -> None:
    """Raises `Fault` where more of a kind are gone than may be at once, in percent. It names the
    first of them."""
    found: dict[str, int] = {}
    names: list[str] = []
    for kind, (model, _) in _CANCELLED.items():
        count = select(func.count()).where(model.source_id == source_id)
        total = db.session.scalar(count) or 0
        if 100 * len(gone[kind]) > limits[kind] * total:
            found |= {kind: len(gone[kind]), f"{kind}_total": total}
            name = Domain.name if kind == "domain" else Service.domain
            first = select(name).where(model.id.in_(gone[kind][:MOST_NAMED])).order_by(name)
            names += filter(None, db.session.scalars(first))
    db.session.rollback()
    if found:
        percent = min(limits[kind] for kind in found.keys() & limits.keys())
        raise Fault(TOO_MANY_GONE, percent=percent, names=names, **found)


def _finish_summary(
    summary: Summary, staging: Staging, source_kind: str, gone: dict[str, list[int]]
) -> None:
    summary.counts = counted(staging.counts(), gone)
    summary.problem_count = sum(staging.count_problems(serious=one) for one in (True, False))
    for problem in staging.problems(MOST_PROBLEMS):
        seen = staging.seen_on(problem.line)
        row = say.line_text(problem.line) if source_kind == "csv" else ""
        row = row or say.row_text(*(seen or ("client", None)))
        summary.problems.append(RowProblem(row, problem.column, problem.text, problem.serious))


def _write(
    path: Path,
    source_id: int,
    order: Order,
    gone: dict[str, list[int]],
    summary: Summary,
    progress: Progress,
) -> None:
    source = db.session.get(Source, source_id)
    # Made before the database is locked: it takes a while on purpose
    no_password = hash_password(None) if source is not None and source.add_users else ""

    def finish(counts: ChangeCounts) -> None:
        source = db.session.get(Source, source_id)
        if source is None:
            raise Fault("removed")
        _cancel(gone)
        summary.counts = counted(counts, gone)
        if any(of[done] for of in summary.counts.values() for done in ("added", "changed", "gone")):
            told = {"counts": summary.counts}
            audit_log.note(
                order.who,
                "synced",
                "source",
                source_id,
                source.name,
                order.now,
                Detail.SYNCED,
                **told,
            )
        if no_password:
            client_users.add_missing(source_id, no_password, order.now)
        kept_runs.add(source_id, summary, order, Mode.SYNC)

    with open_staging(path) as staging:
        importer.write_compared(staging, order.now, progress, finish)


def _cancel(gone: dict[str, list[int]]) -> None:
    """What is gone at the source is cancelled here, and keeps its history."""
    for kind, ids in gone.items():
        model, cancelled = _CANCELLED[kind]
        for start in range(0, len(ids), CHUNK_ROWS):
            chunk = ids[start : start + CHUNK_ROWS]
            db.session.connection().execute(
                update(model)
                .where(model.id.in_(chunk))
                .values(status=cancelled, version=model.version + 1)
            )
            index.touch(model, chunk)
