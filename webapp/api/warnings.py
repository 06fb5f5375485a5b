"""Warnings: which names need a person, and what staff do about one. For the provider's people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from flask import Response
from marshmallow import fields

from webapp.api.answers import PageAnswer, each, instant, number, page_of, text, words
from webapp.api.fields import AnswerBody, Choice, Day, Request
from webapp.api.gate import now
from webapp.api.listing import PageQuery, asked, refuse_unknown
from webapp.api.operations import make_blueprint, operation
from webapp.customers import access
from webapp.customers.concurrency import still_staff
from webapp.customers.models import Domain, Service, User
from webapp.errors import Refused
from webapp.notices import acts
from webapp.notices.name_rows import NameRow
from webapp.notices.today import NEED_WORDS, NEEDS, today
from webapp.words import api as say

blueprint = make_blueprint(
    "warnings", help="Names that need a person, and what was done about them."
)


class ItemRef(AnswerBody):
    kind = words((Service.kind, Domain.kind))
    id = number()
    client_id = number()


class AlertAnswer(AnswerBody):
    name = text(help="With its port where that is not 443.")
    need = words(NEEDS)
    since = instant(null=True)
    incident = fields.Integer(required=True, allow_none=True)
    items = each(fields.Nested(ItemRef))


class AlertPage(PageAnswer):
    items = each(fields.Nested(AlertAnswer))
    evaluated = fields.Boolean(required=True)


class AlertQuery(PageQuery):
    kind = Choice(NEEDS)


class MuteAnswer(AnswerBody):
    muted = fields.Boolean(required=True)
    until = instant(null=True)


class MuteBody(Request):
    until = Day(required=True, allow_none=True, help="The first day of warnings; null: never.")


@operation(blueprint, "GET", "/alerts", AlertPage, query=AlertQuery, problems=(404,))
def list_alerts(user: User, query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists names that need a person, the most urgent first.

    Those of an incident with several names are in the incident.
    """
    still_staff(user)
    found = today(user, asked(query), now())
    refuse_unknown(query, {"kind"}, found.page)
    rows = [_told(row) for row in found.rows]
    return page_of(found.page, rows) | {"evaluated": found.evaluated}


def _told(row: NameRow) -> dict[str, Any]:
    return {
        "name": row.title,
        "need": NEED_WORDS[row.name.need],  # type: ignore[index] # the list has only such
        "since": row.name.need_at,
        "incident": row.name.incident_id,
        "items": items_of(row),
    }


def items_of(row: NameRow) -> list[dict[str, Any]]:
    """The services and domains that have a name."""
    return [{"kind": item.kind, "id": item.id, "client_id": item.client_id} for item in row.items]


def _of_both(kind: str) -> None:
    """The operations on items of this kind."""
    one = f"/{kind}s/<id:item_id>"
    fixed = {"kind": kind}

    @operation(
        blueprint,
        "PUT",
        f"{one}/mute",
        None,
        status=204,
        body=MuteBody,
        problems=(409,),
        name=f"mute_{kind}",
        fixed=fixed,
    )
    def mute(user: User, body: Mapping[str, Any], item_id: int, kind: str) -> Response:
        """Sends no warnings of its host name until then."""
        until = _start_of(body["until"])
        if until is not None and until <= now():
            raise Refused(say.not_in_the_future())
        acts.mute(user, access.require_item(user, kind, item_id), until, now())
        return Response(status=204)

    @operation(blueprint, "GET", f"{one}/mute", MuteAnswer, name=f"get_{kind}_mute", fixed=fixed)
    def mute_of(user: User, item_id: int, kind: str) -> dict[str, Any]:
        """Whether warnings of its host name are muted, and until when; null: no end is set."""
        still_staff(user)
        holds = acts.mute_of(access.require_item(user, kind, item_id).target_id or 0, now())
        return {"muted": holds is not None, "until": holds and holds.until}

    @operation(
        blueprint, "DELETE", f"{one}/mute", None, status=204, name=f"unmute_{kind}", fixed=fixed
    )
    def unmute(user: User, item_id: int, kind: str) -> Response:
        """Sends warnings of its host name again."""
        acts.unmute(user, access.require_item(user, kind, item_id), now())
        return Response(status=204)

    @operation(
        blueprint,
        "POST",
        f"{one}/acknowledge",
        None,
        status=204,
        name=f"acknowledge_{kind}",
        fixed=fixed,
    )
    def acknowledge(user: User, item_id: int, kind: str) -> Response:
        """Takes up its present problem: it is not told again, unless it gets worse."""
        acts.acknowledge(user, access.require_item(user, kind, item_id), now())
        return Response(status=204)


def _start_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


for _kind in (Service.kind, Domain.kind):
    _of_both(_kind)
