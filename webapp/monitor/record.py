"""A finding -> what is stored of its host name."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from webapp.extensions import db, writing
from webapp.monitor.models import Hostname
from webapp.probe import Certificate, Finding, Reason, State


def record(finding: Finding, now: datetime) -> None:
    """Remember a finding, in one short transaction of its own.

    An older finding than the one stored is dropped, and so is one for a name that is gone by now; what is stored from
    after `now` was written under a clock that has been set back, and gives way. `monitor_error` is ours: it tells
    nothing of the name, so nothing is stored.
    """
    if finding.reason is Reason.MONITOR_ERROR:
        return
    with writing():
        row = db.session.scalar(db.select(Hostname).filter_by(name=finding.hostname))
        if row is None or (row.checked_at is not None and finding.checked_at <= row.checked_at <= now):
            return
        if row.state is not finding.state:
            row.changed_at = finding.checked_at
        row.state, row.reason, row.detail = finding.state, finding.reason, finding.detail
        row.problems = [asdict(problem) for problem in finding.problems]
        row.notes = sorted(finding.notes)
        row.address, row.port, row.tls_version = finding.address, finding.port, finding.tls_version
        row.checked_at = finding.checked_at
        if finding.state is State.VALID:
            row.last_valid_at = finding.checked_at
        # No answer takes nothing back; an answer without a certificate means that there is none to show.
        if finding.certificate is not None:
            _remember_certificate(row, finding.certificate)
        elif finding.state is State.INVALID:
            _remember_certificate(row, Certificate(fingerprint=""))


def _remember_certificate(row: Hostname, certificate: Certificate) -> None:
    row.fingerprint = certificate.fingerprint or None
    row.subject, row.issuer = certificate.subject, certificate.issuer
    row.names, row.serial = list(certificate.names), certificate.serial
    row.key, row.signature = certificate.key, certificate.signature
    row.not_before, row.not_after = certificate.not_before, certificate.not_after
