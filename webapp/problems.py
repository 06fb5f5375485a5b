"""What the API answers where something is wrong: RFC 9457, "Problem Details for HTTP APIs".

Used by the API itself, and by the error handlers of the site, which answer what never reaches it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Response, request

from webapp.words import api as say

PREFIX = "/api/"
MEDIA_TYPE = "application/problem+json"


def wanted() -> bool:
    """Whether this request is for the API."""
    return request.path.startswith(PREFIX)


def problem(status: int, detail: str = "", errors: Sequence[Mapping[str, str]] = ()) -> Response:
    """The answer of this HTTP status code. `detail` is one sentence. Each of `errors` has a
    `detail`, and a `pointer` into the body (RFC 6901) or the name of a `parameter`."""
    told: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or say.problem(status),
    }
    if errors:
        told["errors"] = list(errors)
    response = Response(json.dumps(told), status, mimetype=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
