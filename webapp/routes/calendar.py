"""A user's calendar of expiries: its secret link opens it, and nothing else of the site."""

from __future__ import annotations

from flask import Blueprint, Response, request

from webapp.accounts import calendar_links
from webapp.extensions import limiter
from webapp.notices import calendar
from webapp.routes.gate import open_to_everyone
from webapp.routes.template_helpers import now
from webapp.secret_hash import secret_hash
from webapp.visitor_address import network
from webapp.words import calendar as say

blueprint = Blueprint("calendar", __name__)


def _link() -> str:
    return secret_hash((request.view_args or {})["token"])


@blueprint.get("/calendar/<token>.ics")
@open_to_everyone
@limiter.limit("30 per 10 minutes", key_func=_link)
# Many calendars are read by the same few machines of a large service
@limiter.limit("600 per 10 minutes", key_func=network)
def feed(token: str) -> Response:
    user = calendar_links.user_of(token)
    if user is None:
        return Response(say.gone(), 410, mimetype="text/plain")
    found = calendar.expiries(user, now())
    version = calendar.version(found)
    known = request.if_none_match.contains_weak(version)
    response = Response(
        b"" if known else calendar.written(found),
        304 if known else 200,
        mimetype="text/calendar",
    )
    response.set_etag(version)
    return response
