"""Requests as they come in: JSON and parameters, strictly, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from flask import Request
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from webapp.words import api as say

MOST_BODY_BYTES = 1_000_000
JSON = "application/json"


class BadRequest(Exception):
    """A request cannot be taken: the HTTP status, one sentence, and where in it what is wrong."""

    def __init__(
        self, status: int, detail: str = "", errors: Sequence[Mapping[str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors


def in_body(field: str, detail: str) -> dict[str, str]:
    """What is wrong with a field of the body."""
    return {"detail": detail, "pointer": f"#/{field}"}


class StrictParser(FlaskParser):
    """The parser of webargs, without its leniency."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012 - webargs' own

    def load_json(self, req: Request, schema: Schema) -> Any:
        charset = req.mimetype_params.get("charset", "utf-8").lower()
        if req.mimetype != JSON or charset not in ("utf-8", "utf8"):
            raise BadRequest(415)
        if req.headers.get("Content-Encoding", "identity") != "identity":
            raise BadRequest(415)
        return _json(req.get_data(cache=True))

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        twice = [name for name, values in req.args.lists() if len(values) > 1]
        if twice:
            errors = [{"detail": say.given_twice(), "parameter": name} for name in twice]
            raise BadRequest(422, errors=errors)
        return req.args.to_dict()

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        messages: Mapping[str, Any] = error.messages_dict
        errors = [
            in_body("/".join(path), told) if place == "json" else _in_query(path, told)
            for place, where in messages.items()
            for path, told in _flat(where)
        ]
        raise BadRequest(422, errors=errors)


def _in_query(path: Sequence[str], told: str) -> dict[str, str]:
    return {"detail": told, "parameter": path[0] if path else ""}


def _json(body: bytes) -> Any:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadRequest(400, say.not_utf8()) from None
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except RecursionError:
        raise BadRequest(400, say.nested_too_deeply()) from None
    except ValueError:
        raise BadRequest(400, say.no_json()) from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        key = next(name for name in names if names.count(name) > 1)
        raise BadRequest(400, say.key_twice(key[:100].encode(errors="replace").decode()))
    return found


def _no_number(_text: str) -> NoReturn:
    raise ValueError("NaN and infinity are not in JSON")


def _flat(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each message with the names that lead to its field."""
    if isinstance(messages, Mapping):
        for name, within in messages.items():
            here = () if name == "_schema" else (_escaped(str(name)),)
            yield from _flat(within, (*path, *here))
    elif isinstance(messages, list | tuple):
        for message in messages:
            yield from _flat(message, path)
    else:
        yield path, str(messages)


def _escaped(name: str) -> str:
    """A name as RFC 6901 writes it; whatever a caller made up, it can be answered."""
    plain = name[:100].encode(errors="replace").decode()
    return plain.replace("~", "~0").replace("/", "~1")
