"""A diagnosis as it is told to people, on the page and in the terminal. Pure, like `padlock`, whose words it uses.

Customers are told what their visitors see and who can mend it; staff are told everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from webapp import padlock
from webapp.probe import to_unicode
from webapp.probe.address import Endpoint
from webapp.probe.certificate import clean
from webapp.probe.chain import Chain, Part, Place
from webapp.probe.curl import HTTP2_ONLY
from webapp.probe.finding import Field, Finding, Reason, State
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

_SECOND = "The second certificate of the server"
GOOD, BAD, UNSURE, NOTE, PLAIN = "good", "bad", "unsure", "note", "plain"
MOST_SHOWN = 10  # names or addresses in one line

_MARKS = {State.VALID: GOOD, State.INVALID: BAD, State.UNKNOWN: UNSURE, State.INACTIVE: UNSURE}


@dataclass(frozen=True, slots=True)
class Told:
    """One step in words. `mark` is good, bad, unsure, note or plain; `facts` are labels with their values."""

    heading: str
    mark: str = PLAIN
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Told, ...] = ()


def tell(step: Step, *, staff: bool, zone: tzinfo = UTC) -> Told:
    """One step in words; days are those of this zone's calendar."""
    match step:
        case NameUnderstood():
            return _name(step)
        case DnsAnswer():
            return _dns(step, staff)
        case AddressAsked():
            return _address(step, staff)
        case AddressesCompared():
            return _compared(step)
        case ChainSeen():
            return _chain(step, staff)
        case NamesCovered():
            return _names(step)
        case SecondCertificate():
            return _second(step, staff, zone)
        case HttpAnswer():
            return _http(step, staff)
        case OriginAsked():
            return _origin(step, staff)
        case Verdict():
            return _verdict(step, staff, zone)


def _facts(*facts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((label, value) for label, value in facts if value)


def few(texts: Sequence[str], total: int = 0) -> str:
    """The first of these texts, and how many more there are; `total`, where these are not all."""
    more = max(total, len(texts)) - MOST_SHOWN
    return ", ".join(texts[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def few_names(names: Sequence[str], total: int) -> str:
    """The first of a certificate's names as people write them, and how many more there are; "none" where none is."""
    # Only those that are shown are decoded: each takes a millisecond where it is made for that.
    return few([to_unicode(name) for name in names[:MOST_SHOWN]], max(total, len(names))) or "none"


def at_text(endpoint: Endpoint) -> str:
    """Where an answer came from: "192.0.2.1 port 443", or "server 2" where `for_client` hides the address."""
    return f"{endpoint.address} port {endpoint.port}" if endpoint.port else endpoint.address


def for_client(steps: Sequence[Step]) -> list[Step]:
    """The same steps without the addresses that PADLOCK_CONNECT_TO led to: a CDN's customers must not read its origin.

    Each hidden endpoint becomes "server 1", "server 2", ... with port 0.
    """
    if not any(isinstance(step, DnsAnswer) and step.instead for step in steps):
        return list(steps)
    asked = [step.endpoint for step in steps if isinstance(step, AddressAsked)]
    labels = {endpoint: f"server {number}" for number, endpoint in enumerate(dict.fromkeys(asked), 1)}

    def hidden(endpoint: Endpoint) -> Endpoint:
        return Endpoint(labels.get(endpoint, "the server"), 0)

    def finding_hidden(finding: Finding) -> Finding:
        return replace(finding, address=None, port=443, stray=())

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
                return replace(step, server="", finding=step.finding and finding_hidden(step.finding))
            case Verdict():
                second = step.second and second_hidden(step.second)
                odd = tuple(map(asked_hidden, step.odd))
                return replace(step, finding=finding_hidden(step.finding), odd=odd, second=second)
            case _:
                return step

    return [step_hidden(step) for step in steps]


def _name(step: NameUnderstood) -> Told:
    if step.hostname is None:
        refused = padlock.REFUSALS[step.refusal] if step.refusal else ""
        return Told("The name", UNSURE, refused, _facts(("Entered", clean(step.text, 100))))
    shown, left_out = to_unicode(step.hostname), tuple(padlock.left_out_texts(step.text))
    return Told("The name", GOOD, shown, _facts(("In DNS", step.hostname if shown != step.hostname else "")), left_out)


def _dns(step: DnsAnswer, staff: bool) -> Told:
    notes = tuple(padlock.stray_texts(step.stray, step.reason)) if staff else ()
    if step.reason is not None:
        words = padlock.WORDS[step.reason]
        facts = _facts(("Answer", clean(step.detail)), ("Addresses", few(step.addresses))) if staff else ()
        return Told("Where the name leads", UNSURE, words.customer, facts, notes)
    aliases = "not told by the name servers" if step.aliases is None else " → ".join(step.aliases) or "none"
    # Only staff read an address that must not be asked.
    shown = step.addresses if staff else step.askable
    if step.instead and not staff:
        return Told("Where the name leads", GOOD, "This site checks a server that the provider has set for this name.")
    facts = _facts(
        ("IPv4 (A)", few([text for text in shown if ":" not in text])),
        ("IPv6 (AAAA)", few([text for text in shown if ":" in text]) or "none"),
        ("Aliases (CNAME)", "" if step.instead or not staff else aliases),
        ("Resolver", "" if step.instead or not staff else f"answered in {step.seconds:.3f} s"),
    )
    instead = "PADLOCK_CONNECT_TO says where to ask: DNS was not asked." if step.instead and staff else ""
    return Told("Where the name leads", NOTE if notes else GOOD, instead, facts, notes)


def _address(step: AddressAsked, staff: bool) -> Told:
    finding = step.finding
    heading = f"Server at {at_text(step.endpoint) if staff else step.endpoint.address}"
    if not step.endpoint.port:
        heading = step.endpoint.address.capitalize()
    text = f"{padlock.title(finding.state, finding.reason, finding)}."
    if not staff:
        return Told(heading, _MARKS[finding.state], text)
    said = [padlock.problem_text(problem) for problem in finding.problems]
    if finding.detail and finding.detail not in (problem.text for problem in finding.problems):
        said.append(finding.detail)
    facts = _facts(
        ("Connected", f"in {step.connect_seconds:.3f} s" if step.connected else "no"),
        ("TLS", f"{finding.tls_version}, {step.cipher}" if finding.tls_version else ""),
        ("ALPN", step.alpn or "none chosen" if finding.tls_version else ""),
        ("Handshake", f"{step.handshake_seconds:.3f} s" if step.connected else ""),
        ("OpenSSL", "; ".join(said)),
        ("OCSP staple", padlock.staple_text(finding.staple) if finding.tls_version else ""),
        ("curl ends with", _curl(step)),
        ("Certificate", step.fingerprint),
    )
    return Told(heading, _MARKS[finding.state], text, facts)


def _curl(step: AddressAsked) -> str:
    if step.curl is None:
        return ""
    stapled = padlock.only_stapled(step.finding)
    return f"{step.curl}; {padlock.CERT_STATUS_FAILED} with --cert-status" if stapled else str(step.curl)


def _compared(step: AddressesCompared) -> Told:
    heading = "The addresses beside each other"
    if not (step.odd or step.other_certificate):
        return Told(heading, GOOD, "They all show the same.")
    notes = [f"{at_text(one.endpoint)}: {_title(one.finding)}." for one in step.odd]
    notes += [f"{at_text(one.endpoint)}: as well, with another certificate." for one in step.other_certificate]
    text = f"They differ. Most visitors meet {at_text(step.leading)}; some meet another."
    return Told(heading, BAD if step.odd else NOTE, text, notes=tuple(notes))


def _title(finding: Finding) -> str:
    return padlock.title(finding.state, finding.reason, finding)


_PARTS = {
    Part.NEEDED: "",
    Part.NEEDLESS: "not needed",
    Part.ROOT: "root",
    Part.DEAD_END: "leads into a dead end",
    Part.OTHER_WAY: "leads to another trusted root",
    Part.UNPLACED: "not on the path",
}


def _chain(step: ChainSeen, staff: bool) -> Told:
    leaf = step.chain.served[0].link.certificate
    facts = _facts(
        ("Issued by", padlock.issuer_text(leaf.issuer, leaf.unreadable)),
        ("Valid from", _moment(leaf.not_before)),
        ("Valid until", _moment(leaf.not_after)),
        (padlock.UNREADABLE, padlock.unreadable_text(leaf.unreadable)),
    )
    missing = missing_text(step.chain)
    mark = BAD if any(place.problems for place in step.chain.served) or missing else GOOD
    if not staff:
        return Told("The certificate", mark, facts=facts)
    more = f"{step.chain.more} more were sent and are not shown." if step.chain.more else ""
    served = Told("As served", text=more, parts=tuple(_place(place) for place in step.chain.served))
    verified = Told("As verified", text=missing, parts=tuple(_place(place, path=True) for place in step.chain.verified))
    if not step.chain.other_path:
        return Told("The chain", mark, parts=(served, verified))
    works = tuple(_place(place, path=True) for place in step.chain.other_path)
    way = Told("The path that works, which browsers find and curl does not", parts=works)
    return Told("The chain", mark, parts=(served, verified, way))


def missing_text(chain: Chain) -> str:
    """Which issuer is missing, and where its certificate is published; empty where none is."""
    if chain.missing is None:
        return ""
    name = f"Missing: the certificate of {chain.missing.name or padlock.NO_ISSUER_NAME}."
    if chain.missing.addresses:
        return f"{name} Download it from {few(chain.missing.addresses)} (not contacted)."
    return f"{name} No download address is given, which is usual for a private authority."


def leave_out_text(chain: Chain) -> str:
    """Which certificates lead into a dead end, told apart from their namesakes; empty where none does."""
    if not chain.dead_ends:
        return ""
    sent = [place.link for place in chain.served]
    told = [
        f"number {sent.index(place.link) + 1} of those sent, for {place.link.subject or 'no name'}, issued by"
        f" {place.link.certificate.issuer or 'no name'} (SHA-256 {place.link.certificate.fingerprint})"
        for place in dict.fromkeys(chain.dead_ends)
    ]
    return f"Leave out {'; '.join(told[:MOST_SHOWN])}."


def _place(place: Place, *, path: bool = False) -> Told:
    certificate = place.link.certificate
    origin = "from the trust store" if path and not place.sent else _PARTS[place.part]
    problems = tuple(padlock.problem_text(problem) for problem in place.problems)
    mark = BAD if problems or place.part is Part.DEAD_END else NOTE if place.part is Part.NEEDLESS else GOOD
    facts = _facts(
        (
            "Issuer",
            "itself" if place.link.self_issued else padlock.issuer_text(certificate.issuer, certificate.unreadable),
        ),
        ("Valid", f"{_moment(certificate.not_before)} – {_moment(certificate.not_after)}"),
        ("Key", certificate.key),
        ("Signed with", certificate.signature),
        (padlock.UNREADABLE, padlock.unreadable_text(certificate.unreadable)),
        ("Place", origin),
    )
    return Told(place.link.subject or padlock.NO_SUBJECT_NAME, mark, facts=facts, notes=problems)


def _moment(at: datetime | None) -> str:
    return "unreadable" if at is None else f"{padlock.day_text(at)}, {at:%H:%M} UTC"


def _names(step: NamesCovered) -> Told:
    def told(name: str, covered: bool) -> str:
        return f"{to_unicode(name)}: {'covered' if covered else 'not covered'}"

    other = "Without www." if step.hostname.startswith("www.") else "With www."
    facts = _facts(
        ("This name", told(step.hostname, step.covered)),
        (other, told(step.sibling, step.sibling_covered)),
        ("All names", few_names(step.names, step.total)),
        (padlock.UNREADABLE, "" if step.all_read else padlock.FIELDS[Field.NAMES]),
    )
    return Told("Names that the certificate is for", GOOD if step.covered else BAD, facts=facts)


def _second(step: SecondCertificate, staff: bool, zone: tzinfo) -> Told:
    finding, leaf = step.finding, step.finding.certificate
    text = padlock.second_text(step, zone)
    if leaf is None:
        return Told(_SECOND, _MARKS[finding.state], text)
    facts = _facts(
        ("Issued by", padlock.issuer_text(leaf.issuer, leaf.unreadable)),
        ("Valid until", _moment(leaf.not_after)),
        ("All names", few_names(leaf.names, leaf.names_total)),
        *(
            (
                ("Key", leaf.key),
                ("OpenSSL", "; ".join(padlock.problem_text(problem) for problem in finding.problems)),
                ("Certificate", leaf.fingerprint),
                ("See it yourself", padlock.second_command(step)),
            )
            if staff
            else ()
        ),
    )
    return Told(_SECOND, _MARKS[finding.state], text, facts, tuple(padlock.note_texts(finding.notes, staff=staff)))


def _http(step: HttpAnswer, staff: bool) -> Told:
    answer = step.answer
    heading = "The website" if step.secure else "The website without https"
    if answer.failure is not None:
        text = padlock.HTTP_FAILURES[answer.failure]
        if step.speaks_http2 and answer.failure in HTTP2_ONLY:
            return Told(heading, PLAIN, padlock.HTTP2_ONLY)
        return Told(heading, NOTE if step.secure else PLAIN, text, _facts(("Answer", answer.detail)) if staff else ())
    facts = _facts(
        ("Answer", f"{answer.status} {answer.phrase}"),
        ("Leads to", f"{answer.location} (not followed)" if answer.location else ""),
        ("Strict-Transport-Security", (answer.hsts or "not sent") if step.secure and staff else ""),
        ("Server", answer.server if staff else ""),
        ("Network", answer.edge),
    )
    if step.secure:
        return Told(heading, GOOD if (answer.status or 0) < 500 else NOTE, facts=facts)
    text = (
        "Visitors are sent on to https." if answer.to_https else "Visitors are not sent on to https, and stay insecure."
    )
    return Told(heading, GOOD if answer.to_https else NOTE, text, facts)


def _origin(step: OriginAsked, staff: bool) -> Told:
    words = padlock.ORIGINS[step.origin]
    mark = {Origin.HERE: GOOD, Origin.CDN: NOTE}.get(step.origin, BAD)
    finding = step.finding
    shows = "" if finding is None else _title(finding)
    facts = _facts(("Our server", step.server), ("It shows", shows), ("Network", step.edge)) if staff else ()
    return Told(words.label, mark, words.staff if staff else words.customer, facts)


def _verdict(step: Verdict, staff: bool, zone: tzinfo) -> Told:
    finding = step.finding
    leading = finding.reason
    look = padlock.LOOKS[finding.state]
    heading = look.label if leading is Reason.OK else f"{look.label}: {_title(finding)}"
    if step.odd and leading is Reason.OK:
        heading = f"{look.label}, {padlock.NOT_EVERYWHERE}"
    elif step.second_is_bad and leading is Reason.OK:
        heading = f"{look.label}, {padlock.NOT_IN_EVERY_BROWSER}"
    elif finding.browsers_refuse:
        heading = f"{look.label}, but browsers may refuse it"
    only_in_part = leading is Reason.OK and (step.odd or step.second_is_bad)
    parts = [] if only_in_part else [padlock.finding_text(finding), _expiry(finding, zone)]
    parts.append(padlock.ADDRESSES_DIFFER if step.odd else "")
    text = " ".join(part for part in parts if part)
    second = step.second if step.second_is_bad or leading is not Reason.OK else None
    notes = [padlock.second_text(second, zone)] if second is not None else []
    notes += [padlock.CUT_SHORT] if step.cut_short else []
    notes += [padlock.weakness_text(remark) for remark in step.remarks] if staff else []
    notes += padlock.stray_texts(finding.stray, leading) if staff else []
    notes += padlock.note_texts(finding.notes, staff=staff)
    aside = (
        step.odd or step.second_is_bad or finding.browsers_refuse or step.origin in (Origin.ELSEWHERE, Origin.NOWHERE)
    )
    mark = NOTE if aside and finding.state is State.VALID else _MARKS[finding.state]
    return Told(heading, mark, text, _facts(*_cures(step, staff)), tuple(notes))


def _expiry(finding: Finding, zone: tzinfo) -> str:
    """When the certificate expires, where that is good news or the fault itself."""
    if finding.certificate is None or finding.reason not in (Reason.OK, Reason.EXPIRED):
        return ""
    return padlock.expiry_text(finding.certificate.not_after, finding.checked_at, zone)


def _cures(step: Verdict, staff: bool) -> list[tuple[str, str]]:
    finding, cures = step.finding, []
    leading = finding.reason
    if leading is not Reason.OK or not (step.odd or step.second_is_bad or finding.notes):
        cures.append(("What to do", what_to_do(step) if staff else padlock.cure_text(leading, finding)))
    for one in step.odd:
        where = at_text(one.endpoint) if staff else one.endpoint.address
        cure = padlock.mend_text if staff else padlock.cure_text
        cures.append((f"What to do at {where}", cure(one.finding.reason, one.finding)))
    if step.second is not None and step.second_is_bad:
        second = step.second.finding
        cure = padlock.mend_text if staff else padlock.cure_text
        label = f"What to do about the {step.second.signing} certificate"
        cures.append((label, cure(second.reason, second)))
    if step.origin not in (None, Origin.HERE):
        words = padlock.ORIGINS[step.origin]
        cures.append((words.label, words.staff if staff else words.customer))
    if staff:
        if leading is not Reason.OK:
            cures.append(("For the customer", padlock.cure_text(leading, finding)))
            cures.append(("Cause", padlock.cause_text(leading, finding)))
        cures.append(("Detail", finding.detail))
    return cures


def what_to_do(verdict: Verdict) -> str:
    """What a technician does about it, with what is missing and what is too much by name."""
    parts = [padlock.mend_text(verdict.finding.reason, verdict.finding)]
    if verdict.chain is not None:
        parts += [leave_out_text(verdict.chain), missing_text(verdict.chain)]
    return " ".join(part for part in parts if part)


def command(finding: Finding) -> str:
    """The command with which a person sees the same; empty where nothing is sent."""
    if finding.hostname is None or padlock.WORDS[finding.reason].curl is None:
        return ""
    stapled = padlock.only_stapled(finding)
    return padlock.curl_command(finding.hostname, finding.address, finding.port, stapled=stapled)
