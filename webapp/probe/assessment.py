"""The finding that one contact comes to, or what kept us from one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from webapp.probe import browsers, certificate, chain, clean_text, curl, issuers, judge, staple
from webapp.probe.address import LookupFailed
from webapp.probe.address_limits import NoSlot
from webapp.probe.contact import Contact, Ending
from webapp.probe.deadline import Deadline
from webapp.probe.effort import TooMuchWork
from webapp.probe.faults import log_fault
from webapp.probe.finding import Asked, Finding, Problem, Reason, Staple, StapleStatus, Stray
from webapp.probe.hostname import NotCheckable
from webapp.probe.notes import Note

log = logging.getLogger(__name__)


# Seconds past its deadline from which a silence says more about this machine than about the far
# side
ASLEEP_SECONDS = 5.0
LATE = "this machine stood still while it waited for an answer"


def judged(
    asked: Asked, contact: Contact, deadline: Deadline, stray: tuple[Stray, ...] = ()
) -> Finding:
    """The finding that one contact comes to, with the addresses of the name that were not asked."""
    hostname = asked.hostname
    leaf = certificate.read(contact.leaf) if contact.leaf is not None else None
    doubted = any(code == judge.HOSTNAME_MISMATCH for code, _, _ in contact.errors)
    reason, problems = judge.judge(
        contact,
        issuer_missing=not contact.sent or issuers.lacks_issuer(contact.sent[0], contact.sent[1:]),
        name_covered=doubted
        and contact.leaf is not None
        and certificate.covers(contact.leaf, hostname),
        ends_in_root=bool(contact.errors and contact.path)
        and certificate.read_link(contact.path[-1]).self_issued,
    )
    if reason is Reason.MONITOR_ERROR:
        log.error("checking %r failed on our side: OpenSSL says %s", asked.text, problems[0].text)
    stapled = _staple(contact, problems)
    if stapled is not None and stapled.status is StapleStatus.REVOKED:
        problems = judge.with_staple(problems, stapled)
        reason = problems[0].reason
    return _finding(
        asked,
        reason,
        deadline,
        address=contact.address,
        address_port=contact.port,
        tls_version=contact.tls_version,
        certificate=leaf,
        problems=problems,
        notes=frozenset(_notes(contact, reason, stapled)) | chain.notes(contact, problems),
        staple=stapled,
        detail=problems[0].text if problems and contact.chain_seen else contact.text,
        stray=stray,
        curl=curl.of_contact(contact, hostname, reason, problems, leaf),
    )


def _staple(contact: Contact, problems: Sequence[Problem]) -> Staple | None:
    if not contact.chain_seen or contact.leaf is None or contact.staple is None:
        return None
    # Where another path works, its issuer is trusted, whatever is wrong with the one that OpenSSL
    # followed.
    path = contact.other_path or (contact.path if judge.trusts_issuer(problems) else ())
    return staple.read(contact.staple, contact.leaf, next(iter(path[1:]), None), datetime.now(UTC))


_STAPLE_NOTES = {
    StapleStatus.UNKNOWN: Note.STAPLE_UNKNOWN,
    StapleStatus.OUTDATED: Note.STAPLE_OUTDATED,
    StapleStatus.EARLY: Note.STAPLE_EARLY,
    StapleStatus.OTHER_CERTIFICATE: Note.STAPLE_OTHER_CERTIFICATE,
    StapleStatus.UNVERIFIED: Note.STAPLE_UNVERIFIED,
    StapleStatus.UNREADABLE: Note.STAPLE_UNREADABLE,
}


def _notes(contact: Contact, reason: Reason, stapled: Staple | None) -> Iterator[Note]:
    if contact.client_certificate_wanted:
        yield Note.CLIENT_CERTIFICATE_WANTED
    if contact.ending is Ending.DECLINED and reason is Reason.HANDSHAKE_FAILED:
        yield Note.ENDED_BY_US
    if contact.no_secure_renegotiation:
        yield Note.NO_SECURE_RENEGOTIATION
    if stapled is not None and stapled.status in _STAPLE_NOTES:
        yield _STAPLE_NOTES[stapled.status]
    current = stapled is not None and stapled.status in (StapleStatus.GOOD, StapleStatus.REVOKED)
    if (
        contact.chain_seen
        and contact.leaf is not None
        and not current
        and certificate.must_staple(contact.leaf)
    ):
        yield Note.MUST_STAPLE
    if reason is Reason.OK:
        yield from browsers.refusals(
            contact.other_path or contact.path, rsa_exchange=contact.rsa_exchange
        )


def failed(
    asked: Asked,
    error: Exception,
    deadline: Deadline,
    log_it: Callable[[str, Exception], None] = log_fault,
) -> Finding:
    """The finding where it came to no contact: what kept us from it, or our own fault, which is
    logged."""
    if isinstance(error, NotCheckable):
        if error.understood is not None:
            asked = Asked(asked.text, error.understood.hostname, error.understood.port)
        facts = {"refusal": error.refusal, "allowed_ports": error.allowed}
        return _finding(asked, Reason.NOT_CHECKABLE, deadline, **facts)
    if isinstance(error, LookupFailed):
        number = curl.of_lookup(error.reason, str(error))
        return _finding(
            asked,
            error.reason,
            deadline,
            detail=str(error),
            stray=error.stray,
            curl=number,
        )
    if isinstance(error, NoSlot | TooMuchWork):
        return _finding(asked, Reason.MONITOR_ERROR, deadline, detail=str(error))
    log_it(asked.text, error)
    detail = clean_text.clean(f"{type(error).__name__}: {error}")
    return _finding(asked, Reason.MONITOR_ERROR, deadline, detail=detail)


def _finding(asked: Asked, reason: Reason, deadline: Deadline, **facts: Any) -> Finding:
    if reason in (Reason.TIMEOUT, Reason.DNS_FAILED) and deadline.overdue() > ASLEEP_SECONDS:
        # Stopped, suspended or starved: whatever did not come in time, it is not the far side's
        # fault.
        reason = Reason.MONITOR_ERROR
        facts = {"detail": LATE}
    now = datetime.now(UTC)
    return Finding(
        asked.text,
        asked.hostname or None,
        reason,
        now,
        deadline.elapsed(),
        port=asked.port,
        **facts,
    )
