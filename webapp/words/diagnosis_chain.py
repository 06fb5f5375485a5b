"""The certificates of a diagnosis in words: the chain, and a second certificate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from webapp.probe.chain import Chain, Part, Place
from webapp.probe.steps import ChainSeen, SecondCertificate
from webapp.words import certificates, verdicts
from webapp.words import notes as note_words
from webapp.words.told import (
    BAD,
    GOOD,
    MARKS,
    MOST_SHOWN,
    NOTE,
    StepText,
    facts_of,
    few,
    few_names,
    moment_text,
)
from webapp.words.translation import Table, gettext, ngettext

_PARTS: Mapping[Part, str] = Table(
    {
        Part.NEEDED: lambda: "",
        Part.NEEDLESS: lambda: gettext("not needed"),
        Part.ROOT: lambda: gettext("root"),
        Part.DEAD_END: lambda: gettext("leads to a dead end"),
        Part.OTHER_WAY: lambda: gettext("leads to another trusted root"),
        Part.UNPLACED: lambda: gettext("not on the path"),
    }
)


def chain_text(step: ChainSeen, staff: bool) -> StepText:
    leaf = step.chain.served[0].link.certificate
    facts = facts_of(
        (gettext("Issued by"), certificates.issuer_text(leaf.issuer, leaf.unreadable)),
        (gettext("Valid from"), moment_text(leaf.not_before)),
        (gettext("Valid until"), moment_text(leaf.not_after)),
        (certificates.not_readable(), certificates.unreadable_text(leaf.unreadable)),
    )
    missing = missing_text(step.chain)
    mark = BAD if any(place.problems for place in step.chain.served) or missing else GOOD
    if not staff:
        return StepText(gettext("The certificate"), mark, facts=facts)
    more = step.chain.more and ngettext(
        "{count} more was sent and is not shown.",
        "{count} more were sent and are not shown.",
        step.chain.more,
    )
    served = StepText(
        gettext("As served"),
        text=more or "",
        parts=tuple(_place(place) for place in step.chain.served),
    )
    verified = StepText(
        gettext("As verified"),
        text=missing,
        parts=tuple(_place(place, path=True) for place in step.chain.verified),
    )
    heading = gettext("The chain")
    if not step.chain.other_path:
        return StepText(heading, mark, parts=(served, verified))
    works = tuple(_place(place, path=True) for place in step.chain.other_path)
    way = StepText(gettext("The working path, which browsers find but curl does not"), parts=works)
    return StepText(heading, mark, parts=(served, verified, way))


def missing_text(chain: Chain) -> str:
    """Which issuer is missing, and where its certificate is published; empty where none is."""
    if chain.missing is None:
        return ""
    name = chain.missing.name or certificates.no_issuer_name()
    if chain.missing.addresses:
        return gettext(
            "Missing: the certificate of {name}. Download it from {addresses} (not contacted).",
            name=name,
            addresses=few(chain.missing.addresses),
        )
    return gettext(
        "Missing: the certificate of {name}. No download address is given, which is usual for a"
        " private CA.",
        name=name,
    )


def leave_out_text(chain: Chain) -> str:
    """Which certificates lead into a dead end, told apart from their namesakes; empty where none
    does."""
    if not chain.dead_ends:
        return ""
    sent = [place.link for place in chain.served]
    told = [
        gettext(
            "number {number} of those sent, for {subject}, issued by {issuer} (SHA-256 {digest})",
            number=sent.index(place.link) + 1,
            subject=place.link.subject or gettext("no name"),
            issuer=place.link.certificate.issuer or gettext("no name"),
            digest=place.link.certificate.fingerprint,
        )
        for place in dict.fromkeys(chain.dead_ends)
    ]
    return gettext("Remove {certificates}.", certificates="; ".join(told[:MOST_SHOWN]))


def _place(place: Place, *, path: bool = False) -> StepText:
    certificate = place.link.certificate
    origin = gettext("from the trust store") if path and not place.sent else _PARTS[place.part]
    problems = tuple(verdicts.problem_text(problem) for problem in place.problems)
    mark = (
        BAD
        if problems or place.part is Part.DEAD_END
        else NOTE
        if place.part is Part.NEEDLESS
        else GOOD
    )
    facts = facts_of(
        (
            gettext("Issuer"),
            gettext("itself")
            if place.link.self_issued
            else certificates.issuer_text(certificate.issuer, certificate.unreadable),
        ),
        (
            gettext("Valid"),
            f"{moment_text(certificate.not_before)} – {moment_text(certificate.not_after)}",
        ),
        (gettext("Key"), certificate.key),
        (gettext("Signed with"), certificate.signature),
        (certificates.not_readable(), certificates.unreadable_text(certificate.unreadable)),
        (gettext("Role"), origin),
    )
    return StepText(
        place.link.subject or certificates.no_subject_name(), mark, facts=facts, notes=problems
    )


def second_certificate_text(step: SecondCertificate, staff: bool, zone: tzinfo) -> StepText:
    finding = step.finding
    leaf = step.finding.certificate
    heading = gettext("The second certificate of the server")
    text = certificates.second_text(step, zone)
    if leaf is None:
        return StepText(heading, MARKS[finding.state], text)
    facts = facts_of(
        (gettext("Issued by"), certificates.issuer_text(leaf.issuer, leaf.unreadable)),
        (gettext("Valid until"), moment_text(leaf.not_after)),
        (gettext("All names"), few_names(leaf.names, leaf.names_total)),
        *(
            (
                (gettext("Key"), leaf.key),
                (
                    gettext("OpenSSL"),
                    "; ".join(verdicts.problem_text(problem) for problem in finding.problems),
                ),
                (gettext("Certificate"), leaf.fingerprint),
                (gettext("See it yourself"), certificates.second_command(step)),
            )
            if staff
            else ()
        ),
    )
    return StepText(
        heading,
        MARKS[finding.state],
        text,
        facts,
        tuple(note_words.note_texts(finding.notes, staff=staff)),
    )
