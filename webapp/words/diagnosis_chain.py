"""The certificates of a diagnosis in words: the chain, and a second certificate."""

from __future__ import annotations

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
    Told,
    facts_of,
    few,
    few_names,
    moment_text,
)

_SECOND = "The second certificate of the server"

_PARTS = {
    Part.NEEDED: "",
    Part.NEEDLESS: "not needed",
    Part.ROOT: "root",
    Part.DEAD_END: "leads into a dead end",
    Part.OTHER_WAY: "leads to another trusted root",
    Part.UNPLACED: "not on the path",
}


def chain_text(step: ChainSeen, staff: bool) -> Told:
    leaf = step.chain.served[0].link.certificate
    facts = facts_of(
        ("Issued by", certificates.issuer_text(leaf.issuer, leaf.unreadable)),
        ("Valid from", moment_text(leaf.not_before)),
        ("Valid until", moment_text(leaf.not_after)),
        (certificates.UNREADABLE, certificates.unreadable_text(leaf.unreadable)),
    )
    missing = missing_text(step.chain)
    mark = BAD if any(place.problems for place in step.chain.served) or missing else GOOD
    if not staff:
        return Told("The certificate", mark, facts=facts)
    more = f"{step.chain.more} more were sent and are not shown." if step.chain.more else ""
    served = Told("As served", text=more, parts=tuple(_place(place) for place in step.chain.served))
    verified = Told(
        "As verified",
        text=missing,
        parts=tuple(_place(place, path=True) for place in step.chain.verified),
    )
    if not step.chain.other_path:
        return Told("The chain", mark, parts=(served, verified))
    works = tuple(_place(place, path=True) for place in step.chain.other_path)
    way = Told("The path that works, which browsers find and curl does not", parts=works)
    return Told("The chain", mark, parts=(served, verified, way))


def missing_text(chain: Chain) -> str:
    """Which issuer is missing, and where its certificate is published; empty where none is."""
    if chain.missing is None:
        return ""
    name = f"Missing: the certificate of {chain.missing.name or certificates.NO_ISSUER_NAME}."
    if chain.missing.addresses:
        return f"{name} Download it from {few(chain.missing.addresses)} (not contacted)."
    return f"{name} No download address is given, which is usual for a private authority."


def leave_out_text(chain: Chain) -> str:
    """Which certificates lead into a dead end, told apart from their namesakes; empty where none
    does."""
    if not chain.dead_ends:
        return ""
    sent = [place.link for place in chain.served]
    told = [
        f"number {sent.index(place.link) + 1} of those sent, for {place.link.subject or 'no name'},"
        f" issued by {place.link.certificate.issuer or 'no name'} (SHA-256"
        f" {place.link.certificate.fingerprint})"
        for place in dict.fromkeys(chain.dead_ends)
    ]
    return f"Leave out {'; '.join(told[:MOST_SHOWN])}."


def _place(place: Place, *, path: bool = False) -> Told:
    certificate = place.link.certificate
    origin = "from the trust store" if path and not place.sent else _PARTS[place.part]
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
            "Issuer",
            "itself"
            if place.link.self_issued
            else certificates.issuer_text(certificate.issuer, certificate.unreadable),
        ),
        ("Valid", f"{moment_text(certificate.not_before)} – {moment_text(certificate.not_after)}"),
        ("Key", certificate.key),
        ("Signed with", certificate.signature),
        (certificates.UNREADABLE, certificates.unreadable_text(certificate.unreadable)),
        ("Place", origin),
    )
    return Told(
        place.link.subject or certificates.NO_SUBJECT_NAME, mark, facts=facts, notes=problems
    )


def second_certificate_text(step: SecondCertificate, staff: bool, zone: tzinfo) -> Told:
    finding = step.finding
    leaf = step.finding.certificate
    text = certificates.second_text(step, zone)
    if leaf is None:
        return Told(_SECOND, MARKS[finding.state], text)
    facts = facts_of(
        ("Issued by", certificates.issuer_text(leaf.issuer, leaf.unreadable)),
        ("Valid until", moment_text(leaf.not_after)),
        ("All names", few_names(leaf.names, leaf.names_total)),
        *(
            (
                ("Key", leaf.key),
                (
                    "OpenSSL",
                    "; ".join(verdicts.problem_text(problem) for problem in finding.problems),
                ),
                ("Certificate", leaf.fingerprint),
                ("See it yourself", certificates.second_command(step)),
            )
            if staff
            else ()
        ),
    )
    return Told(
        _SECOND,
        MARKS[finding.state],
        text,
        facts,
        tuple(note_words.note_texts(finding.notes, staff=staff)),
    )
