"""A finding -> the stored row of its target, and its history; the results of a run in
batches."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import defer

from webapp.extensions import db, writing
from webapp.monitor.models import Change, Target
from webapp.monitor.refresh import adaptive_schedule, runs, selection
from webapp.probe import Certificate, Finding, Reason, State

log = logging.getLogger(__name__)


def record(finding: Finding, now: datetime) -> None:
    """Remember a finding, in one short transaction of its own.

    One for a target that is gone by now is dropped.
    """
    if finding.reason is Reason.MONITOR_ERROR:
        return
    with writing(beside_others=True):
        named = db.select(Target).filter_by(hostname=finding.hostname, port=finding.port)
        row = db.session.scalar(named.with_for_update(key_share=True))
        change = remember(row, finding, now) if row is not None else None
        if change is not None:
            note([change])


def remember(row: Target, finding: Finding, now: datetime) -> dict[str, object] | None:
    """The same for a row that is read already; gives what is to be noted in its history, None where
    nothing changed. Call it inside `writing()`.

    An older finding than the one stored is dropped; what is stored from after `now` was written
    under a clock that has been set back, and gives way. `monitor_error` is ours: it tells nothing
    of the name, so nothing is stored.
    """
    if finding.reason is Reason.MONITOR_ERROR:
        return None
    if row.checked_at is not None and finding.checked_at <= row.checked_at <= now:
        return None
    before = _facts(row)
    if row.state is not finding.state:
        row.changed_at = finding.checked_at
    row.state = finding.state
    row.reason = finding.reason
    row.detail = finding.detail
    row.problems = [asdict(problem) for problem in finding.problems]
    row.notes = sorted(finding.notes)
    row.browsers_refuse = finding.browsers_refuse
    row.stray = [asdict(stray) for stray in finding.stray]
    row.address = finding.address
    row.address_port = finding.address_port
    row.tls_version = finding.tls_version
    row.curl = finding.curl
    row.checked_at = row.asked_at = finding.checked_at
    if finding.state is State.VALID:
        row.last_valid_at = finding.checked_at
    # No answer takes nothing back; an answer without a certificate means that there is none to
    # show.
    if finding.certificate is not None:
        _remember_certificate(row, finding.certificate)
    elif finding.state is State.INVALID:
        _remember_certificate(row, Certificate(fingerprint=""))
    row.urgent_at = urgent_from(row)
    row.next_at = adaptive_schedule.next_turn(row, now)
    return _change(row, before, finding)


def note(changes: list[dict[str, object]]) -> None:
    """Write these into the history, in one statement. Call it inside `writing()`."""
    db.session.execute(insert(Change), changes)


def urgent_from(row: Target) -> datetime | None:
    """Since when a name goes before others: an invalid one since it was seen so, else from the last
    third of its certificate's lifetime on. None where neither can be said."""
    if row.state is State.INVALID:
        return row.checked_at
    if row.not_before is None or row.not_after is None:
        return None
    return row.not_after - (row.not_after - row.not_before) / 3


def _facts(row: Target) -> dict[str, object]:
    return {
        "state": row.state,
        "reason": row.reason,
        "issuer": row.issuer or "",  # None in a row that is new
        "fingerprint": row.fingerprint,
        "not_after": row.not_after,
    }


def _change(row: Target, before: dict[str, object], finding: Finding) -> dict[str, object] | None:
    after = _facts(row)
    if after == before:
        return None
    old = {f"old_{name}": fact for name, fact in before.items()}
    new = {f"new_{name}": fact for name, fact in after.items()}
    return {"target_id": row.id, "at": finding.checked_at, **old, **new}


def _remember_certificate(row: Target, certificate: Certificate) -> None:
    row.fingerprint = certificate.fingerprint or None
    row.subject = certificate.subject
    row.issuer = certificate.issuer
    row.names = list(certificate.names)
    row.serial = certificate.serial
    row.names_total = certificate.names_total
    row.unreadable = list(certificate.unreadable)
    row.key = certificate.key
    row.signature = certificate.signature
    row.not_before = certificate.not_before
    row.not_after = certificate.not_after


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
        if counts:
            runs.count(run_id, counts)
        if changes:
            note(changes)
        if len(rows) < len(names):
            end = {"claim": None, "claimed_until": None}
            unused = asked & Target.id.not_in(rows)
            db.session.execute(update(Target).where(unused).values(end))


def _record_one(
    row: Target, finding: Finding, run_id: int, now: datetime
) -> tuple[str, dict[str, object] | None]:
    """Record one answer in its row, which ends its claim; how it counts, and what changed."""
    change = remember(row, finding, now)
    failed = finding.reason is Reason.MONITOR_ERROR
    row.asked_at = now if failed else finding.checked_at
    row.run_id = run_id
    row.claim = row.claimed_until = None
    if failed:
        row.next_at = now + adaptive_schedule.HOUR
    return "failed" if failed else finding.state.value, change
