"""The rules of the site, stored as they stand in the RULES of a rehearsal, see docs/alerts.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, or_, select, update

from webapp.alerts.rules import Clients, Rule, RuleBook, read_fields
from webapp.customers import audit_log, index
from webapp.customers.concurrency import still_admin
from webapp.customers.models import Client, User
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.monitor.models import Target
from webapp.notices.models import AlertName, AlertRule, Scope
from webapp.probe import to_unicode
from webapp.words import alert_rules as say
from webapp.words.activity import Detail

REWRITE = "listing rewrite"  # the kind of job that `expiring` runs
LOGGED_AS = "warning rule"  # the kind of item in the activity log
SPREAD_MINUTES = 60  # over which all names are looked at again after a change

Rules = Mapping[str, Any]  # RULES

# What the site's rule sets where it sets nothing itself, see `webapp.alerts.rules.Rule`
DEFAULTS: dict[str, Any] = {
    "expiring": {"share": Rule().expiring.share, "days": Rule().expiring.days},
    "urgent": {"share": Rule().urgent.share, "days": Rule().urgent.days},
    "unknown_days": Rule().unknown_after / timedelta(days=1),
    "digest_at": "08:00",
    "gather_minutes": Rule().gather / timedelta(minutes=1),
    "clients": Clients.OFF.value,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule is for, and how people call it."""

    scope: Scope
    key: str = ""
    title: str = ""
    client_id: int | None = None
    target_id: int | None = None


class SiteRules(RuleBook):
    """Rules whose clients are the ids that `checks` writes. Of several clients with one name, the
    first that has a rule decides."""

    def clients_of(self, client: str | None) -> list[str]:
        return client.split(",") if client else []


def stored() -> Rules:
    """All rules, as one object."""
    rules: dict[str, Any] = {}
    for scope, key, rule in db.session.execute(
        select(AlertRule.scope, AlertRule.key, AlertRule.rule)
    ):
        if scope is Scope.SITE:
            rules[scope] = rule
        else:
            rules.setdefault(scope, {})[key] = rule
    return rules


def book(rules: Rules | None = None) -> SiteRules:
    """The rule book of these rules, or of those that are stored. Clients are not written to unless
    a rule says so. Raises `BadRule`."""
    site, scopes = read_fields(stored() if rules is None else rules)
    return SiteRules({"clients": Clients.OFF} | dict(site), scopes)


def with_rule(rules: Rules, subject: Subject, rule: Rules) -> Rules:
    """The same rules with this one in place of what its subject had."""
    if subject.scope is Scope.SITE:
        return {**rules, subject.scope: rule}
    return {**rules, subject.scope: {**rules.get(subject.scope, {}), subject.key: rule}}


def rule_of(subject: Subject) -> dict[str, Any]:
    """The rule of this subject; empty where it has none."""
    row = _row(subject)
    return row.rule if row is not None else {}


def may_tell(client_id: int | None) -> bool:
    """Whether there is a rule by which this client's users may be written to."""
    wanted = {Clients.URGENT, Clients.ALL}
    return any(
        row.rule.get("clients") in wanted and row.client_id in (None, client_id)
        for row in db.session.scalars(select(AlertRule))
    )


def rows() -> list[tuple[Subject, Rules]]:
    """All rules but the site's, by what they are for."""
    found = db.session.execute(
        select(AlertRule, Client.name)
        .outerjoin(Client, Client.id == AlertRule.client_id)
        .where(AlertRule.scope != Scope.SITE)
    )
    listed = [(_subject(row, client), row.rule) for row, client in found]
    order = list(Scope)
    return sorted(listed, key=lambda one: (order.index(one[0].scope), one[0].title.casefold()))


def with_key(scope: Scope, key: str) -> Subject | None:
    """What has a rule under this key."""
    row = db.session.scalar(select(AlertRule).filter_by(scope=scope, key=key))
    return _subject(row, None) if row is not None else None


def save(who: User, subject: Subject, rule: Rules, now: datetime) -> None:
    """Stores the rule of a subject; an empty one means that it has none of its own.

    Raises `BadRule`.
    """
    book(with_rule({}, subject, rule))
    with writing():
        still_admin(who)
        row = _row(subject)
        before = row.rule if row is not None else {}
        if rule == before:
            return
        if row is None:
            keys = {"client_id": subject.client_id, "target_id": subject.target_id}
            row = AlertRule(scope=subject.scope, key=subject.key, **keys)
            db.session.add(row)
        row.rule = dict(rule)
        if not rule:
            db.session.delete(row)
        _note(who, subject, before, rule, now)
        _apply(subject, now)


def _row(subject: Subject) -> AlertRule | None:
    return db.session.scalar(select(AlertRule).filter_by(scope=subject.scope, key=subject.key))


def _subject(row: AlertRule, client: str | None) -> Subject:
    title = client or (to_unicode(row.key) if row.scope is Scope.NAME else row.key)
    return Subject(row.scope, row.key, title, row.client_id, row.target_id)


def _note(who: User, subject: Subject, before: Rules, after: Rules, now: datetime) -> None:
    action = "deleted" if not after else "changed" if before else "created"
    old, new = (say.rule_facts(rule) for rule in (before, after))
    changes = audit_log.changes(
        {name: old.get(name) for name in old | new}, {name: new.get(name) for name in old | new}
    )
    title = subject.title or say.the_site()
    audit_log.note(*(who, action, LOGGED_AS, None, title, now), Detail.CHANGES, changes=changes)


def _apply(subject: Subject, now: datetime) -> None:
    """Has names evaluated under the new rule, and their place in lists written: one at once, many
    spread over an hour, and by a background job."""
    if subject.target_id is not None:
        one = update(AlertName).where(AlertName.target_id == subject.target_id)
        db.session.execute(one.values(next_at=now))
        index.touch(Target, [subject.target_id])
        return
    queue.add(REWRITE, "", {}, now, timedelta(days=1))
    minutes = [now + timedelta(minutes=number) for number in range(1, SPREAD_MINUTES + 1)]
    its_turn = case(
        dict(enumerate(minutes)),
        value=AlertName.id % SPREAD_MINUTES,
    )
    later = or_(AlertName.next_at.is_(None), AlertName.next_at > its_turn)
    db.session.execute(
        update(AlertName).where(later).values(next_at=its_turn),
        execution_options={"synchronize_session": False},
    )
