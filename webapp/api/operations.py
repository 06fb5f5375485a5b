"""An operation of the API: its address, what it takes and answers, and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from flask import request
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema

from webapp.api import gate
from webapp.api.reading import BadRequest, StrictParser

F = TypeVar("F", bound=Callable[..., Any])

PATH = "/api/v1"
EVERY_PROBLEM = (400, 401, 403, 404, 405, 406, 408, 413, 414, 429, 500, 503)
ETAG = {"ETag": {"schema": {"type": "string", "pattern": '^"[0-9]+"$'}}}


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = StrictParser()


def make_blueprint(name: str, *, help: str) -> Blueprint:
    """Operations on one subject, behind the gate."""
    made = Blueprint(f"api_{name}", __name__, url_prefix=PATH, description=help)
    made.before_request(gate.check_in)
    made.after_request(gate.add_headers)
    for error, handler in gate.HANDLERS.items():
        made.register_error_handler(error, handler)
    return made


def operation(
    on: Blueprint,
    method: str,
    rule: str,
    answer: type[Schema] | None,
    *,
    status: int = 200,
    also: Mapping[int, type[Schema]] | None = None,
    query: type[Schema] | None = None,
    body: type[Schema] | None = None,
    problems: Sequence[int] = (),
    name: str = "",
    etag: bool = False,
    links: Mapping[int, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Callable[[F], F]:
    """Makes a view of this function, whose docstring describes it.

    It is called with the user, what the address and the body hold, the parts of the path, and what
    is `fixed`. `also`: other statuses with an answer.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def run(*read: Any, **path: Any) -> Any:
            return view(gate.this_user(), *read, **path, **(fixed or {}))

        headers = ETAG if etag else None
        made = on.response(status, answer, headers=headers)(run)
        for code, schema in (also or {}).items():
            made = on.alt_response(code, schema=schema, headers=headers, success=True)(made)
        refused = (422,) if query or body else ()
        taken = (415, 422) if body else ()
        for code in sorted({*EVERY_PROBLEM, *refused, *taken, *problems}):
            made = on.alt_response(code, problem_name(code))(made)
        if body is not None:
            made = on.arguments(body)(made)
        if query is not None:
            made = on.arguments(query, location="query")(made)
        described: dict[str, Any] = {"operationId": name or view.__name__}
        if links:
            described["responses"] = {code: {"links": each} for code, each in links.items()}
        made = on.doc(**described)(made)
        on.route(rule, methods=[method], endpoint=described["operationId"])(made)
        return view

    return decorate


def problem_name(status: int) -> str:
    """What the description calls the answer of this status."""
    return f"problem-{status}"


def tagged(version: int) -> dict[str, str]:
    """The header with the version of what is answered."""
    return {"ETag": f'"{version}"'}


def version_wanted(current: int) -> int:
    """The version that a change is meant for: that of If-Match, or the present one where none is
    named. Raises `reading.BadRequest` where this is not it."""
    if "If-Match" not in request.headers or request.headers["If-Match"].strip() == "*":
        return current
    if not request.if_match.contains(str(current)):
        raise BadRequest(412)
    return current
