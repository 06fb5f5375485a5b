"""One address of a diagnosis: all that was seen there, and which address leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from webapp.probe import assessment, curl, engine, http_answer, trust_store
from webapp.probe.address import Endpoint
from webapp.probe.contact import Closeup, Contact, Ending
from webapp.probe.deadline import Deadline
from webapp.probe.effort import Effort, TooMuchWork, bounded
from webapp.probe.engine import Settings
from webapp.probe.finding import Asked, Finding, Stray
from webapp.probe.steps import AddressAsked, AddressesCompared, AnswerHead
from webapp.probe.waiting import drive

HTTP_SECONDS = 5.0  # for each of the two HTTP answers, which decide nothing either


@dataclass(slots=True)
class AddressSeen:
    """An address with all that was seen there."""

    contact: Contact
    finding: Finding
    answer: AnswerHead | None = None
    endpoint: Endpoint = field(init=False)

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(self.contact.address or "", self.contact.port)

    @property
    def closeup(self) -> Closeup | None:
        return self.contact.closeup

    @property
    def speaks_http2(self) -> bool:
        return self.closeup is not None and self.closeup.alpn == "h2"

    @property
    def step(self) -> AddressAsked:
        number = curl.with_answer(self.finding.curl, self.answer, speaks_http2=self.speaks_http2)
        seen = self.closeup
        return AddressAsked(
            self.endpoint,
            self.finding,
            connected=seen is not None,
            curl=number,
            connect_seconds=seen.connect_seconds if seen else 0.0,
            handshake_seconds=seen.handshake_seconds if seen else 0.0,
            cipher=seen.cipher if seen else "",
            alpn=seen.alpn if seen else "",
        )


def look_at(
    wanted: Asked,
    endpoint: Endpoint,
    trust: trust_store.Trust,
    settings: Settings,
    stray: tuple[Stray, ...],
    effort: Effort,
    share: float,
) -> AddressSeen:
    """One address by itself; and what its web server says, where the handshake got so far that it
    can say anything."""
    hostname = wanted.hostname
    deadline = Deadline(settings.timeout)
    confirmed = engine.confirmed(hostname, [endpoint], trust, deadline, closely=True)
    try:
        contact = drive(bounded(confirmed, effort, share))
    except TooMuchWork as error:
        contact = Contact(Ending.TIMEOUT, str(error), endpoint.address, endpoint.port)
        return AddressSeen(contact, assessment.failed(wanted, error, deadline))
    with effort.working():
        asked = AddressSeen(contact, assessment.judged(wanted, contact, deadline, stray))
    leaf = asked.finding.certificate
    if contact.ending is Ending.DONE and leaf is not None:
        deadline = Deadline(HTTP_SECONDS)
        asked.answer = http_answer.ask(
            hostname, endpoint, deadline, leaf.fingerprint, effort, port=wanted.port
        )
    return asked


def leading_address(asked: Sequence[AddressSeen]) -> AddressSeen:
    """The address whose answer the padlock shows: the first that takes a connection.

    Where none does, one that may still live counts more than one that refuses, and that more than
    one without a route.
    """
    connected = next((one for one in asked if one.closeup is not None), None)
    return connected or min(asked, key=lambda one: _NO_CONNECTION.index(one.contact.ending))


_NO_CONNECTION = (Ending.TIMEOUT, Ending.RESET, Ending.REFUSED, Ending.UNREACHABLE)


def compared(
    asked: Sequence[AddressSeen], leading: AddressSeen, odd: tuple[AddressAsked, ...]
) -> AddressesCompared:
    steps = [one.step for one in asked]
    seen = [one for one in steps if one.connected and one not in odd]
    other = [one for one in seen if one.fingerprint != leading.step.fingerprint]
    return AddressesCompared(leading.endpoint, odd, tuple(other))
