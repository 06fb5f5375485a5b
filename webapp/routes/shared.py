"""A client's padlocks without a sign-in: as a page, inside another site, and as a badge.

They show what is stored: a visitor with a link has no server asked.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from webapp.customers import public_links
from webapp.customers.link_models import LinkUse
from webapp.extensions import limiter
from webapp.routes.gate import open_to_everyone
from webapp.routes.template_helpers import now
from webapp.visitor_address import network
from webapp.words import links as say

THEMES = ("light", "dark")
LIMIT = "600 per 10 minutes"
GONE = 410

blueprint = Blueprint("shared", __name__)


@blueprint.get("/shared/<token>")
@open_to_everyone
@limiter.limit(LIMIT, key_func=network)
def page(token: str) -> Response:
    return _padlocks(token, LinkUse.PAGE, "shared/page.html")


@blueprint.get("/embed/<token>")
@open_to_everyone
@limiter.limit(LIMIT, key_func=network)
def embed(token: str) -> Response:
    """The same inside a page of the sites in `PADLOCK_EMBED_SITES`."""
    return _padlocks(token, LinkUse.EMBED, "shared/embed.html")


@blueprint.get("/badge/<token>.svg")
@open_to_everyone
@limiter.limit(LIMIT, key_func=network)
def badge(token: str) -> Response:
    """The state of a host name as a picture, or with `?show=days` the days that are left."""
    link = public_links.opened(token, LinkUse.BADGE, now())
    item = link.item if link else None
    if item is None:
        return Response(say.gone(), GONE, mimetype="text/plain")
    standing = public_links.item_standing(item, now())
    days = request.args.get("show") == "days"
    not_after = standing.facts.not_after if standing.facts else None
    words = say.badge_text(standing.state, not_after, now(), days=days)
    svg = render_template("shared/badge.svg", state=standing.state.value, words=words)
    response = Response(svg, mimetype="image/svg+xml")
    response.add_etag()
    response.make_conditional(request)
    return response


def _padlocks(token: str, use: LinkUse, template: str) -> Response:
    link = public_links.opened(token, use, now())
    if link is None:
        return Response(say.gone(), GONE, mimetype="text/plain")
    theme = request.args.get("theme")
    shown = render_template(
        template,
        shared=public_links.padlocks(link, now()),
        theme=theme if theme in THEMES else None,
        ends_at=link.ends_at,
    )
    return make_response(shown)
