"""The report SSL Status Monitoring, as its page has it. For the provider's people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from webapp.api.answers import (
    PageAnswer,
    StandingAnswer,
    each,
    number,
    page_of,
    standing_of,
    text,
    words,
)
from webapp.api.fields import ANY_LINE, AnswerBody, Choice, Digits, Text
from webapp.api.gate import now
from webapp.api.listing import SearchQuery, asked, both_ways, refuse_unknown
from webapp.api.operations import make_blueprint, operation
from webapp.customers.access import Item
from webapp.customers.concurrency import still_staff
from webapp.customers.models import Domain, Service, User
from webapp.reports import ssl_status
from webapp.reports.query import REASONS, SORTS, ReportQuery
from webapp.words import states
from webapp.words.report_filters import AGES, ORIGINS

blueprint = make_blueprint("report", help="Every service and domain in one table.")


class ReportRow(AnswerBody):
    kind = words((Service.kind, Domain.kind))
    id = number()
    client_id = number()
    client_name = text()
    product = text(null=True)
    name = text(help="The host name as people write it, or what was entered.")
    status = text()
    issuer = text(null=True)
    certificate = fields.Nested(StandingAnswer, required=True)


class WeekAnswer(AnswerBody):
    monday = fields.Date(required=True)
    expiring = number()


class ReportAnswer(PageAnswer):
    items = each(fields.Nested(ReportRow))
    totals = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    weeks = each(fields.Nested(WeekAnswer))


class ReportAsked(SearchQuery):
    state = Choice(states.STATE_FILTERS)
    reason = Choice(REASONS)
    issuer = Text(200, ANY_LINE)
    client = Digits(help="The id of a client.")
    expires = Text(
        10,
        r"^(ended|7|14|30|90|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
        help="Within so many days; or the Monday of a week.",
    )
    checked = Choice(AGES, help="More than so many days ago.")
    origin = Choice(ORIGINS)
    browsers = Choice(states.BROWSERS)
    sort = Choice(both_ways(SORTS))


@operation(blueprint, "GET", "/report", ReportAnswer, query=ReportAsked, problems=(404,))
def get_report(user: User, query: Mapping[str, Any]) -> dict[str, Any]:
    """The report. Totals and weeks are empty where a search finds too many items to count."""
    still_staff(user)
    found = ssl_status.report(user, ReportQuery(**asked(query)), now())
    refuse_unknown(query, found.filters, found.page)
    return page_of(found.page, [_told(item, user) for item in found.rows]) | {
        "totals": dict(found.totals),
        "weeks": [{"monday": week.monday, "expiring": week.ending} for week in found.weeks],
    }


def _told(item: Item, user: User) -> dict[str, Any]:
    target = item.target if item.active else None
    return {
        "kind": item.kind,
        "id": item.id,
        "client_id": item.client_id,
        "client_name": item.client.name,
        "product": item.product if isinstance(item, Service) else None,
        "name": item.shown_name,
        "status": item.status.value,
        "issuer": (target.issuer or None) if target else None,
        "certificate": standing_of(item, user, now()),
    }
