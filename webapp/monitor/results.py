"""A finding -> the stored row of its target, and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from webapp.extensions import db, writing
from webapp.monitor import adaptive_schedule, check_counts
from webapp.monitor.models import Change, Target
from webapp.probe import Certificate, Finding, Reason, State

CONFIRMED_AFTER = timedelta(minutes=5)  # a name that has turned invalid is checked once more

_NOTED = ("state", "reason", "issuer", "fingerprint", "serial", "not_before", "not_after")
# Of a row, what a new result depends on
STORED = (
    *(Target.id, Target.checked_at, Target.changed_at, Target.last_valid_at, Target.recheck_at),
    *(getattr(Target, name) for name in _NOTED),
)


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
    named = select(*STORED).filter_by(hostname=finding.hostname, port=finding.port)
    row = db.session.execute(named.with_for_update(key_share=True)).first()
    if row is None:
        return
    values = new_values(row, finding, now)
    if values:
        write([values])
        note(history_entries(row, values))
    check_counts.add([finding])


def new_values(row: Any, finding: Finding, now: datetime) -> dict[str, Any]:
    """The new values of a target's columns after a finding, its `id` among them; empty where
    nothing is to be stored. `row` has the columns of `STORED`.

    An older finding than the one stored is dropped; what is stored from after `now` was written
    under a clock that has been set back, and gives way. `monitor_error` is ours: it tells nothing
    of the name, so nothing is stored.
    """
    at = finding.checked_at
    state = finding.state
    if finding.reason is Reason.MONITOR_ERROR:
        return {}
    if row.checked_at is not None and at <= row.checked_at <= now:
        return {}
    values = {
        "id": row.id,
        "state": state,
        "reason": finding.reason,
        "detail": finding.detail,
        "problems": [asdict(problem) for problem in finding.problems],
        "notes": sorted(finding.notes),
        "browsers_refuse": finding.browsers_refuse,
        "stray": [asdict(stray) for stray in finding.stray],
        "address": finding.address,
        "address_port": finding.address_port,
        "tls_version": finding.tls_version,
        "curl": finding.curl,
        "checked_at": at,
        "asked_at": at,
        "changed_at": row.changed_at if row.state is state else at,
        "last_valid_at": at if state is State.VALID else row.last_valid_at,
        "recheck_at": _recheck_at(row, finding),
        **_certificate_values(finding),
    }
    ends = values.get("not_after", row.not_after)
    urgent_at = urgent_from(state, at, values.get("not_before", row.not_before), ends)
    since = values["changed_at"] or now  # rows of early releases may have none
    next_at = adaptive_schedule.next_check_at(state, since, urgent_at, now)
    return {**values, "urgent_at": urgent_at, "next_at": next_at}


def write(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write new values of targets, each with its `id`. Call it inside `writing()`."""
    # Sorted, since those of the same columns are one statement where they follow each other
    db.session.execute(update(Target), sorted(rows, key=len))


def history_entries(row: Any, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The new entry in the history of a row that gets these values, in a list; empty where none of
    `_NOTED` changes."""
    before = {name: getattr(row, name) for name in _NOTED}
    after = {name: values.get(name, before[name]) for name in _NOTED}
    if after == before:
        return []
    old = {f"old_{name}": fact for name, fact in before.items()}
    new = {f"new_{name}": fact for name, fact in after.items()}
    return [{"target_id": row.id, "at": values["checked_at"], **old, **new}]


def note(changed: Sequence[Mapping[str, Any]]) -> None:
    """Write these into the history, in one statement. Call it inside `writing()`."""
    if changed:
        db.session.execute(insert(Change), changed)


def urgent_from(
    state: State, checked_at: datetime, not_before: datetime | None, not_after: datetime | None
) -> datetime | None:
    """Since when a name goes before others: an invalid one since it was seen so, else from the last
    third of its certificate's lifetime on. None where neither can be said."""
    if state is State.INVALID:
        return checked_at
    if not_before is None or not_after is None:
        return None
    return not_after - (not_after - not_before) / 3


def is_due_for_recheck(row: Any, now: datetime) -> bool:
    return row.recheck_at is not None and row.recheck_at <= now


def _recheck_at(row: Any, finding: Finding) -> datetime | None:
    at = finding.checked_at
    if finding.state is not State.INVALID:
        return None
    if row.state is not State.INVALID:
        return at + CONFIRMED_AFTER
    # One that is still to come stays: what is checked twice in a minute is evaluated once
    return None if is_due_for_recheck(row, at) else row.recheck_at


def _certificate_values(finding: Finding) -> dict[str, Any]:
    """The columns of the certificate; none where the stored ones stay, as for no answer. An invalid
    answer without a certificate empties them."""
    seen = finding.certificate
    if seen is None:
        if finding.state is not State.INVALID:
            return {}
        seen = Certificate(fingerprint="")
    return {
        "fingerprint": seen.fingerprint or None,
        "subject": seen.subject,
        "issuer": seen.issuer,
        "names": list(seen.names),
        "serial": seen.serial,
        "names_total": seen.names_total,
        "unreadable": list(seen.unreadable),
        "key": seen.key,
        "signature": seen.signature,
        "not_before": seen.not_before,
        "not_after": seen.not_after,
    }
