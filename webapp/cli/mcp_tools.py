"""What an assistant can ask, as tools of the Model Context Protocol. The only importer of `mcp`.

A tool is a call of the function that pages use, as the user of the token, who is looked up each
time: a token that was revoked meanwhile does nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from flask import Flask
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

from webapp import probe
from webapp.accounts import tokens
from webapp.customers import access, padlocks
from webapp.customers.access import Item
from webapp.customers.models import User
from webapp.errors import NotAllowed, NotFound, Refused
from webapp.monitor.models import Standing
from webapp.notices import acts, incident_list
from webapp.reports import ssl_status
from webapp.reports.query import ReportQuery
from webapp.words import assistant as say
from webapp.words import verdicts

MOST_NAMES = 100
MOST_PAGES = 10  # that are read for the names whose certificates end by a day
Kind = Literal["service", "domain"]
StateFilter = Literal["", "invalid", "expiring", "unknown", "valid", "inactive"]
READS = ToolAnnotations(read_only_hint=True)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False)
Facts = dict[str, Any]


def server(app: Flask, secret: str) -> MCPServer[Any]:
    """A server whose tools see and do what the user of this token may."""
    tools = MCPServer("padlock", instructions=say.instructions())

    @contextmanager
    def as_user(*, write: bool = False) -> Iterator[tuple[User, datetime]]:
        now = datetime.now(UTC)
        with app.app_context():
            signed_in = tokens.signed_in(secret, now)
            if signed_in is None:
                raise ToolError(say.token_refused())
            token, user = signed_in
            try:
                tokens.require_data(token)
                if write:
                    tokens.require_write(token)
                yield user, now
            except NotFound:
                raise ToolError(say.not_there()) from None
            except (NotAllowed, Refused) as error:
                raise ToolError(str(error) or say.not_allowed()) from None

    @tools.tool(annotations=READS)
    def find_names(search: str = "", state: StateFilter = "") -> Facts:
        """Services and domains whose host name, product, client or reference contains the search,
        in one state if given; what needs a person first. At most 100."""
        with as_user() as (user, now):
            asked = ReportQuery(search=search, ssl=state, size=str(MOST_NAMES))
            found = ssl_status.report(user, asked, now)
            return {
                "total": found.total,
                "exact": found.page.exact,
                "names": [_facts(item, user, now) for item in found.rows],
            }

    @tools.tool(annotations=READS)
    def ending_until(day: date) -> Facts:
        """Active services and domains whose certificate ends before the end of this day (UTC), or
        has ended; the first to end come first. At most 1,000."""
        end = datetime.combine(day, time.min, UTC) + timedelta(days=1)
        with as_user() as (user, now):
            names, more = _ending(user, end, now)
            return {"names": names, "more": more}

    @tools.tool(annotations=READS)
    def explain(kind: Kind, id: int) -> Facts:
        """Why a service or domain has its state: what is wrong, what to do about it, the facts of
        its certificate, and what changed last."""
        with as_user() as (user, now):
            item = access.require_item(user, kind, id)
            stands = padlocks.known(item, user, now)
            return _facts(item, user, now) | _explained(item, stands)

    @tools.tool(annotations=READS)
    def incidents(open_only: bool = True) -> Facts:
        """Names in trouble for one cause, the newest first. For the provider's people only."""
        with as_user() as (user, _now):
            if not user.sees_everything:
                raise ToolError(say.for_staff())
            found = incident_list.list_incidents({"status": "open"} if open_only else {})
            return {"total": found.total, "incidents": [_incident(row) for row in found.rows]}

    @tools.tool(annotations=WRITES)
    def check_now(kind: Kind, id: int) -> Facts:
        """Ask the server of a service or domain now, and say what it answered. One that takes
        longer goes on: `explain` has its answer later."""
        with as_user(write=True) as (user, now):
            item, _ = padlocks.ask_now(user, kind, id, now)
            return _facts(item, user, datetime.now(UTC))

    @tools.tool(annotations=WRITES)
    def acknowledge(kind: Kind, id: int) -> str:
        """The present problem of the host name of a service or domain is not reported again,
        unless it gets worse. For the provider's people only."""
        with as_user(write=True) as (user, now):
            acts.acknowledge(user, access.require_item(user, kind, id), now)
            return say.acknowledged()

    @tools.tool(annotations=WRITES)
    def mute(kind: Kind, id: int, until: date) -> str:
        """Report nothing about the host name of a service or domain until the start of this day
        (UTC). A day that has passed ends a mute. For the provider's people only."""
        with as_user(write=True) as (user, now):
            end = max(datetime.combine(until, time.min, UTC), now)
            acts.mute(user, access.require_item(user, kind, id), end, now)
            return say.muted(until)

    return tools


def _ending(user: User, end: datetime, now: datetime) -> tuple[list[Facts], bool]:
    """The names whose certificate ends by then, and whether there are more."""
    names: list[Facts] = []
    at = ""
    for _ in range(MOST_PAGES):
        asked = ReportQuery(sort="expires", page=at, size=str(MOST_NAMES))
        found = ssl_status.report(user, asked, now)
        for item in found.rows:
            not_after = item.target.not_after if item.target else None
            if not_after is None or not_after >= end:
                return names, False
            if item.active:
                names.append(_facts(item, user, now))
        at = found.page.following
        if not at:
            return names, False
    return names, True


def _facts(item: Item, user: User, now: datetime) -> Facts:
    """A service or domain and how it stands. Moments are ISO 8601, UTC."""
    stands = padlocks.known(item, user, now)
    target = stands.facts
    return {
        "kind": item.kind,
        "id": item.id,
        "name": probe.to_unicode(target.authority) if target else item.entered,
        "client": item.client.name,
        "status": item.status.value,
        "state": stands.state.value,
        "reason": stands.reason.value if stands.reason else None,
        "in_words": verdicts.title(stands.state, stands.reason, target),
        "not_after": _instant(target.not_after if target else None),
        "issuer": (target.issuer or None) if target else None,
        "checked_at": _instant(target.checked_at if target else None),
    }


def _explained(item: Item, stands: Standing) -> Facts:
    target = stands.facts
    return {
        "meaning": verdicts.customer_text(stands.state, stands.reason, target),
        "what_to_do": verdicts.cure_text(stands.reason, target),
        "not_before": _instant(target.not_before if target else None),
        "names_in_certificate": list(target.names) if target else [],
        "changes": [
            {"at": _instant(each.at), "state": each.new_state.value, "reason": each.new_reason}
            for each in padlocks.history(item)[:10]
        ],
    }


def _incident(row: incident_list.IncidentRow) -> Facts:
    return {
        "id": row.incident.id,
        "kind": row.incident.kind.value,
        "reason": row.reason or None,
        "opened_at": _instant(row.incident.opened_at),
        "ended_at": _instant(row.ended_at),
        "acknowledged": row.acknowledged is not None,
        "names": row.names[:MOST_NAMES],
        "names_total": len(row.names),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
