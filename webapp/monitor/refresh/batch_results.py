"""The results of a run, recorded in batches."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

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


# What a new result depends on, and whether it counts
_READ = (*results.STORED, Target.run_id, Target.claim)


def _in_one_transaction(answers: Sequence[ClaimedFinding], run_id: int, now: datetime) -> None:
    names = {answer.target_id for answer in answers}
    counts: Counter[str] = Counter()
    # New values, by the id of the target: of two answers under one claim one counts
    written: dict[int, dict[str, Any]] = {}
    changes = []
    recorded = []
    with writing(beside_others=True):
        asked = Target.id.in_(names) & Target.claim.in_({answer.claim for answer in answers})
        held = select(*_READ).where(asked, selection.in_use()).order_by(Target.id)
        found = db.session.execute(held.with_for_update(key_share=True))
        rows = {row.id: row for row in found}
        for answer in answers:
            row = rows.get(answer.target_id)
            # If it was claimed again meanwhile, only the answer to the last claim counts
            if row is None or row.claim != answer.claim or row.id in written:
                continue
            finding = answer.finding
            new = results.new_values(row, finding, now)
            written[row.id] = {**new, **_claim_end(row, finding, new, run_id, now)}
            failed = finding.reason is Reason.MONITOR_ERROR
            counts.update(("asked", "failed" if failed else finding.state.value))
            recorded += [] if failed else [finding]
            changes += results.history_entries(row, new)
        if written:
            results.write(list(written.values()))
            runs.count(run_id, {**counts, "changed": len(changes)})
        results.note(changes)
        if len(rows) < len(names):
            end = {"claim": None, "claimed_until": None}
            unused = asked & Target.id.not_in(rows)
            db.session.execute(update(Target).where(unused).values(end))
        check_counts.add(recorded)


def _claim_end(
    row: Any, finding: Finding, new: Mapping[str, Any], run_id: int, now: datetime
) -> dict[str, Any]:
    """The values that end the claim of a row, to be written with the `new` ones of its finding."""
    failed = finding.reason is Reason.MONITOR_ERROR
    values = {
        "id": row.id,
        "asked_at": now if failed else finding.checked_at,
        # Rechecks have an old run: what a later one has asked is not asked by it again
        "run_id": max(run_id, row.run_id or 0),
        "claim": None,
        "claimed_until": None,
    }
    if failed:
        values["next_at"] = now + adaptive_schedule.HOUR
    # A recheck that is due is over whatever came of it, or a run of rechecks would never end. A new
    # state has brought a new one
    if results.is_due_for_recheck(row, now) and new.get("state", row.state) is row.state:
        values["recheck_at"] = None
    return values
