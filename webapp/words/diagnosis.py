"""The steps of a diagnosis in words, for the page and the terminal.

Customers are told what their visitors see and who can fix it; staff are told everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, tzinfo

from webapp.probe import to_unicode
from webapp.probe.address import Endpoint
from webapp.probe.certificate import clean
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
    Told,
    at_text,
    facts_of,
    few,
    few_names,
    title_of,
)


def tell(step: Step, *, staff: bool, zone: tzinfo = UTC) -> Told:
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
        endpoint: f"server {number}" for number, endpoint in enumerate(dict.fromkeys(asked), 1)
    }

    def hidden(endpoint: Endpoint) -> Endpoint:
        return Endpoint(labels.get(endpoint, "the server"), 0)

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


def _name(step: NameUnderstood, admin: bool) -> Told:
    if step.hostname is None:
        refused = (
            hostnames.refusal_text(step.refusal, step.allowed_ports, admin=admin)
            if step.refusal
            else ""
        )
        return Told("The name", UNSURE, refused, facts_of(("Entered", clean(step.text, 100))))
    asked = authority(step.hostname, step.port)
    shown = to_unicode(asked)
    left_out = tuple(hostnames.left_out_texts(step.text))
    return Told(
        "The name",
        GOOD,
        shown,
        facts_of(("In DNS", step.hostname if shown != asked else "")),
        left_out,
    )


def _dns(step: DnsAnswer, staff: bool) -> Told:
    notes = tuple(note_words.stray_texts(step.stray, step.reason)) if staff else ()
    if step.reason is not None:
        words = reasons.WORDS[step.reason]
        facts = (
            facts_of(("Answer", clean(step.detail)), ("Addresses", few(step.addresses)))
            if staff
            else ()
        )
        return Told("Where the name leads", UNSURE, words.customer, facts, notes)
    aliases = (
        "not told by the name servers"
        if step.aliases is None
        else " → ".join(step.aliases) or "none"
    )
    # Only staff read an address that must not be asked.
    shown = step.addresses if staff else step.askable
    if step.instead and not staff:
        return Told(
            "Where the name leads",
            GOOD,
            "This site checks a server that the provider has set for this name.",
        )
    facts = facts_of(
        ("IPv4 (A)", few([text for text in shown if ":" not in text])),
        ("IPv6 (AAAA)", few([text for text in shown if ":" in text]) or "none"),
        ("Aliases (CNAME)", "" if step.instead or not staff else aliases),
        ("Resolver", "" if step.instead or not staff else f"answered in {step.seconds:.3f} s"),
    )
    instead = (
        "PADLOCK_CONNECT_TO says where to ask: DNS was not asked." if step.instead and staff else ""
    )
    return Told("Where the name leads", NOTE if notes else GOOD, instead, facts, notes)


def _address(step: AddressAsked, staff: bool) -> Told:
    finding = step.finding
    heading = f"Server at {at_text(step.endpoint) if staff else step.endpoint.address}"
    if not step.endpoint.port:
        heading = step.endpoint.address.capitalize()
    text = f"{verdicts.title(finding.state, finding.reason, finding)}."
    if not staff:
        return Told(heading, MARKS[finding.state], text)
    said = [verdicts.problem_text(problem) for problem in finding.problems]
    if finding.detail and finding.detail not in (problem.text for problem in finding.problems):
        said.append(finding.detail)
    facts = facts_of(
        ("Connected", f"in {step.connect_seconds:.3f} s" if step.connected else "no"),
        ("TLS", f"{finding.tls_version}, {step.cipher}" if finding.tls_version else ""),
        ("ALPN", step.alpn or "none chosen" if finding.tls_version else ""),
        ("Handshake", f"{step.handshake_seconds:.3f} s" if step.connected else ""),
        ("OpenSSL", "; ".join(said)),
        ("OCSP staple", note_words.staple_text(finding.staple) if finding.tls_version else ""),
        ("curl ends with", _curl(step)),
        ("Certificate", step.fingerprint),
    )
    return Told(heading, MARKS[finding.state], text, facts)


def _curl(step: AddressAsked) -> str:
    if step.curl is None:
        return ""
    stapled = curl_errors.only_stapled(step.finding)
    return (
        f"{step.curl}; {curl_errors.CERT_STATUS_FAILED} with --cert-status"
        if stapled
        else str(step.curl)
    )


def _compared(step: AddressesCompared) -> Told:
    heading = "The addresses beside each other"
    if not (step.odd or step.other_certificate):
        return Told(heading, GOOD, "They all show the same.")
    notes = [f"{at_text(one.endpoint)}: {title_of(one.finding)}." for one in step.odd]
    notes += [
        f"{at_text(one.endpoint)}: as well, with another certificate."
        for one in step.other_certificate
    ]
    text = f"They differ. Most visitors meet {at_text(step.leading)}; some meet another."
    return Told(heading, BAD if step.odd else NOTE, text, notes=tuple(notes))


def _names(step: NamesCovered) -> Told:
    def told(name: str, covered: bool) -> str:
        return f"{to_unicode(name)}: {'covered' if covered else 'not covered'}"

    other = "Without www." if step.hostname.startswith("www.") else "With www."
    facts = facts_of(
        ("This name", told(step.hostname, step.covered)),
        (other, told(step.sibling, step.sibling_covered)),
        ("All names", few_names(step.names, step.total)),
        (certificates.UNREADABLE, "" if step.all_read else certificates.FIELDS[Field.NAMES]),
    )
    return Told("Names that the certificate is for", GOOD if step.covered else BAD, facts=facts)


def _http(step: HttpAnswer, staff: bool) -> Told:
    answer = step.answer
    heading = "The website" if step.secure else "The website without https"
    if answer.failure is not None:
        text = website.HTTP_FAILURES[answer.failure]
        if step.speaks_http2 and answer.failure in HTTP2_ONLY:
            return Told(heading, PLAIN, website.HTTP2_ONLY)
        return Told(
            heading,
            NOTE if step.secure else PLAIN,
            text,
            facts_of(("Answer", answer.detail)) if staff else (),
        )
    facts = facts_of(
        ("Answer", f"{answer.status} {answer.phrase}"),
        ("Leads to", f"{answer.location} (not followed)" if answer.location else ""),
        ("Strict-Transport-Security", (answer.hsts or "not sent") if step.secure and staff else ""),
        ("Server", answer.server if staff else ""),
        ("Network", answer.edge),
    )
    if step.secure:
        return Told(heading, GOOD if (answer.status or 0) < 500 else NOTE, facts=facts)
    text = (
        "Visitors are sent on to https."
        if answer.to_https
        else "Visitors are not sent on to https, and stay insecure."
    )
    return Told(heading, GOOD if answer.to_https else NOTE, text, facts)


def _origin(step: OriginAsked, staff: bool) -> Told:
    words = website.ORIGINS[step.origin]
    mark = {Origin.HERE: GOOD, Origin.CDN: NOTE}.get(step.origin, BAD)
    finding = step.finding
    shows = "" if finding is None else title_of(finding)
    facts = (
        facts_of(("Our server", step.server), ("It shows", shows), ("Network", step.edge))
        if staff
        else ()
    )
    return Told(words.label, mark, words.staff if staff else words.customer, facts)


def command(finding: Finding) -> str:
    """The command with which a person sees the same; empty where nothing is sent."""
    if finding.hostname is None or reasons.WORDS[finding.reason].curl is None:
        return ""
    return curl_errors.command_for(finding)
