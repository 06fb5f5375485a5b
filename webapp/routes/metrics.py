"""Numbers for monitoring systems."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from flask import Blueprint, Response, abort, current_app, request, stream_with_context
from prometheus_client import CONTENT_TYPE_LATEST

from webapp import visitor_address
from webapp.accounts import tokens
from webapp.accounts.models import Scope
from webapp.extensions import limiter
from webapp.metrics import collect, names
from webapp.routes.gate import open_to_everyone
from webapp.routes.template_helpers import now
from webapp.visitor_address import parsed_address

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@open_to_everyone
@limiter.limit("600 per 10 minutes", key_func=visitor_address.network)
def page() -> Response:
    if not _from_known_network() and not _has_token():
        abort(404)
    parts: Iterable[bytes] = [collect.site_metrics(now())]
    if request.args.get("names") == "1":
        parts = chain(parts, names.name_metrics())
    return Response(stream_with_context(iter(parts)), content_type=CONTENT_TYPE_LATEST)


def _has_token() -> bool:
    """Whether the request has a token of the scope metrics."""
    found = tokens.of_header(request.headers.get("Authorization", ""), now())
    if found is None or found[0].scope is not Scope.METRICS:
        return False
    tokens.note_use(found[0], visitor_address.address(), now())
    return True


def _from_known_network() -> bool:
    address = parsed_address()
    known = current_app.config["PADLOCK_METRICS_NETWORKS"]
    return address is not None and any(address in each for each in known)
