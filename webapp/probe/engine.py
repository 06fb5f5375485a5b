"""One name from input to finding, and many of them at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from webapp.probe import handshake, other_paths, trust_store
from webapp.probe.address import ConnectTo, Endpoint, Lookup, endpoints, system_lookup
from webapp.probe.address_limits import AddressLimits
from webapp.probe.address_policy import Network, Policy
from webapp.probe.assessment import failed, judged
from webapp.probe.contact import Contact, Ending
from webapp.probe.deadline import Deadline
from webapp.probe.faults import Faults, log_fault
from webapp.probe.finding import Asked, Finding
from webapp.probe.hostname import understand
from webapp.probe.protocols import DEFAULT_PORTS
from webapp.probe.trust_store import Trust
from webapp.probe.waiting import Crew, Probe, Wait, drive

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
    limits: AddressLimits | None = None,
    faults: Faults | None = None,
) -> Probe[Finding]:
    """`check` as a generator, for a caller that waits for many: see `waiting`.

    With `limits` it waits in the queue at a busy address; that time does not count. `faults` logs
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
        if limits is None:
            contact = yield from confirmed(hostname, where.endpoints, trust, deadline)
        else:
            # Between two tries other names have the turn
            once = partial(_in_turn, hostname, where.endpoints, trust, deadline, limits)
            contact = _with_other_path((yield from _twice(once, deadline)), trust)
        return judged(asked, contact, deadline, where.stray)
    except Exception as error:  # noqa: BLE001 - told apart, and logged where it is ours
        return failed(asked, error, deadline, faults.log if faults is not None else log_fault)


def asked_for(text: str, settings: Settings) -> Asked:
    """What `text` asks for. Raises `NotCheckable`."""
    understood = understand(text, settings.ports)
    return Asked(text, understood.hostname, understood.port)


def _in_turn(
    hostname: str,
    where: Sequence[Endpoint],
    trust: Trust,
    deadline: Deadline,
    limits: AddressLimits,
) -> Probe[Contact]:
    """One try, once it is this name's turn at all its addresses. Raises `NoSlot`."""
    since = time.monotonic()
    taken = yield from limits.take(where)
    deadline.stand_still(since)
    try:
        if limits.down(where):
            return Contact(Ending.TIMEOUT, NOT_ASKED, where[0].address, where[0].port)
        contact = yield from handshake.shake_hands(hostname, where, trust, deadline)
        if contact.ending is Ending.TIMEOUT:
            limits.silent(where)
        elif contact.address is not None:
            limits.answered(Endpoint(contact.address, contact.port))
        return contact
    finally:
        limits.give_back(taken)


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
    once = partial(handshake.shake_hands, hostname, where, trust, deadline, closely=closely)
    return _with_other_path((yield from _twice(once, deadline)), trust)


def asked_once(
    hostname: str, where: Sequence[Endpoint], trust: Trust, deadline: Deadline
) -> Probe[Contact]:
    """The same without a second try."""
    contact = yield from handshake.shake_hands(hostname, where, trust, deadline)
    return _with_other_path(contact, trust)


def _with_other_path(contact: Contact, trust: Trust) -> Contact:
    if not other_paths.may_have_other_path(contact):
        return contact
    return replace(
        contact,
        other_path=other_paths.other_path(contact.sent, partial(trust_store.path_over, trust)),
    )


def _twice(once: Callable[[], Probe[Contact]], deadline: Deadline) -> Probe[Contact]:
    contact = yield from once()
    cut_off = contact.ending in _CUT_OFF
    if not cut_off or contact.costly or deadline.remaining() <= RETRY_SECONDS:
        return contact
    yield Wait(deadline.within(RETRY_SECONDS))
    second = yield from once()
    # Silence the second time does not take the first answer back.
    return contact if second.ending is Ending.TIMEOUT else second
