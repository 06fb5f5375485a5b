"""The description of the API in OpenAPI 3.1, made from the operations when it is first asked for.

It would take a fifth of the start of the site, and most processes never need it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

import flask_smorest
from flask import Blueprint, Flask, Response
from marshmallow import fields

from webapp import problems
from webapp.api.fields import AnswerBody
from webapp.api.operations import EVERY_PROBLEM, PATH, problem_name
from webapp.api.operations import Blueprint as Operations
from webapp.parsing import LARGEST
from webapp.site import site_of, this_site
from webapp.words import api as say

VERSION = "1.0.0"
TITLE = "Padlock"
PROBLEM_STATUSES = (*EVERY_PROBLEM, 409, 412, 415, 422)

blueprint = Blueprint("api", __name__, url_prefix=PATH)


class WhatIsWrong(AnswerBody):
    detail = fields.String(required=True)
    pointer = fields.String()  # into the body, as RFC 6901 has it
    parameter = fields.String()  # of the address


class ProblemSchema(AnswerBody):
    """RFC 9457"""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(WhatIsWrong))


class _Api(flask_smorest.Api):  # type: ignore[misc]
    """The maker of the document. It registers nothing with the app: we have done so before."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """The site has its own."""

    def _register_responses(self) -> None:
        for status in PROBLEM_STATUSES:
            described: dict[str, Any] = {
                "description": say.problem(status),
                "content": {problems.MEDIA_TYPE: {"schema": ProblemSchema}},
            }
            text = {"schema": {"type": "string"}}
            number = {"schema": {"type": "integer", "minimum": 1}}
            if status == HTTPStatus.UNAUTHORIZED:
                described["headers"] = {"WWW-Authenticate": text}
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                described["headers"] = {"Retry-After": number, "RateLimit": text}
            self.spec.components.response(problem_name(status), described, lazy=True)


@blueprint.get("/openapi.json")
def openapi_json() -> Response:
    return Response(json.dumps(this_site().api_document()), mimetype="application/json")


def register(app: Flask, operations: Sequence[Operations]) -> None:
    """Has the document made of these operations."""
    site_of(app).api_document = cache(lambda: _made(app, operations))


def _made(app: Flask, operations: Sequence[Operations]) -> dict[str, Any]:
    told = {
        "title": TITLE,
        "version": VERSION,
        "openapi_version": "3.1.0",
        "info": {"description": say.about()},
        "security": [{"token": []}],
        "servers": [{"url": "/"}],
    }
    api = _Api(app, spec_kwargs=told)
    api.register_converter(
        app.url_map.converters["id"],
        lambda _: {"type": "integer", "minimum": 1, "maximum": LARGEST},
    )
    scheme = {"type": "http", "scheme": "bearer", "description": say.about_tokens()}
    api.spec.components.security_scheme("token", scheme)
    for one in operations:
        api.spec.tag({"name": one.name.removeprefix("api_"), "description": one.description})
        one.register_views_in_doc(api, app, api.spec, name=one.name, parameters=None)
    made: dict[str, Any] = api.spec.to_dict()
    for path in made["paths"].values():
        for described in path.values():
            if isinstance(described, dict) and "tags" in described:
                described["tags"] = [tag.removeprefix("api_") for tag in described["tags"]]
    return made
