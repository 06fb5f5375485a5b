"""The steps of a diagnosis in words, for the page and the terminal.

Customers are told what their visitors see and who can fix it; staff are told everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, tzinfo

from webapp.probe import to_unicode
from webapp.probe.address import Endpoint
from webapp.probe.clean_text import clean
from webapp.probe.curl import HTTP2_ONLY
from webapp.probe.finding import Field, Finding
from webapp.probe.protocols import authority
from webapp.probe.steps import (
    AddressAsked,
    AddressesCompared,
    ChainSeen,
    DnsAnswer,
    HttpAnswer,
    NamesCovered,
    NameUnderstood,
    Origin,
    OriginAsked,
    SecondCertificate,
    Step,
    Verdict,
)
from webapp.words import certificates, curl_errors, hostnames, reasons, verdicts, website
from webapp.words import notes as note_words
from webapp.words.diagnosis_chain import chain_text, second_certificate_text
from webapp.words.diagnosis_verdict import verdict_text
from webapp.words.told import (
    BAD,
    GOOD,
    MARKS,
    NOTE,
    PLAIN,
    UNSURE,
    StepText,
    at_text,
    facts_of,
    few,
    few_names,
    title_of,
)
from webapp.words.translation import gettext


def tell(step: Step, *, staff: bool, zone: tzinfo = UTC) -> StepText:
    """One step in words; days are those of this zone's calendar."""
    match step:
        case NameUnderstood():
            return _name(step, staff)
        case DnsAnswer():
            return _dns(step, staff)
        case AddressAsked():
            return _address(step, staff)
        case AddressesCompared():
            return _compared(step)
        case ChainSeen():
            return chain_text(step, staff)
        case NamesCovered():
            return _names(step)
        case SecondCertificate():
            return second_certificate_text(step, staff, zone)
        case HttpAnswer():
            return _http(step, staff)
        case OriginAsked():
            return _origin(step, staff)
        case Verdict():
            return verdict_text(step, staff, zone)


def for_client(steps: Sequence[Step]) -> list[Step]:
    """The same steps without the addresses that PADLOCK_CONNECT_TO led to: a CDN's customers must
    not read its origin.

    Each hidden endpoint becomes "server 1", "server 2", ... with port 0.
    """
    if not any(isinstance(step, DnsAnswer) and step.instead for step in steps):
        return list(steps)
    asked = [step.endpoint for step in steps if isinstance(step, AddressAsked)]
    labels = {
        endpoint: gettext("server {number}", number=number)
        for number, endpoint in enumerate(dict.fromkeys(asked), 1)
    }

    def hidden(endpoint: Endpoint) -> Endpoint:
        return Endpoint(labels.get(endpoint, gettext("the server")), 0)

    def finding_hidden(finding: Finding) -> Finding:
        return replace(finding, address=None, address_port=finding.port, stray=())

    def asked_hidden(step: AddressAsked) -> AddressAsked:
        return replace(step, endpoint=hidden(step.endpoint), finding=finding_hidden(step.finding))

    def second_hidden(step: SecondCertificate) -> SecondCertificate:
        return replace(step, endpoint=hidden(step.endpoint), finding=finding_hidden(step.finding))

    def step_hidden(step: Step) -> Step:
        match step:
            case DnsAnswer():
                return replace(step, addresses=(), askable=(), stray=(), detail="")
            case AddressAsked():
                return asked_hidden(step)
            case AddressesCompared():
                odd = tuple(map(asked_hidden, step.odd))
                other = tuple(map(asked_hidden, step.other_certificate))
                return AddressesCompared(hidden(step.leading), odd, other)
            case ChainSeen():
                return replace(step, endpoint=hidden(step.endpoint))
            case SecondCertificate():
                return second_hidden(step)
            case OriginAsked():
                return replace(
                    step, server="", finding=step.finding and finding_hidden(step.finding)
                )
            case Verdict():
                second = step.second and second_hidden(step.second)
                odd = tuple(map(asked_hidden, step.odd))
                return replace(step, finding=finding_hidden(step.finding), odd=odd, second=second)
            case _:
                return step

    return [step_hidden(step) for step in steps]


def _name(step: NameUnderstood, admin: bool) -> StepText:
    if step.hostname is None:
        refused = (
            hostnames.refusal_text(step.refusal, step.allowed_ports, admin=admin)
            if step.refusal
            else ""
        )
        entered = facts_of((gettext("Entered"), clean(step.text, 100)))
        return StepText(gettext("The name"), UNSURE, refused, entered)
    asked = authority(step.hostname, step.port)
    shown = to_unicode(asked)
    left_out = tuple(hostnames.left_out_texts(step.text))
    return StepText(
        gettext("The name"),
        GOOD,
        shown,
        facts_of((gettext("In DNS"), step.hostname if shown != asked else "")),
        left_out,
    )


def _dns(step: DnsAnswer, staff: bool) -> StepText:
    heading = gettext("Where the name points")
    notes = tuple(note_words.stray_texts(step.stray, step.reason)) if staff else ()
    if step.reason is not None:
        words = reasons.WORDS[step.reason]
        facts = (
            facts_of(
                (gettext("Answer"), clean(step.detail)),
                (gettext("Addresses"), few(step.addresses)),
            )
            if staff
            else ()
        )
        return StepText(heading, UNSURE, words.customer, facts, notes)
    if step.aliases is None:
        aliases = gettext("not given by the name servers")
    else:
        aliases = " → ".join(step.aliases) or gettext("none")
    # Only staff read an address that must not be asked.
    shown = step.addresses if staff else step.askable
    if step.instead and not staff:
        return StepText(
            heading,
            GOOD,
            gettext("This site checks a server that the provider has set for this name."),
        )
    resolver = gettext("answered in {seconds:.3f} s", seconds=step.seconds)
    facts = facts_of(
        (gettext("IPv4 (A)"), few([text for text in shown if ":" not in text])),
        (gettext("IPv6 (AAAA)"), few([text for text in shown if ":" in text]) or gettext("none")),
        (gettext("Aliases (CNAME)"), "" if step.instead or not staff else aliases),
        (gettext("Resolver"), "" if step.instead or not staff else resolver),
    )
    instead = (
        gettext("PADLOCK_CONNECT_TO sets the address: DNS was not queried.")
        if step.instead and staff
        else ""
    )
    return StepText(heading, NOTE if notes else GOOD, instead, facts, notes)


def _address(step: AddressAsked, staff: bool) -> StepText:
    finding = step.finding
    if step.endpoint.port:
        address = at_text(step.endpoint) if staff else step.endpoint.address
        heading = gettext("Server at {address}", address=address)
    else:
        heading = step.endpoint.address.capitalize()
    text = gettext("{title}.", title=verdicts.title(finding.state, finding.reason, finding))
    if not staff:
        return StepText(heading, MARKS[finding.state], text)
    said = [verdicts.problem_text(problem) for problem in finding.problems]
    if finding.detail and finding.detail not in (problem.text for problem in finding.problems):
        said.append(finding.detail)
    spoken = finding.tls_version
    cipher = gettext("{version}, {cipher}", version=spoken, cipher=step.cipher)
    handshake = gettext("{seconds:.3f} s", seconds=step.handshake_seconds)
    facts = facts_of(
        (gettext("Connected"), _connected(step)),
        (gettext("TLS"), cipher if spoken else ""),
        (gettext("ALPN"), step.alpn or gettext("none selected") if spoken else ""),
        (gettext("Handshake"), handshake if step.connected else ""),
        (gettext("OpenSSL"), "; ".join(said)),
        (gettext("OCSP staple"), note_words.staple_text(finding.staple) if spoken else ""),
        (gettext("curl exits with"), _curl(step)),
        (gettext("Certificate"), step.fingerprint),
    )
    return StepText(heading, MARKS[finding.state], text, facts)


def _connected(step: AddressAsked) -> str:
    if not step.connected:
        return gettext("no")
    return gettext("in {seconds:.3f} s", seconds=step.connect_seconds)


def _curl(step: AddressAsked) -> str:
    if step.curl is None:
        return ""
    if not curl_errors.only_stapled(step.finding):
        return str(step.curl)
    return gettext(
        "{number}; {stapled} with --cert-status",
        number=step.curl,
        stapled=curl_errors.CERT_STATUS_FAILED,
    )


def _compared(step: AddressesCompared) -> StepText:
    heading = gettext("Comparison of the addresses")
    if not (step.odd or step.other_certificate):
        return StepText(heading, GOOD, gettext("They all give the same result."))
    notes = [
        gettext("{address}: {title}.", address=at_text(one.endpoint), title=title_of(one.finding))
        for one in step.odd
    ]
    notes += [
        gettext(
            "{address}: the same result, but a different certificate.",
            address=at_text(one.endpoint),
        )
        for one in step.other_certificate
    ]
    text = gettext(
        "They differ. Most visitors reach {address}; some reach another.",
        address=at_text(step.leading),
    )
    return StepText(heading, BAD if step.odd else NOTE, text, notes=tuple(notes))


def _names(step: NamesCovered) -> StepText:
    def told(name: str, covered: bool) -> str:
        if covered:
            return gettext("{name}: covered", name=to_unicode(name))
        return gettext("{name}: not covered", name=to_unicode(name))

    without = step.hostname.startswith("www.")
    other = gettext("Without www.") if without else gettext("With www.")
    facts = facts_of(
        (gettext("This name"), told(step.hostname, step.covered)),
        (other, told(step.sibling, step.sibling_covered)),
        (gettext("All names"), few_names(step.names, step.total)),
        (certificates.not_readable(), "" if step.all_read else certificates.FIELDS[Field.NAMES]),
    )
    heading = gettext("Names that the certificate covers")
    return StepText(heading, GOOD if step.covered else BAD, facts=facts)


def _http(step: HttpAnswer, staff: bool) -> StepText:
    answer = step.answer
    heading = gettext("The website") if step.secure else gettext("The website without https")
    if answer.failure is not None:
        text = website.HTTP_FAILURES[answer.failure]
        if step.speaks_http2 and answer.failure in HTTP2_ONLY:
            return StepText(heading, PLAIN, website.http2_only())
        return StepText(
            heading,
            NOTE if step.secure else PLAIN,
            text,
            facts_of((gettext("Answer"), answer.detail)) if staff else (),
        )
    leads_to = gettext("{address} (not followed)", address=answer.location)
    hsts = answer.hsts or gettext("not sent")
    facts = facts_of(
        (gettext("Answer"), f"{answer.status} {answer.phrase}"),
        (gettext("Redirects to"), leads_to if answer.location else ""),
        ("Strict-Transport-Security", hsts if step.secure and staff else ""),
        (gettext("Server"), answer.server if staff else ""),
        (gettext("Network"), answer.edge),
    )
    if step.secure:
        return StepText(heading, GOOD if (answer.status or 0) < 500 else NOTE, facts=facts)
    if answer.to_https:
        return StepText(heading, GOOD, gettext("Visitors are redirected to https."), facts)
    text = gettext("Visitors are not redirected to https, so their connection stays insecure.")
    return StepText(heading, NOTE, text, facts)


def _origin(step: OriginAsked, staff: bool) -> StepText:
    words = website.ORIGINS[step.origin]
    mark = {Origin.HERE: GOOD, Origin.CDN: NOTE}.get(step.origin, BAD)
    if not staff:
        return StepText(words.label, mark, words.customer)
    facts = facts_of(
        (gettext("Our server"), step.server),
        (gettext("Its result"), "" if step.finding is None else title_of(step.finding)),
        (gettext("Network"), step.edge),
    )
    return StepText(words.label, mark, words.staff, facts)


def command(finding: Finding) -> str:
    """The command with which a person sees the same; empty where nothing is sent."""
    if finding.hostname is None or reasons.WORDS[finding.reason].curl is None:
        return ""
    return curl_errors.command_for(finding)
