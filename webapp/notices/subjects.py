"""What a rule can be for: the site, or a product, client, issuer or name that it knows."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import ColumnElement, Select, func, or_, select, true

from webapp import probe
from webapp.alerts.rules import parts_of
from webapp.customers import clients, monitored_names
from webapp.customers.index_rows import inactive
from webapp.customers.models import Domain, Service
from webapp.errors import Refused
from webapp.extensions import db
from webapp.monitor.models import Target
from webapp.notices import rules
from webapp.notices.models import Scope
from webapp.notices.rules import Subject
from webapp.words import alert_rules as say


def find(scope: Scope, text: str) -> Subject:
    """What this text means. Raises `errors.Refused` where there is no such thing, unless it has a
    rule of before."""
    text = text.strip()
    if scope is Scope.SITE:
        return Subject(scope)
    if scope is not Scope.CLIENT and (subject := rules.with_key(scope, text)):
        return subject
    if scope is Scope.CLIENT:
        return _client(text)
    if scope is Scope.PRODUCT:
        return _product(text)
    return _issuer(text) if scope is Scope.ISSUER else _name(text)


def targets_of(subject: Subject) -> ColumnElement[bool]:
    """Condition: a rule for this subject is about the target, as far as its row tells."""
    if subject.scope is Scope.NAME:
        return Target.id == subject.target_id
    if subject.scope is Scope.ISSUER:
        return _is_from(subject.key)
    if subject.scope is Scope.PRODUCT:
        return Target.id.in_(_targets(Service).where(Service.product == subject.key))
    if subject.scope is Scope.CLIENT:
        owned = (
            _targets(model).where(model.client_id == subject.client_id)
            for model in (Service, Domain)
        )
        return or_(*(Target.id.in_(ids) for ids in owned))
    return true()


def _targets(model: type[Service] | type[Domain]) -> Select[int | None]:
    return select(model.target_id).where(~inactive(model))


def _client(text: str) -> Subject:
    try:
        client = clients.find_client(text)
    except clients.NoSuchClient as error:
        raise Refused(str(error)) from None
    return Subject(Scope.CLIENT, str(client.id), client.name, client_id=client.id)


def _product(text: str) -> Subject:
    if db.session.scalar(select(Service.id).where(Service.product == text).limit(1)) is None:
        raise Refused(say.no_such_product())
    return Subject(Scope.PRODUCT, text, text)


def _issuer(text: str) -> Subject:
    """An issuer, its organisation or its common name, in the case in which certificates have it."""
    issuer = db.session.scalar(select(Target.issuer).where(_is_from(text)).limit(1))
    known = (issuer, *parts_of(issuer)) if issuer else ()
    key = next((part for part in known if part.casefold() == text.casefold()), "")
    if not key:
        raise Refused(say.no_such_issuer())
    return Subject(Scope.ISSUER, key, key)


def _is_from(issuer: str) -> ColumnElement[bool]:
    """Condition: this is the issuer of a target's certificate, its organisation or common name, in
    upper or lower case."""
    return or_(
        func.lower(Target.issuer) == func.lower(issuer),
        Target.issuer.iendswith(f", {issuer}", autoescape=True),
        Target.issuer.istartswith(f"{issuer}, ", autoescape=True),
    )


def _name(text: str) -> Subject:
    try:
        asked = probe.understand(text, current_app.config["PADLOCK_PORTS"])
    except probe.NotCheckable:
        raise Refused(say.no_such_name()) from None
    name = asked.authority
    target_id = monitored_names.ids_in_use([name]).get(name)
    if target_id is None:
        raise Refused(say.no_such_name())
    return Subject(Scope.NAME, name, probe.to_unicode(name), target_id=target_id)
