"""Links that show a client's padlocks without a sign-in: make, list, revoke. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app
from marshmallow import fields

from webapp import mail
from webapp.api.answers import each, instant, number, text, words
from webapp.api.fields import ANY_LINE, AnswerBody, Choice, Request, Text, Whole
from webapp.api.gate import now
from webapp.api.operations import make_blueprint, operation
from webapp.customers import clients, public_links
from webapp.customers.concurrency import still_admin
from webapp.customers.link_models import LinkUse, PublicLink
from webapp.customers.models import User

blueprint = make_blueprint(
    "links", help="Addresses that show a client’s certificates to anyone who has them."
)
ALL = "/clients/<id:client_id>/links"
LINKS = {
    "revoke": {
        "operationId": "revoke_link",
        "parameters": {
            "client_id": "$response.body#/client_id",
            "link_id": "$response.body#/id",
        },
    }
}


class LinkAnswer(AnswerBody):
    id = number()
    client_id = number()
    use = words(LinkUse)
    name = text(help="The host name of a badge; null where it shows nothing any more.", null=True)
    created_at = instant()
    created_by = text(help="An e-mail address; empty for the command line.")
    ends_at = instant(null=True)


class NewLinkAnswer(LinkAnswer):
    url = text(help="Shown only now: a hash of its secret is stored.")


class LinksAnswer(AnswerBody):
    items = each(fields.Nested(LinkAnswer))


class LinkBody(Request):
    use = Choice(LinkUse, load_default=LinkUse.PAGE.value)
    days = Whole(
        1,
        public_links.MOST_DAYS,
        allow_none=True,
        help="How long it works; null: until it is revoked.",
    )
    name = Text(255, ANY_LINE, 0, help="For a badge: a host name of the client.")


@operation(blueprint, "GET", ALL, LinksAnswer)
def list_links(user: User, client_id: int) -> dict[str, Any]:
    """Lists the links of a client, the newest first, also those that have ended."""
    still_admin(user)
    client = clients.require_client(client_id)
    return {"items": [_told(link) for link in public_links.of_client(client.id)]}


@operation(
    blueprint,
    "POST",
    ALL,
    NewLinkAnswer,
    status=201,
    body=LinkBody,
    problems=(409,),
    links={201: LINKS},
)
def create_link(user: User, body: Mapping[str, Any], client_id: int) -> dict[str, Any]:
    """Creates a link that shows the client’s certificates without a sign-in."""
    secret, link = public_links.create(
        user, client_id, LinkUse(body["use"]), now(), body.get("days"), body.get("name", "")
    )
    address = mail.link(current_app, public_links.path_of(link.use, secret))
    return _told(link) | {"url": address}


@operation(blueprint, "DELETE", f"{ALL}/<id:link_id>", None, status=204)
def revoke_link(user: User, client_id: int, link_id: int) -> Response:
    """Revokes a link: its address stops working."""
    public_links.revoke(user, client_id, link_id, now())
    return Response(status=204)


def _told(link: PublicLink) -> dict[str, Any]:
    own = ("id", "client_id", "created_at", "created_by", "ends_at")
    name = link.item.shown_name if link.item else None
    return {name_: getattr(link, name_) for name_ in own} | {"use": link.use.value, "name": name}
