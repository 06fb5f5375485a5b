"""One name from input to finding, and many of them at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from webapp.probe import browsers, certificate, chain, curl, handshake, judge, staple, trust_store
from webapp.probe.address import (
    ConnectTo,
    Endpoint,
    Lookup,
    LookupFailed,
    Network,
    Policy,
    endpoints,
    system_lookup,
)
from webapp.probe.address_limits import AddressLimits, NoSlot
from webapp.probe.deadline import Deadline
from webapp.probe.effort import TooMuchWork
from webapp.probe.faults import Faults, log_fault
from webapp.probe.finding import (
    Asked,
    Contact,
    Ending,
    Finding,
    Note,
    Problem,
    Reason,
    Staple,
    StapleStatus,
    Stray,
)
from webapp.probe.hostname import NotCheckable, understand
from webapp.probe.protocols import DEFAULT_PORTS
from webapp.probe.trust_store import Trust
from webapp.probe.waiting import Crew, Probe, Wait, drive

log = logging.getLogger(__name__)

# Seconds past its deadline from which a silence says more about this machine than about the far
# side
ASLEEP_SECONDS = 5.0
GATHER_SECONDS = 0.002  # seconds for which findings gather while there is no room for another name
RETRY_SECONDS = 0.25  # seconds before red without a certificate is confirmed by a second try


@dataclass(frozen=True, slots=True)
class Settings:
    """How to ask. `timeout` is the total in seconds: resolve, connect and handshake together."""

    timeout: float = 10.0
    ca_bundle: Path | None = None  # None: certifi's
    allowed_networks: tuple[Network, ...] = ()
    denied_networks: tuple[Network, ...] = ()
    connect_to: tuple[ConnectTo, ...] = ()
    ports: tuple[int, ...] = DEFAULT_PORTS  # no other is asked
    lookup: Lookup = system_lookup

    @property
    def policy(self) -> Policy:
        """Which addresses may be asked."""
        return Policy(self.allowed_networks, self.denied_networks)


DEFAULT = Settings()
LATE = "this machine stood still while it waited for an answer"
NOT_ASKED = "not asked: its server has left the names before it without an answer"


def check(text: str, settings: Settings = DEFAULT) -> Finding:
    """What the TLS server of the host name and port in `text` shows, now.

    Never raises: what goes wrong over there is the answer, what goes wrong here is logged and
    answered as `monitor_error`.
    """
    return drive(probe(text, settings))


def check_many(
    hosts: Iterable[str], settings: Settings = DEFAULT, concurrency: int = 64
) -> Iterator[Finding]:
    """A finding for each of `hosts`, as they finish, `concurrency` at a time.

    `hosts` may be endless: it is read as fast as findings are taken, and no more than `concurrency`
    are under way. It is read in the caller's thread: while it blocks, nothing is yielded.
    """
    finished: SimpleQueue[Future[Finding]] = SimpleQueue()
    flying = 0
    faults = Faults()
    with ExitStack() as stack:
        stack.callback(faults.report)
        crew = stack.enter_context(closing(Crew[Finding](concurrency, "probe")))
        for host in hosts:
            crew.submit(probe(host, settings, faults=faults)).add_done_callback(finished.put)
            flying += 1
            if flying >= concurrency:
                # Each look takes the interpreter from the thread that shakes hands: some at once
                # are 7 % quicker.
                time.sleep(GATHER_SECONDS)
            while flying >= concurrency or not finished.empty():
                yield finished.get().result()
                flying -= 1
        while flying:
            yield finished.get().result()
            flying -= 1


def probe(
    text: str,
    settings: Settings = DEFAULT,
    turns: AddressLimits | None = None,
    faults: Faults | None = None,
) -> Probe[Finding]:
    """`check` as a generator, for a caller that waits for many: see `waiting`.

    With `turns` it waits in the queue at a busy address; that time does not count. `faults` logs
    failures of our own that many have in common once.
    """
    deadline = Deadline(settings.timeout)
    asked = Asked(text)
    try:
        asked = asked_for(text, settings)
        hostname = asked.hostname
        trust = trust_store.trust(settings.ca_bundle)
        where = yield from endpoints(
            hostname,
            deadline,
            port=asked.port,
            lookup=settings.lookup,
            policy=settings.policy,
            connect_to=settings.connect_to,
        )
        if turns is None:
            contact = yield from confirmed(hostname, where.endpoints, trust, deadline)
        else:
            contact = yield from _within_limits(hostname, where.endpoints, trust, deadline, turns)
        return judged(asked, contact, deadline, where.stray)
    except Exception as error:  # noqa: BLE001 - told apart, and logged where it is ours
        return failed(asked, error, deadline, faults.log if faults is not None else log_fault)


def asked_for(text: str, settings: Settings) -> Asked:
    """What `text` asks for. Raises `NotCheckable`."""
    understood = understand(text, settings.ports)
    return Asked(text, understood.hostname, understood.port)


def judged(
    asked: Asked, contact: Contact, deadline: Deadline, stray: tuple[Stray, ...] = ()
) -> Finding:
    """The finding that one contact comes to, with the addresses of the name that were not asked."""
    hostname = asked.hostname
    leaf = certificate.read(contact.leaf) if contact.leaf is not None else None
    doubted = any(code == judge.HOSTNAME_MISMATCH for code, _, _ in contact.errors)
    reason, problems = judge.judge(
        contact,
        issuer_missing=not contact.sent
        or certificate.lacks_issuer(contact.sent[0], contact.sent[1:]),
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
    detail = certificate.clean(f"{type(error).__name__}: {error}")
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


def _within_limits(
    hostname: str, where: Sequence[Endpoint], trust: Trust, deadline: Deadline, turns: AddressLimits
) -> Probe[Contact]:
    """The same as `confirmed`, when it is this name's turn at all its addresses.

    Raises `NoSlot`.
    """
    since = time.monotonic()
    taken = yield from turns.take(where)
    deadline.stand_still(since)
    try:
        if turns.down(where):
            return Contact(Ending.TIMEOUT, NOT_ASKED, where[0].address, where[0].port)
        contact = yield from confirmed(hostname, where, trust, deadline)
        if contact.ending is Ending.TIMEOUT:
            turns.silent(where)
        elif contact.address is not None:
            turns.answered(Endpoint(contact.address, contact.port))
        return contact
    finally:
        turns.give_back(taken)


_CUT_OFF = (Ending.REFUSED, Ending.RESET, Ending.CUT_OFF_LATE, Ending.CLOSED_LATE)


def confirmed(
    hostname: str,
    where: Sequence[Endpoint],
    trust: Trust,
    deadline: Deadline,
    *,
    closely: bool = False,
) -> Probe[Contact]:
    """A contact; one that was refused or cut off is confirmed by a second try.

    Where its chain does not verify, another path over the certificates sent is looked for.
    """
    contact = yield from _twice(hostname, where, trust, deadline, closely=closely)
    return _with_other_path(contact, trust)


def asked_once(
    hostname: str, where: Sequence[Endpoint], trust: Trust, deadline: Deadline
) -> Probe[Contact]:
    """The same without a second try."""
    contact = yield from handshake.shake_hands(hostname, where, trust, deadline)
    return _with_other_path(contact, trust)


def _with_other_path(contact: Contact, trust: Trust) -> Contact:
    if not chain.may_have_other_path(contact):
        return contact
    return replace(
        contact, other_path=chain.other_path(contact.sent, partial(trust_store.path_over, trust))
    )


def _twice(
    hostname: str, where: Sequence[Endpoint], trust: Trust, deadline: Deadline, *, closely: bool
) -> Probe[Contact]:
    contact = yield from handshake.shake_hands(hostname, where, trust, deadline, closely=closely)
    cut_off = contact.ending in _CUT_OFF
    if not cut_off or contact.costly or deadline.remaining() <= RETRY_SECONDS:
        return contact
    yield Wait(deadline.within(RETRY_SECONDS))
    second = yield from handshake.shake_hands(hostname, where, trust, deadline, closely=closely)
    # Silence the second time does not take the first answer back.
    return contact if second.ending is Ending.TIMEOUT else second
