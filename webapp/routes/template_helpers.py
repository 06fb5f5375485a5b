"""Helpers for every template: the moment of the request, the filters."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, g, request, url_for
from flask_login import current_user
from werkzeug.local import LocalProxy

from webapp import probe
from webapp.config import refresh
from webapp.customers import clients, statuses
from webapp.customers.access import Item
from webapp.customers.lists import ListQuery
from webapp.customers.models import MOST_NOTE_CHARACTERS, Service
from webapp.routes.gate import own_path
from webapp.words import hostnames, times
from webapp.words.user_agents import browser_text

MOST_ZONE_CHARACTERS = 64  # characters


def now() -> datetime:
    """The moment of this request: the clock is read once, here."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    moment: datetime = g.now
    return moment


def zone() -> tzinfo:
    """The time zone of the reader's browser, of which theme.js keeps the name in a cookie; UTC
    until it has."""
    if "zone" not in g:
        g.zone = _zone(request.cookies.get("zone", ""))
    where: tzinfo = g.zone
    return where


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if 0 < len(name) <= MOST_ZONE_CHARACTERS else UTC
    except (KeyError, ValueError, OSError):
        # No such zone, a path, a folder: anything may stand in a cookie
        return UTC


# What a list takes from the address bar: everything else in it is dropped when a link to the list
# is written. Of a list of services or domains:
ITEM_WORDS = ("q", "status", "ssl", "browsers", "origin", "client", "tag", "sort", "size", "page")
LIST_WORDS = (*ITEM_WORDS, "role", "kind", "action", "who", "event", "address", "user")


REPORT_WORDS = (
    *("q", "ssl", "reason", "issuer", "client", "expires", "checked", "browsers", "origin"),
    "tag",
    *("sort", "size", "page"),
)


def list_query() -> ListQuery:
    """What the address bar asks of a list."""
    texts = {name: request.args[name] for name in ITEM_WORDS if name in request.args}
    if "client" in texts and current_user.sees_everything:
        texts["client"] = _client_id(texts["client"])
    return ListQuery(search=texts.pop("q", ""), **texts)


def _client_id(text: str) -> str:
    """The id of the client that this text means, as in a form; an id means itself where it is no
    one's reference."""
    try:
        # Held on to: else the list would have to fetch it again
        g.client_meant = clients.find_client(text)
    except clients.NoSuchClient:
        return text
    return str(g.client_meant.id)


def register(app: Flask) -> None:
    """Gives templates their filters and globals."""
    app.add_template_filter(_day, "day")
    app.add_template_filter(_instant, "instant")
    app.add_template_filter(_plain, "plain")
    app.add_template_filter(_host, "host")
    app.add_template_filter(_note, "note")
    app.add_template_filter(browser_text, "browser")
    app.add_template_global(_same_list, "same_list")
    app.add_template_global(_whole_list, "whole_list")
    app.add_template_global(_sprite, "sprite")
    app.add_template_global(ssl_url)
    app.add_template_global(diagnosis_url)
    app.add_template_global(refusal_text)
    app.add_template_global(_list_left, "list_left")
    app.add_template_global(_where_from, "where_from")
    app.add_template_global(status_text)
    app.add_template_global(shown_status)
    app.add_template_global(refresh.zone_names)
    # Globals, not a context: an error page is made without one.
    app.jinja_env.globals["site_name"] = LocalProxy(lambda: app.config["PADLOCK_SITE_NAME"])
    app.jinja_env.globals["has_logo"] = LocalProxy(lambda: app.config["PADLOCK_LOGO"] is not None)
    app.context_processor(lambda: {"now": now(), "zone": zone()})
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def compile_templates(app: Flask) -> None:
    """Compiles the templates of the report and of Today, so that the first visitor does not wait
    for it."""
    chosen = ("base", "components/", "incidents/facts", "reports/", "tasks/facts", "today/")
    for name in app.jinja_env.list_templates():
        if name.startswith(chosen):
            app.jinja_env.get_template(name)


def _day(value: date | datetime | None) -> str:
    """23 Nov 2026; of an instant, where the reader is."""
    if value is None:
        return ""
    return times.day_text(times.local(value, zone()) if isinstance(value, datetime) else value)


def _instant(value: datetime | None) -> str:
    """23 Nov 2026, 17:44 UTC"""
    return "" if value is None else times.instant_text(value)


def _plain(text: str) -> str:
    """The text without characters that no one sees."""
    return probe.clean(text, 1000)


def _note(text: str) -> str:
    """The same of a text in several lines."""
    lines = (probe.clean(line, MOST_NOTE_CHARACTERS) for line in text.splitlines())
    return "\n".join(lines)


def _host(name: str) -> str:
    """A name in a certificate as people write it."""
    return _plain(probe.to_unicode(name))


def _same_list(**changes: Any) -> str:
    """The address of the list that is shown, with these changes; what is empty is left out."""
    if "list_shown" not in g:  # a page writes dozens of these
        words = REPORT_WORDS if request.blueprint == "reports" else LIST_WORDS
        asked = {name: request.args.get(name) for name in words}
        g.list_shown = url_for(str(request.endpoint), **(request.view_args or {})), asked
    address, asked = g.list_shown
    query = urlencode([(name, value) for name, value in (asked | changes).items() if value])
    return f"{address}?{query}" if query else address


def _sprite() -> str:
    """The address of the file with all icons: a page shows a hundred of them."""
    if "sprite" not in g:
        g.sprite = url_for("static", filename="vendor/tabler-icons-3.51.0/sprite.svg")
    address: str = g.sprite
    return address


def _whole_list() -> str:
    """The same list with no search and no filter, in the same order."""
    keep = ("sort", "size")
    return _same_list(**{name: None for name in {*LIST_WORDS, *REPORT_WORDS} if name not in keep})


def _came_from() -> SplitResult:
    """The address that the reader of this page came from, as the browser says it."""
    try:
        return urlsplit(request.referrer or "")
    except ValueError:  # such as "http://["
        return urlsplit("")


def _list_left(endpoint: str) -> str:
    """The address of this list as its reader left it, where they come from there; else that of the
    list's start."""
    start = url_for(endpoint)
    came_from = _came_from()
    left = (
        f"{came_from.path}?{came_from.query}"
        if came_from.path == start and came_from.query
        else start
    )
    return own_path(left) or start


def _where_from(item: Item) -> tuple[str, str]:
    """Where the reader of an item's page came from, where that is a list it can be in, as they left
    it; else the list of its kind. The address, and which place it is."""
    staff = current_user.sees_everything
    own = f"{item.kind}s"
    places = {url_for(f"{'admin' if staff else 'client'}.{own}"): own}
    if staff:
        pages = (f"clients.{name}" for name in ("show", "services", "domains"))
        places |= {url_for(page, client_id=item.client_id): "client" for page in pages}
        places[url_for("reports.ssl_status_page")] = "report"
    else:
        places[url_for("client.overview")] = "home"
    came_from = _came_from()
    path = came_from.path if came_from.path in places else next(iter(places))
    left = f"{path}?{came_from.query}" if came_from.path == path and came_from.query else path
    return own_path(left) or path, places[path]


def shown_status(item: Item) -> str:
    """The status of an item that the user who is signed in is shown, whatever it is called."""
    return statuses.shown_status(item.status, client=not current_user.sees_everything)


def status_text(item: Item) -> str:
    """The same in words."""
    return statuses.status_text(item.status, client=not current_user.sees_everything)


def ssl_url(item: Item) -> str:
    """Where the details of an item's padlock are, for the user who is signed in."""
    if getattr(current_user, "sees_everything", False):
        return url_for(f"admin.{item.kind}", item_id=item.id)
    # A client's service has tabs, and this is in one of them.
    return url_for(
        f"client.{item.kind}", item_id=item.id, tab="domain" if item.kind == Service.kind else None
    )


def refusal_text(item: Item) -> str:
    """Why what was entered for an item cannot be checked; empty where it can be."""
    refused = item.refusal
    if refused is None:
        return ""
    admin = getattr(current_user, "is_admin", False)
    return hostnames.refusal_text(refused.refusal, refused.allowed, admin=admin)


def diagnosis_url(item: Item) -> str:
    """Where the diagnosis of an item is, for the user who is signed in."""
    side = "admin" if getattr(current_user, "sees_everything", False) else "client"
    return url_for(f"{side}.diagnosis", place=f"{item.kind}s", item_id=item.id)
