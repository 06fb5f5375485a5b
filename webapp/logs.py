"""Logs: one line per event, for people on a terminal, as JSON for machines; every line of a request
carries its id.

What comes from outside cannot forge a line, and no line names what only its owner may know: of an
address the rule is logged, with ids but without tokens and searches.
"""

from __future__ import annotations

import logging
import logging.config
import re
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, has_app_context, request
from pythonjsonlogger.json import JsonFormatter

log = logging.getLogger(__name__)
requests_log = logging.getLogger("webapp.requests")

# Asked all the time, and of no interest
QUIET = frozenset({"static", "branding.logo", "health.healthz", "health.readyz"})

_SHORT_AND_PLAIN = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class PlainFormatter(logging.Formatter):
    """A line that a person reads.

    Controls are shown as what they are; the lines of a traceback stand below, each with a bar
    before it, so that whatever has none is an event of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        words = _CONTROLS.sub(
            lambda found: found[0].encode("unicode_escape").decode(), record.getMessage()
        )
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        about = f" ({record.__dict__['request_id']})" if record.__dict__.get("request_id") else ""
        line = f"{at} {record.levelname:<7} {record.name}: {words}{about}"
        below = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join([line, *(f"  | {_CONTROLS.sub('', text)}" for text in below)])


class RequestId(logging.Filter):
    """Puts the id of the request that is served into every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = g.get("request_id") if has_app_context() else None
        return True


def settings(form: str, level: str) -> dict[str, Any]:
    """The logging of a process, as `logging.config.dictConfig` takes it.

    `form`: "plain", "json", or "auto": plain on a terminal and JSON elsewhere.
    """
    plain = form == "plain" or (form == "auto" and sys.stderr.isatty())
    names = {
        "levelname": "level",
        "name": "logger",
        "request_id": "request",
        "exc_info": "traceback",
    }
    as_json = {
        "()": JsonFormatter,
        "fmt": "%(levelname)s %(name)s %(message)s %(request_id)s",
        "rename_fields": names,
        "timestamp": "at",
    }
    handed_on = {"handlers": [], "propagate": True, "level": level.upper()}
    # It holds whole addresses: we have our own
    never = {"handlers": [], "propagate": False, "level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestId}},
        "formatters": {"lines": {"()": PlainFormatter} if plain else as_json},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        # Others speak when something is wrong; Flask-Limiter's notes name the account that is
        # tried.
        "loggers": {
            "webapp": {"level": level.upper()},
            "gunicorn.error": handed_on,
            "gunicorn.access": never,
            "urllib3": never,  # addresses of billing systems, which may hold a key
        },
    }


def set_up(form: str, level: str) -> None:
    """Sets up the logging of this process, where no one has done so before."""
    if not logging.getLogger().handlers:
        logging.config.dictConfig(settings(form, level))


def register(app: Flask) -> None:
    """Gives every request its id and its line.

    First of all, so that whatever else is logged carries the id too.
    """
    app.before_request(_begin)
    app.after_request(_end)
    # Flask's own names the whole path
    app.log_exception = _log_exception  # type: ignore[assignment, method-assign]


def _begin() -> None:
    asked = request.headers.get("X-Request-ID", "")
    g.request_id = asked if _SHORT_AND_PLAIN.match(asked) else uuid.uuid4().hex[:16]
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if request.endpoint not in QUIET or response.status_code >= 400:
        milliseconds = round(1000 * (time.perf_counter() - g.started))
        facts = {
            "method": request.method,
            "path": _path(),
            "status": response.status_code,
            "ms": milliseconds,
        }
        # The signed-in user is known already, or not worth a query
        user = g.get("user_id")
        words = "%(method)s %(path)s %(status)d in %(ms)d ms" + (f", user {user}" if user else "")
        requests_log.info(words, facts, extra=facts | ({"user": user} if user else {}))
    return response


def _log_exception(error: Any) -> None:
    log.error("%s %s failed on our side.", request.method, _path(), exc_info=error)


def _path() -> str:
    """The address that was asked for: ids and words of ours as they were, and in place of a token
    its name."""
    if request.url_rule is None:
        return f"/{request.path.split('/')[1][:40]}/… (no such page)"
    values: Mapping[str, Any] = request.view_args or {}
    parts = re.split(r"(<[^>]+>)", request.url_rule.rule)
    return "".join(_part(part, values) for part in parts)


def _part(part: str, values: Mapping[str, Any]) -> str:
    kind, _, name = part.strip("<>").rpartition(":")
    ours = kind == "id" or kind.startswith("any(")
    return str(values.get(name, part)) if part.startswith("<") and ours else part
