"""The chain as a server sent it, beside the chain as it was verified, and what is weak about either. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from webapp.probe.certificate import read_link
from webapp.probe.finding import Closeup, Finding, Link, Note, Problem

# The longest lifetime that the CA/Browser Forum's Baseline Requirements (6.3.2) allow a certificate issued from that
# day on, in days.
_LIMITS = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
    (datetime(2020, 9, 1, tzinfo=UTC), 398),
)
_SHORT = 2048  # bits of an RSA key below which it is short
_NO_ISSUER = frozenset({2, 20, 21})  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT and its kin


class Part(StrEnum):
    """What a certificate does in the chain that it was sent with."""

    NEEDED = "needed"  # the path to the root leads over it
    NEEDLESS = "needless"
    ROOT = "root"  # the end of the path; it does no harm, and no good either


@dataclass(frozen=True, slots=True)
class Place:
    """A certificate at its place: what it does there, whether the server sent it, and what is wrong with it."""

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


class Weakness(StrEnum):
    """What does not change a verdict and yet is worth knowing: a closed list."""

    CHAIN_ORDER = "chain_order"
    EXTRA = "extra"
    EXTRA_EXPIRED = "extra_expired"
    ROOT_SENT = "root_sent"
    SHA1 = "sha1"
    SHORT_KEY = "short_key"
    OLD_TLS = "old_tls"
    LONG_LIFETIME = "long_lifetime"
    NO_SECURE_RENEGOTIATION = "no_secure_renegotiation"
    NO_STAPLE = "no_staple"


@dataclass(frozen=True, slots=True)
class Remark:
    """A weakness, and what has it: a certificate's subject (hostile text, cleaned), or its lifetime and the limit."""

    weakness: Weakness
    about: str = ""
    days: int = 0
    limit: int = 0


def read(closeup: Closeup, finding: Finding) -> Chain:
    """The chain of the connection that came to this finding."""
    path = [read_link(der) for der in closeup.verified]
    sent = [read_link(der) for der in closeup.served]
    depth = {link.certificate.fingerprint: number for number, link in reversed(list(enumerate(path)))}
    came = {link.certificate.fingerprint for link in sent}

    def place(link: Link) -> Place:
        number = depth.get(link.certificate.fingerprint)
        problems = tuple(problem for problem in finding.problems if problem.depth == number)
        root = link.self_issued and number not in (0, None)
        part = Part.NEEDLESS if path and number is None else Part.ROOT if root else Part.NEEDED
        return Place(link, part, link.certificate.fingerprint in came, problems)

    return Chain(tuple(map(place, sent)), tuple(map(place, path)), _missing(path, finding.problems))


def _missing(path: Sequence[Link], problems: Sequence[Problem]) -> Missing | None:
    if not path or not any(problem.code in _NO_ISSUER for problem in problems):
        return None
    last = path[-1]
    return None if last.self_issued else Missing(last.certificate.issuer, last.issuers_at)


def lifetime_limit(issued_at: datetime) -> int | None:
    """The longest lifetime in days for a certificate issued then; None for before there was one to speak of."""
    return next((days for since, days in _LIMITS if issued_at >= since), None)


def weaknesses(chain: Chain, finding: Finding, *, stapled: bool) -> tuple[Remark, ...]:
    """Everything about a connection that is worth a note, at the time of its finding."""
    remarks = [*_of_the_order(chain), *_of_extras(chain, finding.checked_at)]
    for place in chain.served:
        certificate = place.link.certificate
        if certificate.signature in ("sha1", "md5") and not (place.link.self_issued and place is not chain.served[0]):
            remarks.append(Remark(Weakness.SHA1, place.link.subject))
        kind, _, bits = certificate.key.partition(" ")
        if kind == "RSA" and bits.isdigit() and int(bits) < _SHORT:
            remarks.append(Remark(Weakness.SHORT_KEY, f"{place.link.subject} ({certificate.key})"))
    if finding.tls_version == "TLSv1.2":
        remarks.append(Remark(Weakness.OLD_TLS))
    if Note.NO_SECURE_RENEGOTIATION in finding.notes:
        remarks.append(Remark(Weakness.NO_SECURE_RENEGOTIATION))
    if chain.served:
        remarks += _of_the_leaf(chain.served[0].link, stapled=stapled)
    return tuple(remarks)


def _of_the_order(chain: Chain) -> Iterator[Remark]:
    order = [place.link.certificate.fingerprint for place in chain.served]
    path = [place.link.certificate.fingerprint for place in chain.verified]
    at = [order.index(fingerprint) for fingerprint in path if fingerprint in order]
    if at != sorted(at):
        yield Remark(Weakness.CHAIN_ORDER)


def _of_extras(chain: Chain, now: datetime) -> Iterator[Remark]:
    for place in chain.served:
        end = place.link.certificate.not_after
        if place.part is Part.NEEDLESS:
            over = end is not None and end <= now
            yield Remark(Weakness.EXTRA_EXPIRED if over else Weakness.EXTRA, place.link.subject)
        elif place.part is Part.ROOT:
            yield Remark(Weakness.ROOT_SENT, place.link.subject)


def _of_the_leaf(leaf: Link, *, stapled: bool) -> Iterator[Remark]:
    start, end = leaf.certificate.not_before, leaf.certificate.not_after
    limit = lifetime_limit(start) if start is not None else None
    # RFC 5280, 4.1.2.5: the last second counts as well.
    if start is not None and end is not None and limit is not None:
        lifetime = end - start + timedelta(seconds=1)
        if lifetime > timedelta(days=limit):
            yield Remark(Weakness.LONG_LIFETIME, days=-(-lifetime // timedelta(days=1)), limit=limit)
    if leaf.must_staple and not stapled:
        yield Remark(Weakness.NO_STAPLE)
