"""A finding -> the stored row of its target, and its history."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import insert

from webapp.extensions import db, writing
from webapp.monitor import adaptive_schedule, check_counts
from webapp.monitor.models import Change, Target
from webapp.probe import Certificate, Finding, Reason, State

CONFIRMED_AFTER = timedelta(minutes=5)  # a name that has turned invalid is checked once more


def record(finding: Finding, now: datetime) -> None:
    """Remember a finding, in one short transaction of its own.

    One for a target that is gone by now is dropped.
    """
    if finding.reason is Reason.MONITOR_ERROR:
        return
    with writing(beside_others=True):
        record_inside(finding, now)


def record_inside(finding: Finding, now: datetime) -> None:
    """The same inside the caller's `writing()`."""
    named = db.select(Target).filter_by(hostname=finding.hostname, port=finding.port)
    row = db.session.scalar(named.with_for_update(key_share=True))
    if row is None:
        return
    change = remember(row, finding, now)
    if change is not None:
        note([change])
    check_counts.add([finding])


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
    # One that is still to come stays: what is checked twice in a minute is evaluated once
    if finding.state is not State.INVALID or is_due_for_recheck(row, finding.checked_at):
        row.recheck_at = None
    if row.state is not finding.state:
        row.changed_at = finding.checked_at
        if finding.state is State.INVALID:
            row.recheck_at = finding.checked_at + CONFIRMED_AFTER
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
    row.next_at = adaptive_schedule.next_check_at(row, now)
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


def is_due_for_recheck(row: Target, now: datetime) -> bool:
    return row.recheck_at is not None and row.recheck_at <= now


def _facts(row: Target) -> dict[str, object]:
    return {
        "state": row.state,
        "reason": row.reason,
        "issuer": row.issuer or "",  # None in a row that is new
        "fingerprint": row.fingerprint,
        "serial": row.serial or "",
        "not_before": row.not_before,
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
