"""The results of a run, recorded in batches."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import defer

from webapp.extensions import db, writing
from webapp.monitor import adaptive_schedule, check_counts, results
from webapp.monitor.models import Target
from webapp.monitor.refresh import runs, selection
from webapp.probe import Finding, Reason

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClaimedFinding:
    """What the target with this id has answered, and the claim under which it was asked."""

    target_id: int
    claim: str
    finding: Finding


def record_together(answers: Sequence[ClaimedFinding], run_id: int, now: datetime) -> None:
    """Record these answers and count them, in one transaction, and so end their claims.

    One that cannot be recorded is no harm to the others: they are recorded one by one then, and its
    error is raised after them. An answer is dropped where the name has gone, or no one uses it any
    more, or another process has claimed it because we were away for too long.
    """
    if not answers:
        return
    try:
        _in_one_transaction(answers, run_id, now)
    except OperationalError:
        raise  # it is the database, whatever is written
    except Exception:
        if len(answers) == 1:
            raise
        log.warning("%d answers could not be recorded together: one by one", len(answers))
        _one_by_one(answers, run_id, now)


def _one_by_one(answers: Sequence[ClaimedFinding], run_id: int, now: datetime) -> None:
    errors = []
    for answer in answers:
        try:
            _in_one_transaction([answer], run_id, now)
        except OperationalError:
            raise
        except Exception as error:
            log.exception("what %s has answered could not be recorded", answer.finding.input)
            errors.append(error)
    if errors:
        raise errors[0]


# A result overwrites these without reading them, and each would have to be decoded
_UNREAD = tuple(
    defer(column)
    for column in (Target.problems, Target.notes, Target.stray, Target.names, Target.unreadable)
)


def _in_one_transaction(answers: Sequence[ClaimedFinding], run_id: int, now: datetime) -> None:
    names = {answer.target_id for answer in answers}
    counts: Counter[str] = Counter()
    changes = []
    recorded = []
    with writing(beside_others=True):
        asked = Target.id.in_(names) & Target.claim.in_({answer.claim for answer in answers})
        held = select(Target).where(asked, selection.in_use()).order_by(Target.id).options(*_UNREAD)
        found = db.session.scalars(held.with_for_update(key_share=True))
        rows = {row.id: row for row in found}
        for answer in answers:
            row = rows.get(answer.target_id)
            # Claimed a second time because we were away for too long, it may have answered twice:
            # one of them counts.
            if row is not None and row.claim == answer.claim:
                outcome, change = _record_one(row, answer.finding, run_id, now)
                counts.update(
                    ("asked", outcome) if change is None else ("asked", outcome, "changed")
                )
                changes += [change] if change is not None else []
                recorded += [answer.finding] if outcome != "failed" else []
        if counts:
            runs.count(run_id, counts)
        if changes:
            results.note(changes)
        if len(rows) < len(names):
            end = {"claim": None, "claimed_until": None}
            unused = asked & Target.id.not_in(rows)
            db.session.execute(update(Target).where(unused).values(end))
        check_counts.add(recorded)


def _record_one(
    row: Target, finding: Finding, run_id: int, now: datetime
) -> tuple[str, dict[str, object] | None]:
    """Record one answer in its row, which ends its claim; how it counts, and what changed."""
    if results.is_due_for_recheck(row, now):
        row.recheck_at = None  # whatever came of it, else a run of rechecks would never end
    change = results.remember(row, finding, now)
    failed = finding.reason is Reason.MONITOR_ERROR
    row.asked_at = now if failed else finding.checked_at
    # Rechecks have an old run: what a later one has asked is not asked by it again
    row.run_id = max(run_id, row.run_id or 0)
    row.claim = row.claimed_until = None
    if failed:
        row.next_at = now + adaptive_schedule.HOUR
    return "failed" if failed else finding.state.value, change
