"""What is remembered of one watched name, and how facts change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from webapp.alerts.facts import Certificate, Check
from webapp.alerts.plan import Plan, plan
from webapp.alerts.rhythm import KEPT, Renewal, renewal, usual_share
from webapp.alerts.rules import Rule, RuleBook
from webapp.probe.finding import Reason, State

RECENT_CERTIFICATES = 5  # a server may show several in turn
BACK_AGAIN = timedelta(days=1)  # within which a certificate that is back is no new one


class ExpiryLevel(IntEnum):
    """How near a certificate is to its end."""

    FINE = 0
    LATE = 1  # against its own rhythm
    EXPIRING = 2
    URGENT = 3


class Trouble(IntEnum):
    """Why a name is not known to be valid, the least grave first."""

    NONE = 0
    UNKNOWN = 1  # for long
    INVALID = 2
    EXPIRED = 3


class Red(NamedTuple):
    """A name that is not valid: what the last such check saw, and since when."""

    since: datetime
    check: Check
    confirmed: bool = False
    doubted: bool = False  # an unknown answer came in place of one that confirms it


class Left(NamedTuple):
    """What was told of the certificate that was shown before, and when it went."""

    fingerprint: str
    told: ExpiryLevel
    acknowledged: bool
    at: datetime


@dataclass(slots=True)
class Watched:
    """One name: what is known of it, and what has been told."""

    name: str
    rule: Rule = field(default_factory=Rule)
    client: str | None = None
    product: str | None = None

    active: bool = True
    muted_until: datetime | None = None
    fresh_from: datetime | None = None  # what was known before no longer counts

    last_check: Check | None = None
    seen_at: datetime | None = None  # the last check with an answer
    red: Red | None = None
    unknown: Red | None = None  # since when there has been no answer
    valid: bool = False  # at the last check with an answer

    certificate: Certificate | None = None
    plan: Plan | None = None
    newest: Certificate | None = None  # of all that were seen
    newest_seen_at: datetime | None = None
    recent: tuple[str, ...] = ()  # fingerprints
    renewals: tuple[Renewal, ...] = ()
    late: bool = False  # the old certificate was seen after the late moment
    changed: bool = False  # into one that is to be told of

    told: ExpiryLevel = ExpiryLevel.FINE
    acknowledged: bool = False  # at the level that was told
    left: Left | None = None
    digest_at: datetime | None = None
    trouble: Trouble = Trouble.NONE  # told, or acknowledged before that
    trouble_acknowledged: bool = False
    trouble_told: bool = False  # outside of an incident
    incident: int | None = None
    remind_at: datetime | None = None
    reminders: int = 0


def see(name: Watched, check: Check, book: RuleBook) -> None:
    """Takes up what a check saw. A failure of our own says nothing of the name."""
    if check.reason == Reason.MONITOR_ERROR:
        return
    if (check.client, check.product) != (name.client, name.product):
        name.client = check.client
        name.product = check.product
        make_plan(name, book)
    name.last_check = check
    if check.state is State.UNKNOWN:
        name.unknown = Red(name.unknown.since if name.unknown is not None else check.at, check)
        if name.red is not None and not name.red.confirmed:
            name.red = name.red._replace(doubted=True)
        return
    name.seen_at = check.at
    name.unknown = None
    name.valid = check.state is State.VALID
    if name.valid:
        name.red = None
        if check.certificate is not None:
            _show(name, check.certificate, check.at, book)
    elif name.red is None:
        name.red = Red(check.at, check)
    else:
        confirm(name, name.red._replace(check=check), book)


def confirm(name: Watched, red: Red, book: RuleBook) -> None:
    """The name is not valid, for certain. An expired certificate may be the first that is seen."""
    name.red = red._replace(confirmed=True)
    if (
        name.certificate is None
        and red.check.reason == Reason.EXPIRED
        and red.check.certificate is not None
    ):
        _show(name, red.check.certificate, red.check.at, book)


def make_plan(name: Watched, book: RuleBook) -> None:
    """Looks up the rule of a name, and the moments of its certificate."""
    certificate = name.certificate
    issuer = certificate.issuer if certificate is not None else ""
    name.rule = book.rule_for(name.name, name.client, name.product, issuer)
    if certificate is not None:
        name.plan = plan(certificate, name.rule, usual_share(name.renewals, certificate))


def _show(name: Watched, certificate: Certificate, at: datetime, book: RuleBook) -> None:
    """The name shows this certificate."""
    old = name.certificate
    _note_newest(name, certificate, at)
    if old is not None and same(old, certificate):
        late_at = name.plan.late_at if name.plan is not None else None
        name.late = name.late or (late_at is not None and at > late_at)
        return
    if old is not None and (
        not certificate.fingerprint or certificate.fingerprint not in name.recent
    ):
        name.changed = is_other(old, certificate)
    name.certificate = certificate
    name.late = False
    name.digest_at = None
    name.recent = (certificate.fingerprint, *name.recent)[:RECENT_CERTIFICATES]
    make_plan(name, book)
    _carry_over(name, old, certificate, at)


def _note_newest(name: Watched, certificate: Certificate, at: datetime) -> None:
    """Notes a renewal. Servers that still show an older certificate in turn do not matter."""
    newest = name.newest
    seen_before = name.newest_seen_at
    if newest is not None and seen_before is not None and not same(newest, certificate):
        if not _begins_after(certificate, newest):
            return
        past = renewal(newest, certificate, seen_before, at)
        name.renewals = (*name.renewals, *([past] if past is not None else []))[-KEPT:]
    name.newest = certificate
    name.newest_seen_at = at


def _carry_over(name: Watched, old: Certificate | None, new: Certificate, at: datetime) -> None:
    """What was told of the old certificate is settled by one with more time left, and only by such
    a one. Servers that show both in turn are not told of at each turn."""
    left = name.left
    name.left = Left(old.fingerprint, name.told, name.acknowledged, at) if old is not None else None
    if left is not None and left.fingerprint == new.fingerprint and at - left.at <= BACK_AGAIN:
        name.told = left.told
        name.acknowledged = left.acknowledged
        return
    name.told = min(name.told, level_of(name, at))
    name.acknowledged = name.acknowledged and name.told is not ExpiryLevel.FINE


def level_of(name: Watched, now: datetime) -> ExpiryLevel:
    """How near its certificate is to its end, as far as is known."""
    if name.plan is not None and now >= name.plan.urgent_at:
        return ExpiryLevel.URGENT
    if name.plan is not None and now >= name.plan.expiring_at:
        return ExpiryLevel.EXPIRING
    return ExpiryLevel.LATE if name.late else ExpiryLevel.FINE


def same(one: Certificate, other: Certificate) -> bool:
    if one.fingerprint and other.fingerprint:
        return one.fingerprint == other.fingerprint
    return one == other


def is_other(old: Certificate, new: Certificate) -> bool:
    """Whether the new one is more than a renewal: from another issuing organisation, without names
    that the old one had, or with a key of another type."""
    return (
        _differ(old.organisation, new.organisation)
        or _differ(old.key.partition(" ")[0], new.key.partition(" ")[0])
        or bool(lost_names(old, new))
    )


def lost_names(old: Certificate, new: Certificate) -> set[str]:
    """The names of the old one that the new one does not cover, by itself or a wildcard."""
    if old.names is None or new.names is None:
        return set()
    covered = {name.lower() for name in new.names}
    return {
        name
        for name in map(str.lower, old.names)
        if name not in covered and f"*.{name.partition('.')[2]}" not in covered
    }


def _differ(old: str, new: str) -> bool:
    return bool(old and new) and old != new


def _begins_after(one: Certificate, other: Certificate) -> bool:
    if one.not_before is None or other.not_before is None:
        return other.not_before is None
    return one.not_before > other.not_before
