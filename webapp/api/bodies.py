"""What is sent to create and change clients, services and domains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from marshmallow import ValidationError
from marshmallow.fields import String

from webapp import probe
from webapp.api import fields
from webapp.api.fields import Choice, Day, Entries, Request, Text
from webapp.api.reading import BadRequest, in_body
from webapp.customers import clients, items, tags
from webapp.customers.access import Item
from webapp.customers.models import (
    MOST_NOTE_CHARACTERS,
    Domain,
    DomainStatus,
    Service,
    ServiceStatus,
)
from webapp.customers.note_text import note_or_none
from webapp.customers.tag_models import MOST_CHARACTERS
from webapp.probe.address import literal
from webapp.renewer import Renewer
from webapp.words import api as say
from webapp.words import hostnames, refusals


def _client(**kw: Any) -> Text:
    return Text(200, help="The client’s name or reference, or # and its id.", **kw)


class Address(fields.Strict, String):
    """An IP address, written as everybody does."""

    def __init__(self, **kw: Any) -> None:
        described = {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}], "maxLength": 45}
        super().__init__(metadata=described, **kw)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> str:
        try:
            return literal(value if isinstance(value, str) and len(value) <= 45 else "")
        except ValueError:
            raise ValidationError(refusals.not_an_address()) from None


def _tags() -> Entries:
    return Entries(Text(MOST_CHARACTERS, fields.TAG), tags.MOST_TAGS)


class MoveBody(Request):
    client = _client(required=True)


class ServiceBody(Request):
    client = _client(required=True)
    product = Text(200, required=True)
    domain = Text(255, fields.ANY_LINE, 0, load_default="", help="The host name, as it is entered.")
    status = Choice(ServiceStatus, load_default=ServiceStatus.ACTIVE.value)
    next_due_on = Day(allow_none=True)
    server_address = Address(allow_none=True)
    who_renews = Choice(Renewer, allow_none=True)
    tags = _tags()


class ServiceChange(Request):
    client = _client()
    reference = Text(64, fields.REFERENCE, allow_none=True)
    product = Text(200)
    domain = Text(255, fields.ANY_LINE, 0)
    status = Choice(ServiceStatus)
    next_due_on = Day(allow_none=True)
    server_address = Address(allow_none=True)
    who_renews = Choice(Renewer, allow_none=True)
    tags = _tags()


class DomainBody(Request):
    status = Choice(DomainStatus, load_default=DomainStatus.ACTIVE.value)
    registered_on = Day(allow_none=True)
    expires_on = Day(allow_none=True)
    tags = _tags()


class DomainChange(Request):
    name = Text(253, fields.HOST_NAME)
    status = Choice(DomainStatus)
    registered_on = Day(allow_none=True)
    expires_on = Day(allow_none=True)
    tags = _tags()


class ClientBody(Request):
    name = Text(200, required=True)
    contact_email = Text(254, fields.EMAIL, allow_none=True)
    note = Text(MOST_NOTE_CHARACTERS, fields.TEXT, 0, allow_none=True)
    tags = _tags()


class ClientChange(Request):
    name = Text(200)
    reference = Text(64, fields.REFERENCE, allow_none=True)
    contact_email = Text(254, fields.EMAIL, allow_none=True)
    note = Text(MOST_NOTE_CHARACTERS, fields.TEXT, 0, allow_none=True)
    tags = _tags()


class NoteBody(Request):
    note = Text(MOST_NOTE_CHARACTERS, fields.TEXT, 0, required=True, allow_none=True)
    tags = _tags()


def note_and_tags(item: Item, body: Mapping[str, Any]) -> tuple[str | None, Sequence[str]]:
    """The note that a body has, and the tags: those of the item where the body has none."""
    names = _tag_names(body) if "tags" in body else tags.names_of(item)
    return note_or_none(body["note"]), names


def reference_in(text: str) -> str:
    """The reference of an address. Raises `BadRequest` where it can be none."""
    if not re.fullmatch(fields.REFERENCE, text):
        raise BadRequest(404)
    return text


def service_details(body: Mapping[str, Any], reference: str) -> items.ServiceDetails:
    """The service that a body describes."""
    return items.ServiceDetails(**_service_facts(body), reference=reference_in(reference))


def changed_service(service: Service, body: Mapping[str, Any]) -> items.ServiceDetails:
    """A service with what a body says of it."""
    names = ("product", "domain", "status", "next_due_on", "server_address", "who_renews")
    known = {name: getattr(service, name) for name in names}
    known["tags"] = tags.names_of(service)
    reference = body.get("reference", service.reference)
    return items.ServiceDetails(**_service_facts(known | dict(body)), reference=reference)


def domain_details(body: Mapping[str, Any], name: str) -> items.DomainDetails:
    """The domain that a body describes. Raises `BadRequest` where its name can be none, or its
    dates are the wrong way round."""
    if not re.fullmatch(fields.ANY_LINE, name):
        raise BadRequest(409, say.text_refused(), [in_body("name", say.text_refused())])
    return _right(
        items.DomainDetails(
            _line(name),
            DomainStatus(body["status"]),
            body.get("registered_on"),
            body.get("expires_on"),
            _tag_names(body),
        )
    )


def changed_domain(domain: Domain, body: Mapping[str, Any]) -> items.DomainDetails:
    """A domain with what a body says of it."""
    names = ("name", "status", "registered_on", "expires_on")
    known = {name: getattr(domain, name) for name in names} | {"tags": tags.names_of(domain)}
    merged = known | dict(body)
    return domain_details(merged, merged["name"])


def client_details(body: Mapping[str, Any], reference: str | None) -> clients.ClientDetails:
    """The client that a body describes."""
    facts = (body.get("contact_email"), note_or_none(body.get("note") or ""), _tag_names(body))
    return clients.ClientDetails(_line(body["name"]), reference, *facts)


def _service_facts(body: Mapping[str, Any]) -> dict[str, Any]:
    renewer = body.get("who_renews")
    return {
        "product": _line(body["product"]),
        "domain": _line(body["domain"]),
        "status": ServiceStatus(body["status"]),
        "next_due_on": body.get("next_due_on"),
        "server_address": body.get("server_address"),
        "who_renews": renewer and Renewer(renewer),
        "tags": _tag_names(body),
    }


def _line(text: str) -> str:
    """The text as forms store it."""
    return " ".join(text.split())


def _tag_names(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tags.read(",".join(body.get("tags") or ()))


def _right(details: items.DomainDetails) -> items.DomainDetails:
    try:
        probe.understand(details.name, current_app.config["PADLOCK_PORTS"])
    except probe.NotCheckable as error:
        told = hostnames.refusal_text(error.refusal, error.allowed, admin=True)
        raise BadRequest(409, told, [in_body("name", told)]) from None
    if details.expires_on and details.registered_on and details.expires_on < details.registered_on:
        told = refusals.expires_too_early()
        raise BadRequest(409, told, [in_body("expires_on", told)])
    return details
