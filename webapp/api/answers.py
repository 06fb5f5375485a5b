"""What the API answers of clients, services and domains.

Clients do not see what is the provider's: it is null or empty for their tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import fields

from webapp.api.fields import AnswerBody
from webapp.customers import padlocks, statuses, tags
from webapp.customers.access import Item
from webapp.customers.client_list import ClientRow
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.customers.statuses import CLOSED
from webapp.listing.page import Page
from webapp.monitor.models import Standing, Target
from webapp.probe import Reason, State
from webapp.renewer import Renewer
from webapp.words import states, verdicts


def words(of: Any, *more: str, null: bool = False) -> fields.String:
    """One of these codes."""
    known = [*map(str, of), *more, *([None] if null else [])]
    return fields.String(required=True, allow_none=null, metadata={"enum": known})


def text(help: str = "", *, null: bool = False) -> fields.String:
    described = {"description": help} if help else {}
    return fields.String(required=True, allow_none=null, metadata=described)


def number(help: str = "") -> fields.Integer:
    described = {"description": help} if help else {}
    return fields.Integer(required=True, metadata=described)


def instant(*, null: bool = False) -> fields.DateTime:
    return fields.DateTime(required=True, allow_none=null)


def day() -> fields.Date:
    return fields.Date(required=True, allow_none=True)


def each(inner: Any) -> fields.List[Any]:
    return fields.List(inner, required=True)


class StandingAnswer(AnswerBody):
    """How its padlock stands."""

    state = words(State)
    reason = words(Reason, null=True)
    title = text()
    explanation = text()
    expires_soon = fields.Boolean(required=True)
    browsers_refuse = fields.Boolean(required=True)
    not_after = instant(null=True)
    checked_at = instant(null=True)
    changed_at = instant(null=True)
    last_valid_at = instant(null=True)
    checking = fields.Boolean(required=True)


class ItemAnswer(AnswerBody):
    id = number()
    client_id = number()
    client_name = text()
    host_name = text(help="As people write it; null where there is none.", null=True)
    active = fields.Boolean(required=True)
    tags = each(fields.String())
    note = text(null=True)
    certificate = fields.Nested(StandingAnswer, required=True)


class ServiceAnswer(ItemAnswer):
    reference = text(null=True)
    product = text()
    domain = text()
    status = words(ServiceStatus, CLOSED)
    next_due_on = day()
    server_address = text(null=True)
    who_renews = words(Renewer, null=True)


class DomainAnswer(ItemAnswer):
    name = text()
    status = words(DomainStatus, CLOSED)
    registered_on = day()
    expires_on = day()


class ClientAnswer(AnswerBody):
    id = number()
    name = text()
    reference = text(null=True)
    contact_email = text(null=True)
    note = text(null=True)
    tags = each(fields.String())
    created_at = instant()
    services = number()
    domains = number()


class PageAnswer(AnswerBody):
    total = number(help="How many there are; where that is not exact, there are more than so many.")
    exact = fields.Boolean(required=True)
    next_cursor = text(help="null on the last page.", null=True)
    previous_cursor = text(help="null on the first page.", null=True)


class ServicePage(PageAnswer):
    items = each(fields.Nested(ServiceAnswer))


class DomainPage(PageAnswer):
    items = each(fields.Nested(DomainAnswer))


class ClientPage(PageAnswer):
    items = each(fields.Nested(ClientAnswer))


def page_of(page: Page, items: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a list."""
    return {
        "items": items,
        "total": page.total,
        "exact": page.exact,
        "next_cursor": page.following or None,
        "previous_cursor": page.previous or None,
    }


def standing_of(item: Item, user: User, now: datetime) -> dict[str, Any]:
    """What is known of its certificate, without a check. Of an inactive item nothing is: its name
    may be another's by now."""
    stands = padlocks.known(item, user, now)
    facts = stands.facts if item.active else None
    return {
        "state": stands.state.value,
        "reason": stands.reason and stands.reason.value,
        "title": verdicts.title(stands.state, stands.reason, facts),
        "explanation": verdicts.customer_text(stands.state, stands.reason, facts),
        "expires_soon": states.expiring(stands.state, facts.expiring_at if facts else None, now),
        "browsers_refuse": states.refused(stands.state, facts),
        "checking": stands.checking,
        **_instants(stands, facts),
    }


def _instants(stands: Standing, facts: Target | None) -> Mapping[str, datetime | None]:
    names = ("not_after", "checked_at", "changed_at", "last_valid_at")
    return {name: getattr(facts, name) if facts is not None else None for name in names}


def item_of(item: Item, user: User, now: datetime) -> dict[str, Any]:
    """A service or a domain, as this user may see it."""
    theirs = not user.sees_everything
    told: dict[str, Any] = {
        "id": item.id,
        "client_id": item.client_id,
        "client_name": item.client.name,
        "host_name": item.shown_name if item.target else None,
        "active": item.active,
        "status": statuses.shown_status(item.status, client=theirs),
        "tags": [] if theirs else list(tags.names_of(item)),
        "note": None if theirs else item.note,
        "certificate": standing_of(item, user, now),
    }
    if isinstance(item, Domain):
        dates = {"registered_on": item.registered_on, "expires_on": item.expires_on}
        return told | {"name": item.name} | dates
    own = {"product": item.product, "domain": item.domain, "next_due_on": item.next_due_on}
    provider = ("reference", "server_address", "who_renews")
    return told | own | {name: None if theirs else getattr(item, name) for name in provider}


def client_of(client: Client, user: User) -> dict[str, Any]:
    """A client, as this user may see it."""
    theirs = not user.sees_everything
    return {
        "id": client.id,
        "name": client.name,
        "reference": None if theirs else client.reference,
        "contact_email": client.contact_email,
        "note": None if theirs else client.note,
        "tags": [] if theirs else list(tags.names_of(client)),
        "created_at": client.created_at,
        "services": client.service_count,
        "domains": client.domain_count,
    }


def client_rows(rows: list[ClientRow], user: User) -> list[dict[str, Any]]:
    return [client_of(row.client, user) for row in rows]


ANSWERS = {Service.kind: ServiceAnswer, Domain.kind: DomainAnswer}
