"""Domains: list, get, put, change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.api import answers, listing
from webapp.api.bodies import DomainBody, DomainChange, MoveBody, changed_domain, domain_details
from webapp.api.gate import now
from webapp.api.operations import make_blueprint, operation, tagged, version_wanted
from webapp.customers import access, clients, items, lists, puts
from webapp.customers.concurrency import still_admin
from webapp.customers.models import Domain, User
from webapp.errors import found

blueprint = make_blueprint("domains", help="Domains that clients registered.")
ITEM = "/domains/<id:item_id>"
BY_NAME = "/clients/<id:client_id>/domains/<name>"
LINKS = {
    "get": {"operationId": "get_domain", "parameters": {"item_id": "$response.body#/id"}},
    "delete": {"operationId": "delete_domain", "parameters": {"item_id": "$response.body#/id"}},
    "change": {"operationId": "change_domain", "parameters": {"item_id": "$response.body#/id"}},
}


@operation(
    blueprint, "GET", "/domains", answers.DomainPage, query=listing.DomainQuery, problems=(404,)
)
def list_domains(user: User, query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists domains."""
    listed = lists.list_domains(user, listing.list_query(query), now())
    listing.refuse_unknown(query, listed.filters, listed.page)
    rows = [answers.item_of(item, user, now()) for item in listed.rows]
    return answers.page_of(listed.page, rows)


@operation(blueprint, "GET", ITEM, answers.DomainAnswer, etag=True)
def get_domain(user: User, item_id: int) -> Any:
    """One domain."""
    return _answer(user, access.require_domain(user, item_id))


@operation(blueprint, "GET", BY_NAME, answers.DomainAnswer, etag=True)
def get_domain_by_name(user: User, client_id: int, name: str) -> Any:
    """A client’s domain, by its name."""
    return _answer(user, found(puts.domain_of(user, client_id, name)))


@operation(
    blueprint,
    "PUT",
    BY_NAME,
    answers.DomainAnswer,
    also={201: answers.DomainAnswer},
    body=DomainBody,
    problems=(409, 412),
    etag=True,
    links={200: LINKS, 201: LINKS},
)
def put_domain(user: User, body: Mapping[str, Any], client_id: int, name: str) -> Any:
    """Creates a client’s domain of this name, or changes it.

    What is left out becomes empty. Sent twice, it is the same.
    """
    still_admin(user)  # no one else learns which clients there are
    clients.require_client(client_id)
    known = puts.domain_of(user, client_id, name)
    version = version_wanted(known.version if known else 0) or None
    details = domain_details(body, name)
    domain, created = puts.put_domain(user, client_id, details, now(), version)
    return _answer(user, domain, 201 if created else 200)


@operation(
    blueprint,
    "PATCH",
    ITEM,
    answers.DomainAnswer,
    body=DomainChange,
    problems=(409, 412),
    etag=True,
)
def change_domain(user: User, body: Mapping[str, Any], item_id: int) -> Any:
    """Changes what is sent, and leaves the rest."""
    domain = access.require_domain(user, item_id)
    version = version_wanted(domain.version)
    details = changed_domain(domain, body)
    items.change(user, Domain.kind, item_id, version, details, now())
    return _answer(user, access.require_domain(user, item_id))


@operation(
    blueprint,
    "POST",
    f"{ITEM}/move",
    answers.DomainAnswer,
    body=MoveBody,
    problems=(409, 412),
    etag=True,
)
def move_domain(user: User, body: Mapping[str, Any], item_id: int) -> Any:
    """Gives it to another client."""
    domain = access.require_domain(user, item_id)
    version = version_wanted(domain.version)
    still_admin(user)  # no one else learns which clients there are
    to = clients.find_client(body["client"]).id
    items.move(user, Domain.kind, item_id, version, to, now())
    return _answer(user, access.require_domain(user, item_id))


def _answer(user: User, domain: Domain, status: int = 200) -> Any:
    return answers.item_of(domain, user, now()), status, tagged(domain.version)
