"""What the details page of an item says of its warnings: which rule applies, when it warns next,
and what people did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import select

from webapp.alerts.events import trouble_of
from webapp.alerts.facts import Certificate
from webapp.alerts.plan import Plan
from webapp.alerts.rules import RuleBook
from webapp.alerts.watched import ExpiryLevel, Trouble, Watched, level_of, make_plan
from webapp.customers.access import Item
from webapp.extensions import db
from webapp.monitor.models import Target
from webapp.notices import acts, checks, codec, rules
from webapp.notices.models import Act, AlertAct, AlertName
from webapp.words import alert_rules as say


@dataclass(frozen=True, slots=True)
class ItemWarning:
    """`name`: what a rule for this host name alone is for. `plan`: None where no certificate is
    known. `acknowledged`: by whom and when, as far as it still holds."""

    name: str
    plan: Plan | None
    expiring_scope: str
    urgent_scope: str
    level: ExpiryLevel
    trouble: Trouble
    mute: AlertAct | None
    acknowledged: AlertAct | None

    @property
    def can_be_acknowledged(self) -> bool:
        troubled = self.level is not ExpiryLevel.FINE or self.trouble is not Trouble.NONE
        return troubled and self.acknowledged is None

    def sentences(self, now: datetime, zone: tzinfo) -> list[str]:
        """What it warns of next, and under which rule."""
        plan = self.plan
        if self.trouble in (Trouble.UNKNOWN, Trouble.INVALID):
            return [say.tells_its_end()]
        if plan is None:
            return [say.no_certificate()]
        if self.trouble is Trouble.EXPIRED or self.level is ExpiryLevel.URGENT:
            return [] if self.acknowledged else [say.reminds()]
        first = (plan.expiring_at, plan.expires_at - plan.expiring_at)
        if self.level is ExpiryLevel.EXPIRING:
            again = (plan.urgent_at, plan.expires_at - plan.urgent_at, self.urgent_scope)
            return [
                say.warned_since(*first, self.expiring_scope, zone),
                say.urgent_from(*again, zone),
            ]
        told = []
        if self.level is ExpiryLevel.LATE:
            told.append(say.is_late())
        elif plan.late_at is not None and now < plan.late_at < plan.expiring_at:
            told.append(say.warns_if_late(plan.late_at, zone))
        if plan.expiring_at != plan.threshold_at:
            return [*told, say.warns_after_rhythm(*first, zone)]
        return [*told, say.warns_from(*first, self.expiring_scope, zone)]


def warning_of(item: Item, now: datetime) -> ItemWarning | None:
    """None for an item of which nothing is told."""
    target = item.target
    if target is None or not item.active or target.checked_at is None:
        return None
    book = rules.book()
    name = _remembered(target, book)
    owner = checks.owners_of([target.id])[target.id]
    name.client = owner.client
    name.product = owner.product
    make_plan(name, book)
    issuer = name.certificate.issuer if name.certificate is not None else ""
    steps = book.steps(name.name, name.client, name.product, issuer)
    acknowledged = acts.latest(target.id, Act.ACKNOWLEDGE)
    if acknowledged is not None and acknowledged.taken and not _is_acknowledged(name):
        acknowledged = None
    return ItemWarning(
        target.authority,
        name.plan,
        book.scope_of("expiring", steps),
        book.scope_of("urgent", steps),
        level_of(name, now),
        trouble_of(name, now, None),
        acts.mute_of(target.id, now),
        acknowledged,
    )


def _is_acknowledged(name: Watched) -> bool:
    return name.acknowledged or name.trouble_acknowledged


def _remembered(target: Target, book: RuleBook) -> Watched:
    """What is remembered of a name; of one that was never seen valid, the present certificate."""
    row = db.session.scalar(select(AlertName).filter_by(target_id=target.id))
    name = Watched(target.authority) if row is None else codec.load_name(row.state, book)
    if name.certificate is None and target.not_after is not None:
        facts = (target.fingerprint or "", target.not_before, target.not_after, target.issuer)
        name.certificate = Certificate(*facts)
    return name
