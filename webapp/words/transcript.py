"""Texts to copy from a diagnosis: a transcript like `curl -v`, and a message to the provider."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.probe import to_unicode
from webapp.probe.finding import Certificate, Finding, Reason
from webapp.probe.steps import AddressAsked, DnsAnswer, HttpAnswer, NameUnderstood, Step, Verdict
from webapp.words import (
    certificates,
    curl_errors,
    diagnosis,
    diagnosis_verdict,
    notes,
    told,
    verdicts,
    website,
)
from webapp.words.translation import gettext


def verdict_of(steps: Sequence[Step]) -> Verdict | None:
    """The end of a diagnosis; None while it has none."""
    return steps[-1] if steps and isinstance(steps[-1], Verdict) else None


def transcript(steps: Sequence[Step]) -> str:
    """The diagnosis in the manner of `curl -v`, a line for each thing that happened.

    These are curl's and OpenSSL's own words, which no one translates. It ends with the number that
    curl ends with, and OpenSSL's. Empty where curl would not have been
    sent, or there is no verdict yet.
    """
    verdict = verdict_of(steps)
    if verdict is None or verdict.finding.hostname is None or verdict.curl is None:
        return ""
    name = verdict.finding.hostname
    lines = [f"$ {curl_errors.command_for(verdict.finding, stapled=False)}"]
    for step in steps:
        if isinstance(step, DnsAnswer):
            lines += _looked_up(step)
        elif isinstance(step, AddressAsked) and not step.connected:
            lines += [f"*   Trying {_place(step)}...", f"* {step.finding.detail or 'no answer'}"]
    leading = _leading(steps, verdict.finding)
    if leading is not None:
        lines += _handshake(leading, name)
    if verdict.curl not in (35, 60):
        lines += [
            line
            for step in steps
            if isinstance(step, HttpAnswer) and step.secure
            for line in _http(step, verdict.finding.authority or name)
        ]
    return "\n".join([*lines, *_end(verdict)])


def _looked_up(step: DnsAnswer) -> list[str]:
    if step.reason is not None:
        return [f"* Could not resolve host: {step.hostname} ({step.detail})"]
    return [f"* Host {step.hostname}:{step.port} is at {', '.join(step.addresses)}"]


def _leading(steps: Sequence[Step], finding: Finding) -> AddressAsked | None:
    asked = (step for step in steps if isinstance(step, AddressAsked))
    return next((step for step in asked if step.connected and step.finding is finding), None)


def _place(step: AddressAsked) -> str:
    address = step.endpoint.address
    return (
        f"[{address}]:{step.endpoint.port}" if ":" in address else f"{address}:{step.endpoint.port}"
    )


def _handshake(step: AddressAsked, name: str) -> list[str]:
    finding = step.finding
    certificate = step.finding.certificate
    where = f"({step.endpoint.address}) port {step.endpoint.port}"
    lines = [
        f"*   Trying {_place(step)}...",
        f"* Connected to {name} {where}",
        "* ALPN: we offer h2, http/1.1",
    ]
    if finding.tls_version:
        lines.append(f"* {finding.tls_version} with {step.cipher}")
        lines.append(
            f"* ALPN: the server chose {step.alpn}"
            if step.alpn
            else "* ALPN: the server chose nothing"
        )
    if certificate is not None:
        start = certificate.not_before
        end = certificate.not_after
        lines.append("* Server certificate:")
        lines.append(f"*   subject: {certificate.subject or 'none'}")
        lines += [f"*   start date: {start:%b %d %H:%M:%S %Y} GMT"] if start else []
        lines += [f"*   expire date: {end:%b %d %H:%M:%S %Y} GMT"] if end else []
        lines.append(f"*   names: {told.few(certificate.names, certificate.names_total) or 'none'}")
        lines.append(
            f"*   issuer: {certificates.issuer_text(certificate.issuer, certificate.unreadable)}"
        )
        if certificate.unreadable:
            lines.append(
                f"*   not readable: {certificates.unreadable_text(certificate.unreadable)}"
            )
        codes = "; ".join(f"{one.text} ({one.code})" for one in finding.problems if not one.stapled)
        lines.append(
            f"*   OpenSSL verify result: {codes}" if codes else "*   OpenSSL verify result: ok (0)"
        )
        lines.append(f"*   OCSP staple: {notes.staple_text(finding.staple)}")
    if finding.detail and finding.detail not in (one.text for one in finding.problems):
        lines.append(f"* {finding.detail}")
    return lines


def _http(step: HttpAnswer, name: str) -> list[str]:
    answer = step.answer
    asked = ["> GET / HTTP/1.1", f"> Host: {name}", ">"]
    if answer.status is None:
        return [*asked, f"* {answer.detail}"]
    heads = (
        ("Location", answer.location),
        ("Strict-Transport-Security", answer.hsts),
        ("Server", answer.server),
    )
    said = [f"< {label}: {value}" for label, value in heads if value]
    return [*asked, f"< HTTP/1.1 {answer.status} {answer.phrase}", *said, "<"]


def _end(verdict: Verdict) -> list[str]:
    problems = [problem for problem in verdict.finding.problems if not problem.stapled]
    stapled = curl_errors.only_stapled(verdict.finding)
    openssl = f"OpenSSL verify error {problems[0].code}" if problems else ""
    if verdict.curl == 0:
        told = (
            f"; --cert-status: ({curl_errors.CERT_STATUS_FAILED}) {verdict.finding.detail}"
            if stapled
            else ""
        )
        return [
            "* Connection closed",
            f"curl: (0) no error{f'; {openssl}' if openssl else ''}{told}",
        ]
    text = curl_errors.CURL_ERRORS.get(verdict.curl or 0, "error")
    detail = problems[0].text if problems else verdict.finding.detail
    told = f"{text}: {detail}" if detail and verdict.curl not in (1, 8, 52, 56) else text
    return [
        "* Connection closed",
        f"curl: ({verdict.curl}) {told}",
        *([f"* {openssl}"] if openssl else []),
    ]


def support_text(steps: Sequence[Step], *, staff: bool) -> str:
    """What to send to the hosting provider: what is wrong with which name, since when it was seen,
    and how to see it. Empty where nothing is wrong, or there is no verdict yet. Only staff read an
    address that must not be asked."""
    verdict = verdict_of(steps)
    if verdict is None:
        return ""
    finding = verdict.finding
    if finding.reason is Reason.OK and not (
        verdict.odd or verdict.second_is_bad or finding.browsers_refuse
    ):
        return ""
    asked = next((step.text for step in steps if isinstance(step, NameUnderstood)), finding.input)
    name = to_unicode(finding.authority) if finding.authority else repr(asked)
    lines = [
        gettext("Site: {name}", name=name),
        gettext("Checked: {moment} UTC", moment=f"{finding.checked_at:%Y-%m-%d %H:%M}"),
    ]
    if finding.reason is Reason.OK and verdict.odd:
        lines.append(gettext("Problem: {text}", text=website.addresses_differ()))
    elif finding.reason is not Reason.OK:
        lines.append(
            gettext(
                "Problem: {title}. {text}",
                title=verdicts.title(finding.state, finding.reason, finding),
                text=verdicts.finding_text(finding),
            )
        )
        lines.append(gettext("What to do: {text}", text=diagnosis_verdict.what_to_do(verdict)))
    lines += [
        gettext("Note: {text}", text=text) for text in notes.note_texts(finding.notes, staff=staff)
    ]
    if verdict.second is not None and verdict.second_is_bad:
        second = verdict.second
        mend = verdicts.mend_text(second.finding.reason, second.finding)
        lines.append(gettext("Problem: {text}", text=certificates.second_text(second)))
        lines.append(gettext("What to do: {text}", text=mend))
        if second.endpoint.port:  # else its address is hidden
            command = certificates.second_command(second)
            lines.append(gettext("To see it: {command}", command=command))
    lines += [
        gettext(
            "At {address}: {title}. {text}",
            address=told.at_text(one.endpoint),
            title=told.title_of(one.finding),
            text=verdicts.mend_text(one.finding.reason, one.finding),
        )
        for one in verdict.odd
    ]
    if staff or finding.reason is not Reason.BLOCKED:
        hidden = not staff and any(isinstance(step, DnsAnswer) and step.instead for step in steps)
        lines += _evidence(verdict, staff, hidden)
    return "\n".join(lines)


def _evidence(verdict: Verdict, staff: bool, hidden: bool) -> list[str]:
    """What shows it.

    `hidden`: a client must not read where it was asked, and curl would ask elsewhere without that.
    """
    finding = verdict.finding
    lines = []
    if finding.address:
        lines.append(
            gettext(
                "Checked at: {address} port {port}",
                address=finding.address,
                port=finding.address_port,
            )
        )
    if finding.certificate is not None:
        lines.append(_certificate(finding.certificate))
    if staff:
        strays = notes.stray_texts(finding.stray, finding.reason)
        lines += [gettext("DNS: {text}", text=text) for text in strays]
    details = [verdicts.problem_text(problem) for problem in finding.problems] or [finding.detail]
    lines += [gettext("OpenSSL: {text}", text=text) for text in details if text]
    command = "" if hidden else diagnosis.command(finding)
    number = curl_errors.CERT_STATUS_FAILED if curl_errors.only_stapled(finding) else verdict.curl
    if command:
        lines.append(gettext("curl exits with {number}: {command}", number=number, command=command))
    return lines


def _certificate(certificate: Certificate) -> str:
    names = told.few(certificate.names, certificate.names_total)
    end = certificate.not_after
    return gettext(
        "Certificate: for {names},\n  issued by {issuer}, valid until {end}\n  SHA-256 {digest}",
        names=names or certificate.subject or gettext("no name"),
        issuer=certificates.issuer_text(certificate.issuer, certificate.unreadable),
        end=gettext("unreadable") if end is None else f"{end:%Y-%m-%d %H:%M} UTC",
        digest=certificate.fingerprint,
    )
