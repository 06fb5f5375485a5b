"""The long look at one name: every address, the chain, the HTTP answer, and what to make of it,
step by step.

Every connection goes to an address that was vetted, no wait is without an end, and nothing is
followed. What the padlock shows is judged as every check is; the rest explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from ipaddress import ip_address

from webapp.probe import (
    assessment,
    certificate,
    chain,
    engine,
    http_answer,
    other_paths,
    trust_store,
)
from webapp.probe.address import Endpoint, LookupFailed, overridden, resolve, vetted
from webapp.probe.aliases import Aliases, system_aliases
from webapp.probe.deadline import Deadline
from webapp.probe.diagnosis_address import (
    HTTP_SECONDS,
    AddressSeen,
    compared,
    leading_address,
    look_at,
)
from webapp.probe.diagnosis_origin import origin_of
from webapp.probe.effort import Effort, TooMuchWork, bounded
from webapp.probe.engine import DEFAULT, Settings
from webapp.probe.finding import Asked, Field, Reason, Signing
from webapp.probe.hostname import NotCheckable
from webapp.probe.protocols import HTTPS_PORT
from webapp.probe.steps import (
    ChainSeen,
    DnsAnswer,
    HttpAnswer,
    NamesCovered,
    NameUnderstood,
    SecondCertificate,
    Step,
    Verdict,
)
from webapp.probe.waiting import drive

ALIAS_SECONDS = 2.0  # for the aliases, which decide nothing
SECOND_SECONDS = 5.0  # for the handshake that asks for a second certificate
MOST_CPU_SECONDS = 0.4  # for all that servers send; honest ones take a hundredth of it each
PLAIN_HTTP = 80


def diagnose(
    text: str,
    settings: Settings = DEFAULT,
    server: str | None = None,
    aliases: Aliases = system_aliases,
) -> Iterator[Step]:
    """The steps of a diagnosis as they are found; the last is a `Verdict`.

    Never raises, as `check`.

    `server` is the address of the server that the name is meant to lead to, where that is known: it
    is asked for the same name. `aliases` asks for CNAMEs. Takes three times the timeout of
    `settings` at most, and 15 seconds; of CPU time, a second.
    """
    deadline = Deadline(settings.timeout)
    wanted = Asked(text)
    try:
        wanted = engine.asked_for(text, settings)
        yield NameUnderstood(text, wanted.hostname, port=wanted.port)
        yield from _at_its_addresses(wanted, settings, server, aliases)
    except NotCheckable as error:
        yield NameUnderstood(text, None, error.refusal, error.allowed)
        yield Verdict(assessment.failed(wanted, error, deadline), None)
    except Exception as error:  # noqa: BLE001 - it is logged there
        yield Verdict(assessment.failed(wanted, error, deadline), None)


def _at_its_addresses(
    wanted: Asked, settings: Settings, server: str | None, aliases: Aliases
) -> Iterator[Step]:
    hostname = wanted.hostname
    deadline = Deadline(settings.timeout)
    trust = trust_store.trust(settings.ca_bundle)
    effort = Effort(MOST_CPU_SECONDS)
    dns, where = _dns(wanted, deadline, settings, aliases)
    yield dns
    if dns.reason is not None:
        if server is not None and dns.reason is Reason.DNS_NOT_FOUND:  # else no one can tell
            yield origin_of(wanted, server, settings, [], dns, "", effort)
        failure = LookupFailed(dns.reason, dns.detail, dns.stray)
        finding = assessment.failed(wanted, failure, deadline)
        yield Verdict(finding, finding.curl)
        return
    asked = []
    # Every address by itself, all of them at once
    with ThreadPoolExecutor(len(where), "diagnosis") as each:
        share = MOST_CPU_SECONDS / len(where)
        looks = [
            each.submit(look_at, wanted, endpoint, trust, settings, dns.stray, effort, share)
            for endpoint in where
        ]
        for look in as_completed(looks):
            asked.append(look.result())
            yield asked[-1].step
    asked.sort(key=lambda one: where.index(one.endpoint))
    leading = leading_address(asked)
    # An address without a route from here says nothing of its server: many machines have no IPv6.
    # Nor does one that was not asked for want of time.
    same = (leading.finding.reason, Reason.UNREACHABLE, Reason.MONITOR_ERROR)
    odd = tuple(one.step for one in asked if one.finding.reason not in same)
    if len(asked) > 1:
        yield compared(asked, leading, odd)
    seen: chain.Chain | None = None
    remarks: tuple[chain.Remark, ...] = ()
    if leading.closeup is not None and leading.closeup.served:
        path = leading.contact.other_path or leading.closeup.verified
        with effort.working():
            other_ways = other_paths.other_ways(
                leading.closeup.served, path, partial(trust_store.path_over, trust)
            )
            seen = chain.read(
                leading.closeup, leading.finding, leading.contact.other_path, other_ways
            )
            remarks = chain.weaknesses(seen, leading.finding)
        yield ChainSeen(leading.endpoint, seen)
        yield _names(hostname, leading)
    second = _second(wanted, leading, settings, effort)
    if second is not None:
        yield second
    yield from _http(wanted, leading, settings, effort)
    origin = None
    if server is not None:
        edge = leading.answer.edge if leading.answer else ""
        led = origin_of(wanted, server, settings, asked, dns, edge, effort)
        origin = led.origin
        yield led
    yield Verdict(
        leading.finding,
        leading.step.curl,
        remarks,
        odd,
        seen,
        origin,
        second,
        cut_short=effort.used_up,
    )


def _dns(
    wanted: Asked, deadline: Deadline, settings: Settings, aliases: Aliases
) -> tuple[DnsAnswer, list[Endpoint]]:
    """The step, and where to ask; nowhere, where that step has a reason."""
    hostname = wanted.hostname
    port = wanted.port
    to = settings.connect_to
    instead = bool(overridden(hostname, to, port))
    began = deadline.elapsed()
    try:
        lookup = settings.lookup
        found = drive(resolve(hostname, deadline, lookup=lookup, port=port, connect_to=to))
    except LookupFailed as error:
        took = deadline.elapsed() - began
        return DnsAnswer(
            hostname, took, instead=instead, reason=error.reason, detail=str(error), port=port
        ), []
    took = deadline.elapsed() - began
    addresses = tuple(dict.fromkeys(endpoint.address for endpoint in found))
    askable = tuple(text for text in addresses if settings.policy.refusal(ip_address(text)) is None)
    answer = DnsAnswer(hostname, took, addresses, askable, instead=instead, port=port)
    if not instead:
        told = aliases(hostname, min(ALIAS_SECONDS, deadline.remaining()))
        answer = replace(answer, aliases=None if told is None else tuple(told))
    try:
        where = vetted(found, settings.policy)
    except LookupFailed as error:
        return replace(answer, reason=error.reason, detail=str(error), stray=error.stray), []
    return replace(answer, stray=where.stray), where.endpoints


def _names(hostname: str, leading: AddressSeen) -> NamesCovered:
    finding = leading.finding
    leaf = leading.contact.leaf or b""
    read = finding.certificate or certificate.read(leaf)
    sibling = hostname.removeprefix("www.") if hostname.startswith("www.") else f"www.{hostname}"
    covered = not any(problem.reason is Reason.WRONG_HOSTNAME for problem in finding.problems)
    also = certificate.covers(leaf, sibling)
    return NamesCovered(
        hostname,
        read.names,
        covered,
        sibling,
        also,
        read.names_total,
        Field.NAMES not in read.unreadable,
    )


def _second(
    wanted: Asked, leading: AddressSeen, settings: Settings, effort: Effort
) -> SecondCertificate | None:
    """A second certificate at the leading address, for the other kind of key; None where there is
    none.

    Servers with one for ECDSA and one for RSA show each client the one that it prefers. No verdict
    depends on it.
    """
    leaf = leading.finding.certificate
    if leaf is None or not leading.contact.chain_seen:
        return None
    other = Signing.ECDSA if leaf.key.startswith("RSA") else Signing.RSA
    deadline = Deadline(SECOND_SECONDS)
    trust = trust_store.trust(settings.ca_bundle, other)
    try:
        contact = drive(
            bounded(engine.asked_once(wanted.hostname, [leading.endpoint], trust, deadline), effort)
        )
    except TooMuchWork:
        return None
    if not contact.chain_seen:
        return None
    with effort.working():
        finding = assessment.judged(wanted, contact, deadline)
    if finding.certificate is None or finding.certificate.fingerprint == leaf.fingerprint:
        return None
    return SecondCertificate(leading.endpoint, other, finding)


def _http(
    wanted: Asked, leading: AddressSeen, settings: Settings, effort: Effort
) -> Iterator[HttpAnswer]:
    hostname = wanted.hostname
    if leading.answer is not None:
        yield HttpAnswer(True, leading.answer, leading.speaks_http2)
    if wanted.port != HTTPS_PORT:
        return  # the plain site beside it is another one
    plain: Sequence[Endpoint] = [Endpoint(leading.endpoint.address, PLAIN_HTTP)]
    if overridden(hostname, settings.connect_to):
        # Where a setting leads HTTPS elsewhere, only a setting can say where plain HTTP is.
        plain = overridden(hostname, settings.connect_to, PLAIN_HTTP)
    try:
        where = vetted(plain, settings.policy).endpoints
    except LookupFailed:
        return  # it must not be asked there
    yield HttpAnswer(
        False, http_answer.ask(hostname, where[0], Deadline(HTTP_SECONDS), effort=effort)
    )
