"""Incidents: names in trouble for one cause. For the provider's people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import fields

from webapp.alerts.messages import Kind
from webapp.api.answers import PageAnswer, each, instant, number, page_of, text, words
from webapp.api.fields import AnswerBody, Choice
from webapp.api.gate import now
from webapp.api.listing import PageQuery, asked, refuse_unknown
from webapp.api.operations import make_blueprint, operation
from webapp.customers.concurrency import still_staff
from webapp.customers.models import User
from webapp.notices import acts, incident_list
from webapp.notices.incident_list import IncidentRow
from webapp.words import incidents as say

blueprint = make_blueprint("incidents", help="Names in trouble for one cause.")
ONE = "/incidents/<id:incident_id>"


class IncidentAnswer(AnswerBody):
    id = number()
    title = text()
    kind = words(Kind)
    reason = text(null=True)
    opened_at = instant()
    ended_at = instant(null=True)
    acknowledged_at = instant(null=True)
    names = each(fields.String())
    unresolved = each(fields.String())


class IncidentPage(PageAnswer):
    items = each(fields.Nested(IncidentAnswer))


class IncidentQuery(PageQuery):
    status = Choice([incident_list.OPEN])


@operation(blueprint, "GET", "/incidents", IncidentPage, query=IncidentQuery, problems=(404,))
def list_incidents(user: User, query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists incidents, the newest first."""
    still_staff(user)
    listed = incident_list.list_incidents(asked(query))
    refuse_unknown(query, {"status"}, listed.page)
    return page_of(listed.page, [_told(row) for row in listed.rows])


@operation(blueprint, "GET", ONE, IncidentAnswer)
def get_incident(user: User, incident_id: int) -> dict[str, Any]:
    """One incident."""
    still_staff(user)
    return _told(incident_list.incident_page(user, incident_id, {}).row)


@operation(blueprint, "POST", f"{ONE}/acknowledge", None, status=204)
def acknowledge_incident(user: User, incident_id: int) -> Response:
    """Takes up an incident: it is not told again, unless it grows."""
    acts.acknowledge_incident(user, incident_id, now())
    return Response(status=204)


def _told(row: IncidentRow) -> dict[str, Any]:
    incident = row.incident
    return {
        "id": incident.id,
        "title": say.title(incident.kind, row.names),
        "kind": incident.kind.value,
        "reason": row.reason or None,
        "opened_at": incident.opened_at,
        "ended_at": row.ended_at,
        "acknowledged_at": row.acknowledged.at if row.acknowledged else None,
        "names": row.names,
        "unresolved": sorted(incident.troubled),
    }
