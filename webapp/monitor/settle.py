"""What a run has been answered -> its rows and its counts, those together that have arrived together."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from webapp.extensions import db, writing
from webapp.monitor import due, pace, runs
from webapp.monitor.models import Hostname
from webapp.monitor.record import note, remember
from webapp.probe import Finding, Reason

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host name with this id has answered, and the claim under which it was asked."""

    hostname_id: int
    claim: str
    finding: Finding


def settle(answers: Sequence[Answer], run_id: int, now: datetime) -> None:
    """Record these answers and count them, in one transaction, and so end their claims.

    One that cannot be recorded is no harm to the others: they are recorded one by one then, and its error is raised
    after them. An answer is dropped where the name has gone, or nobody uses it any more, or somebody else has claimed
    it because we were away for too long.
    """
    if not answers:
        return
    try:
        _together(answers, run_id, now)
    except OperationalError:
        raise  # it is the database, whatever is written
    except Exception:
        if len(answers) == 1:
            raise
        log.warning("%d answers could not be recorded together: one by one", len(answers))
        _one_by_one(answers, run_id, now)


def _one_by_one(answers: Sequence[Answer], run_id: int, now: datetime) -> None:
    errors = []
    for answer in answers:
        try:
            _together([answer], run_id, now)
        except OperationalError:
            raise
        except Exception as error:
            log.exception("what %s has answered could not be recorded", answer.finding.input)
            errors.append(error)
    if errors:
        raise errors[0]


def _together(answers: Sequence[Answer], run_id: int, now: datetime) -> None:
    names = {answer.hostname_id for answer in answers}
    counts: Counter[str] = Counter()
    changes = []
    with writing(beside_others=True):
        asked = Hostname.id.in_(names) & Hostname.claim.in_({answer.claim for answer in answers})
        held = select(Hostname).where(asked, due.in_use()).order_by(Hostname.id)
        found = db.session.scalars(held.with_for_update(key_share=True))
        rows = {row.id: row for row in found}
        for answer in answers:
            row = rows.get(answer.hostname_id)
            # Claimed a second time because we were away for too long, it may have answered twice: one of them counts.
            if row is not None and row.claim == answer.claim:
                outcome, change = _settle(row, answer.finding, run_id, now)
                counts.update(("asked", outcome) if change is None else ("asked", outcome, "changed"))
                changes += [change] if change is not None else []
        if counts:
            runs.count(run_id, counts)
        if changes:
            note(changes)
        if len(rows) < len(names):
            end = {"claim": None, "claimed_until": None}
            unused = asked & Hostname.id.not_in(rows)
            db.session.execute(update(Hostname).where(unused).values(end))


def _settle(row: Hostname, finding: Finding, run_id: int, now: datetime) -> tuple[str, dict[str, object] | None]:
    """Record one answer in its row, which ends its claim; how it counts, and what changed."""
    change = remember(row, finding, now)
    failed = finding.reason is Reason.MONITOR_ERROR
    row.asked_at, row.run_id = now if failed else finding.checked_at, run_id
    row.claim = row.claimed_until = None
    if failed:
        row.next_at = now + pace.HOUR
    return "failed" if failed else finding.state.value, change
