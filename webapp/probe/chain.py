"""The chain as a server sent it, beside the chain as it was verified, and what is weak about
either. No I/O."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from webapp.probe.certificate import is_signed_by, read_link
from webapp.probe.contact import Closeup, Contact
from webapp.probe.finding import Finding, Link, Problem, Reason
from webapp.probe.issuers import is_named_as_issuer
from webapp.probe.judge import NO_ISSUER, OF_THE_PATH, TOO_LONG
from webapp.probe.notes import Note

# The longest lifetime that the CA/Browser Forum's Baseline Requirements (6.3.2) allow a certificate
# issued from that day on, in days.
_LIMITS = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
    (datetime(2020, 9, 1, tzinfo=UTC), 398),
)
_SHORT = 2048  # bits of an RSA key below which it is short
MOST_SERVED = 32  # certificates sent that are looked at one by one
MOST_SIGNATURES = 4  # tried where several certificates have the name of a missing issuer


class Part(StrEnum):
    """What a certificate does in the chain that it was sent with."""

    # A path that works leads over it, or may do so once a missing issuer is sent, too
    NEEDED = "needed"
    NEEDLESS = "needless"
    ROOT = "root"  # the end of the path; it does no harm, and no good either
    DEAD_END = "dead_end"  # it leads clients away from the path that works
    # A second path that works leads over it, for clients that lack the first one's root
    OTHER_WAY = "other_way"
    # No path leads over it, and none works: who knows whether it belongs to the one that would
    UNPLACED = "unplaced"


@dataclass(frozen=True, slots=True)
class Place:
    """A certificate at its place: what it does there, whether the server sent it, and what is wrong
    with it."""

    link: Link
    part: Part
    sent: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """The issuer that was neither sent nor at hand, and where its certificate can be had."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Both ways to look at a chain, leaf first."""

    served: tuple[Place, ...]
    verified: tuple[Place, ...]
    missing: Missing | None = None
    # One that does verify, where the one that OpenSSL followed does not
    other_path: tuple[Place, ...] = ()
    more: int = 0  # certificates sent beyond the first `MOST_SERVED`, which are in `served`

    @property
    def dead_ends(self) -> tuple[Place, ...]:
        """What to leave out, so that every client finds the path that works."""
        return tuple(place for place in self.served if place.part is Part.DEAD_END)


class Weakness(StrEnum):
    """What does not change a verdict and yet is worth knowing: a closed list."""

    CHAIN_ORDER = "chain_order"
    EXTRA = "extra"
    EXTRA_EXPIRED = "extra_expired"
    SENT_TWICE = "sent_twice"
    ROOT_SENT = "root_sent"
    SHA1 = "sha1"
    SHORT_KEY = "short_key"
    OLD_TLS = "old_tls"
    LONG_LIFETIME = "long_lifetime"
    NO_SECURE_RENEGOTIATION = "no_secure_renegotiation"


@dataclass(frozen=True, slots=True)
class Remark:
    """A weakness, and what has it: a certificate's subject (hostile text, cleaned), or its lifetime
    and the limit."""

    weakness: Weakness
    about: str = ""
    days: int = 0
    limit: int = 0


def read(
    closeup: Closeup,
    finding: Finding,
    other_path: Sequence[bytes] = (),
    other_ways: Iterable[bytes] = (),
) -> Chain:
    """The chain of the connection that came to this finding.

    `other_path` is as in `Contact`; for `other_ways` see the function.
    """
    path = [read_link(der) for der in closeup.verified]
    sent = [read_link(der) for der in closeup.served[:MOST_SERVED]]
    working = [read_link(der) for der in other_path]
    if not working and not any(problem.reason in OF_THE_PATH for problem in finding.problems):
        working = path
    depth = {
        link.certificate.fingerprint: number for number, link in reversed(list(enumerate(path)))
    }
    came = {hashlib.sha256(der).hexdigest() for der in closeup.served}
    ways = {hashlib.sha256(der).hexdigest() for der in other_ways}

    def place(link: Link) -> Place:
        number = depth.get(link.certificate.fingerprint)
        problems = tuple(problem for problem in finding.problems if problem.depth == number)
        return Place(
            link, _part(link, path, working, ways), link.certificate.fingerprint in came, problems
        )

    return Chain(
        tuple(map(place, sent)),
        tuple(map(place, path)),
        None if other_path else _missing(path, finding.problems),
        tuple(map(place, map(read_link, other_path))),
        max(0, len(closeup.served) - MOST_SERVED),
    )


def _part(link: Link, path: Sequence[Link], working: Sequence[Link], ways: Collection[str]) -> Part:
    """`path` is the one that OpenSSL followed, `working` the one that verifies: the same one,
    another one or none."""
    leads_over = working or path
    if link in leads_over or not path:
        return Part.ROOT if link.self_issued and link != leads_over[0] else Part.NEEDED
    if link.certificate.fingerprint in ways:
        return Part.OTHER_WAY
    if not working:
        return Part.UNPLACED
    if working != path and (link in path or any(link.subject == one.subject for one in working)):
        return Part.DEAD_END
    return Part.NEEDLESS


def notes(contact: Contact, problems: Sequence[Problem]) -> set[Note]:
    """What the certificates sent say of a path that does not verify."""
    if not contact.chain_seen:
        return set()
    if contact.other_path:
        return {Note.OTHER_PATH_WORKS}
    incomplete = any(problem.reason is Reason.INCOMPLETE_CHAIN for problem in problems)
    if not contact.path or not incomplete or not _issuer_missing(problems):
        return set()
    top = contact.path[-1]
    beside = set(contact.sent) - set(contact.path)
    issuer = read_link(top).certificate.issuer
    namesakes = [der for der in beside if issuer and read_link(der).subject == issuer]
    signers = [der for der in namesakes[:MOST_SIGNATURES] if is_signed_by(top, der)]
    if signers:
        named = any(is_named_as_issuer(top, der) for der in signers)
        return {Note.ISSUER_UNFIT if named else Note.ISSUER_OTHER_IDENTIFIER}
    if namesakes:
        return {Note.ISSUER_OTHER_KEY}
    if len(contact.path) > 1:
        return {Note.UPPER_ISSUER_NOT_SENT}
    return {Note.ISSUER_NOT_SENT if beside else Note.ONLY_LEAF_SENT}


def _issuer_missing(problems: Sequence[Problem]) -> bool:
    codes = {problem.code for problem in problems}
    # OpenSSL looks for none beyond the longest path
    return bool(codes & NO_ISSUER) and TOO_LONG not in codes


def _missing(path: Sequence[Link], problems: Sequence[Problem]) -> Missing | None:
    if not path or not _issuer_missing(problems):
        return None
    last = path[-1]
    return None if last.self_issued else Missing(last.certificate.issuer, last.issuers_at)


def lifetime_limit(issued_at: datetime) -> int | None:
    """The longest lifetime in days for a certificate issued then; None for before there was one to
    speak of."""
    return next((days for since, days in _LIMITS if issued_at >= since), None)


def weaknesses(chain: Chain, finding: Finding) -> tuple[Remark, ...]:
    """Everything about a connection that is worth a note, at the time of its finding."""
    remarks = [*_of_the_order(chain), *_of_extras(chain, finding.checked_at)]
    for place in dict.fromkeys(chain.served):
        if _is_signed_weakly(place.link) and not (
            place.link.self_issued and place != chain.served[0]
        ):
            remarks.append(Remark(Weakness.SHA1, place.link.subject))
        if _has_short_key(place.link):
            remarks.append(
                Remark(Weakness.SHORT_KEY, f"{place.link.subject} ({place.link.certificate.key})")
            )
    if finding.tls_version == "TLSv1.2":
        remarks.append(Remark(Weakness.OLD_TLS))
    if Note.NO_SECURE_RENEGOTIATION in finding.notes:
        remarks.append(Remark(Weakness.NO_SECURE_RENEGOTIATION))
    if chain.served:
        remarks += _of_the_leaf(chain.served[0].link)
    return tuple(remarks)


def _is_signed_weakly(link: Link) -> bool:
    return link.certificate.signature in ("sha1", "md5")


def _has_short_key(link: Link) -> bool:
    kind, _, bits = link.certificate.key.partition(" ")
    return kind == "RSA" and bits.isdigit() and int(bits) < _SHORT


def is_weak(link: Link) -> bool:
    """Whether OpenSSL refuses it on any path, at security level 2.

    A root's signature on itself proves nothing.
    """
    return _has_short_key(link) or (_is_signed_weakly(link) and not link.self_issued)


def _of_the_order(chain: Chain) -> Iterator[Remark]:
    order = [place.link.certificate.fingerprint for place in chain.served]
    path = [place.link.certificate.fingerprint for place in chain.other_path or chain.verified]
    at = [order.index(fingerprint) for fingerprint in path if fingerprint in order]
    if at != sorted(at):
        yield Remark(Weakness.CHAIN_ORDER)


def _of_extras(chain: Chain, now: datetime) -> Iterator[Remark]:
    for place, times in Counter(chain.served).items():
        if times > 1:
            yield Remark(Weakness.SENT_TWICE, place.link.subject)
        end = place.link.certificate.not_after
        if place.part is Part.NEEDLESS:
            over = end is not None and end <= now
            yield Remark(Weakness.EXTRA_EXPIRED if over else Weakness.EXTRA, place.link.subject)
        elif place.part is Part.ROOT:
            yield Remark(Weakness.ROOT_SENT, place.link.subject)


def _of_the_leaf(leaf: Link) -> Iterator[Remark]:
    start = leaf.certificate.not_before
    end = leaf.certificate.not_after
    limit = lifetime_limit(start) if start is not None else None
    # RFC 5280, 4.1.2.5: the last second counts as well.
    if start is not None and end is not None and limit is not None:
        lifetime = end - start + timedelta(seconds=1)
        if lifetime > timedelta(days=limit):
            yield Remark(
                Weakness.LONG_LIFETIME, days=-(-lifetime // timedelta(days=1)), limit=limit
            )
