"""Clients: list, get, put, change, delete. For the provider's people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from webapp.api import answers, listing
from webapp.api.bodies import ClientBody, ClientChange, client_details, reference_in
from webapp.api.fields import Choice, Request
from webapp.api.gate import now
from webapp.api.operations import make_blueprint, operation, tagged, version_wanted
from webapp.customers import client_list, clients, puts, tags
from webapp.customers.concurrency import still_staff
from webapp.customers.models import Client, User
from webapp.errors import Refused, found
from webapp.words import api as say

blueprint = make_blueprint("clients", help="Customers, whose services and domains these are.")
ONE = "/clients/<id:client_id>"
BY_REFERENCE = "/clients/by-reference/<reference>"
LINKS = {
    "get": {"operationId": "get_client", "parameters": {"client_id": "$response.body#/id"}},
    "delete": {"operationId": "delete_client", "parameters": {"client_id": "$response.body#/id"}},
    "put domain": {"operationId": "put_domain", "parameters": {"client_id": "$response.body#/id"}},
}


class ClientQuery(listing.SearchQuery):
    sort = Choice(listing.both_ways(client_list.SORTS))


class DeleteQuery(Request):
    belongings = Choice(
        ["delete"], help="Needed where services, domains or users of the client go with it."
    )


@operation(blueprint, "GET", "/clients", answers.ClientPage, query=ClientQuery, problems=(404,))
def list_clients(user: User, query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists clients."""
    still_staff(user)
    listed = client_list.list_clients(listing.list_query(query))
    listing.refuse_unknown(query, listed.filters, listed.page)
    return answers.page_of(listed.page, answers.client_rows(listed.rows, user))


@operation(blueprint, "GET", ONE, answers.ClientAnswer, etag=True)
def get_client(user: User, client_id: int) -> Any:
    """One client."""
    still_staff(user)
    return _answer(user, clients.require_client(client_id))


@operation(blueprint, "GET", BY_REFERENCE, answers.ClientAnswer, etag=True)
def get_client_by_reference(user: User, reference: str) -> Any:
    """The client with your reference."""
    still_staff(user)
    return _answer(user, found(puts.client_of(reference)))


@operation(
    blueprint,
    "PUT",
    BY_REFERENCE,
    answers.ClientAnswer,
    also={201: answers.ClientAnswer},
    body=ClientBody,
    problems=(409, 412),
    etag=True,
    links={200: LINKS, 201: LINKS},
)
def put_client(user: User, body: Mapping[str, Any], reference: str) -> Any:
    """Creates the client with your reference, or changes it.

    What is left out becomes empty. Sent twice, it is the same.
    """
    still_staff(user)
    known = puts.client_of(reference_in(reference))
    version = version_wanted(known.version if known else 0) or None
    details = client_details(body, reference)
    client, created = puts.put_client(user, details, now(), version)
    return _answer(user, client, 201 if created else 200)


@operation(
    blueprint,
    "PATCH",
    ONE,
    answers.ClientAnswer,
    body=ClientChange,
    problems=(409, 412),
    etag=True,
)
def change_client(user: User, body: Mapping[str, Any], client_id: int) -> Any:
    """Changes what is sent, and leaves the rest."""
    still_staff(user)
    client = clients.require_client(client_id)
    version = version_wanted(client.version)
    merged = client_details(_facts(client) | dict(body), body.get("reference", client.reference))
    clients.change(user, client_id, version, merged, now())
    return _answer(user, clients.require_client(client_id))


@operation(blueprint, "DELETE", ONE, None, status=204, query=DeleteQuery, problems=(409, 412))
def delete_client(user: User, query: Mapping[str, Any], client_id: int) -> Response:
    """Deletes a client, with all that is theirs."""
    still_staff(user)
    client = clients.require_client(client_id)
    version = version_wanted(client.version)
    counts = client_list.counts_of(client)
    if (counts.items or counts.users) and "belongings" not in query:
        raise Refused(say.has_belongings())
    clients.remove(user, client_id, version, clients.what_goes_with(client), now())
    return Response(status=204)


def _facts(client: Client) -> dict[str, Any]:
    own = ("name", "contact_email", "note")
    return {name: getattr(client, name) for name in own} | {"tags": tags.names_of(client)}


def _answer(user: User, client: Client, status: int = 200) -> Any:
    return answers.client_of(client, user), status, tagged(client.version)
