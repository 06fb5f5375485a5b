"""What every page is made with: the moment of the request, and the words and filters of the templates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from flask import Flask, g, request, url_for

from webapp import padlock, probe
from webapp.customers.lists import Question


def now() -> datetime:
    """The moment of this request: the clock is read once, here."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    moment: datetime = g.now
    return moment


def question() -> Question:
    """What the address bar asks of a list."""
    return Question(request.args.get("q", ""), request.args.get("sort", ""), request.args.get("page", "1"))


def register(app: Flask) -> None:
    """Gives templates their filters and globals."""
    app.add_template_filter(_day, "day")
    app.add_template_filter(_instant, "instant")
    app.add_template_filter(_plain, "plain")
    app.add_template_filter(_host, "host")
    app.add_template_global(_same_list, "same_list")
    app.context_processor(lambda: {"now": now(), "padlock": padlock})
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _day(value: date | datetime | None) -> str:
    """23 Nov 2026"""
    return "" if value is None else padlock.day_text(value)


def _instant(value: datetime | None) -> str:
    """23 Nov 2026, 17:44 UTC"""
    return "" if value is None else f"{_day(value)}, {value:%H:%M} UTC"


def _plain(text: str) -> str:
    """The text without characters that nobody sees."""
    return probe.clean(text, 1000)


def _host(name: str) -> str:
    """A name in a certificate as people write it."""
    return _plain(probe.to_unicode(name))


def _same_list(**changes: Any) -> str:
    """The address of the list that is shown, with these changes; what is empty is left out."""
    asked = {name: request.args.get(name) for name in ("q", "sort", "page")} | changes
    return url_for(str(request.endpoint), **{name: value for name, value in asked.items() if value})
