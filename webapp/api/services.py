"""Services: list, get, put, change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.api import answers, listing
from webapp.api.bodies import MoveBody, ServiceBody, ServiceChange, changed_service, service_details
from webapp.api.gate import now
from webapp.api.operations import make_blueprint, operation, tagged, version_wanted
from webapp.customers import access, clients, items, lists, puts
from webapp.customers.concurrency import still_admin
from webapp.customers.models import Service, User
from webapp.errors import found

blueprint = make_blueprint("services", help="Products that clients bought, with their host names.")
ITEM = "/services/<id:item_id>"
BY_REFERENCE = "/services/by-reference/<reference>"
LINKS = {
    "get": {"operationId": "get_service", "parameters": {"item_id": "$response.body#/id"}},
    "delete": {"operationId": "delete_service", "parameters": {"item_id": "$response.body#/id"}},
    "change": {"operationId": "change_service", "parameters": {"item_id": "$response.body#/id"}},
}


@operation(
    blueprint, "GET", "/services", answers.ServicePage, query=listing.ServiceQuery, problems=(404,)
)
def list_services(user: User, query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists services."""
    listed = lists.list_services(user, listing.list_query(query), now())
    listing.refuse_unknown(query, listed.filters, listed.page)
    rows = [answers.item_of(item, user, now()) for item in listed.rows]
    return answers.page_of(listed.page, rows)


@operation(blueprint, "GET", ITEM, answers.ServiceAnswer, etag=True)
def get_service(user: User, item_id: int) -> Any:
    """One service."""
    return _answer(user, access.require_service(user, item_id))


@operation(blueprint, "GET", BY_REFERENCE, answers.ServiceAnswer, etag=True)
def get_service_by_reference(user: User, reference: str) -> Any:
    """The service with your reference."""
    return _answer(user, found(puts.service_of(user, reference)))


@operation(
    blueprint,
    "PUT",
    BY_REFERENCE,
    answers.ServiceAnswer,
    also={201: answers.ServiceAnswer},
    body=ServiceBody,
    problems=(409, 412),
    etag=True,
    links={200: LINKS, 201: LINKS},
)
def put_service(user: User, body: Mapping[str, Any], reference: str) -> Any:
    """Creates the service with your reference, or changes it.

    What is left out becomes empty. Sent twice, it is the same. Where the client is another one, the
    service moves.
    """
    known = puts.service_of(user, reference)
    version = version_wanted(known.version if known else 0) or None
    details = service_details(body, reference)
    service, created = puts.put_service(user, body["client"], details, now(), version)
    return _answer(user, service, 201 if created else 200)


@operation(
    blueprint,
    "PATCH",
    ITEM,
    answers.ServiceAnswer,
    body=ServiceChange,
    problems=(409, 412),
    etag=True,
)
def change_service(user: User, body: Mapping[str, Any], item_id: int) -> Any:
    """Changes what is sent, and leaves the rest."""
    service = access.require_service(user, item_id)
    version = version_wanted(service.version)
    details = changed_service(service, body)
    items.change(user, Service.kind, item_id, version, details, now(), body.get("client"))
    return _answer(user, access.require_service(user, item_id))


@operation(
    blueprint,
    "POST",
    f"{ITEM}/move",
    answers.ServiceAnswer,
    body=MoveBody,
    problems=(409, 412),
    etag=True,
)
def move_service(user: User, body: Mapping[str, Any], item_id: int) -> Any:
    """Gives it to another client."""
    service = access.require_service(user, item_id)
    version = version_wanted(service.version)
    still_admin(user)  # no one else learns which clients there are
    to = clients.find_client(body["client"]).id
    items.move(user, Service.kind, item_id, version, to, now())
    return _answer(user, access.require_service(user, item_id))


def _answer(user: User, service: Service, status: int = 200) -> Any:
    return answers.item_of(service, user, now()), status, tagged(service.version)
