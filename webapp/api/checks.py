"""Check now, of up to 1,000 services and domains: begin, and read how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from webapp.api.answers import StandingAnswer, each, instant, number, standing_of, text, words
from webapp.api.fields import AnswerBody, Entries, Request, Text
from webapp.api.gate import now
from webapp.api.operations import make_blueprint, operation
from webapp.customers import check_requests
from webapp.customers.check_requests import MOST_ITEMS, CheckProgress, Progress
from webapp.customers.models import User

blueprint = make_blueprint("checks", help="Checks of many names at once.")
LINKS = {"get": {"operationId": "get_check", "parameters": {"check_id": "$response.body#/id"}}}


class CheckBody(Request):
    items = Entries(
        Text(20, r"^(service|domain)-[1-9][0-9]{0,8}$"),
        MOST_ITEMS,
        1,
        required=True,
        help="Such as service-12 or domain-3.",
    )


class CheckedItem(AnswerBody):
    item = text()
    progress = words(Progress)
    certificate = fields.Nested(StandingAnswer, required=True, allow_none=True)


class CheckAnswer(AnswerBody):
    id = text()
    started_at = instant()
    done = fields.Boolean(required=True)
    checked = number()
    waiting = number()
    skipped = number(help="Inactive, without a valid host name, or not there.")
    items = each(fields.Nested(CheckedItem))


@operation(
    blueprint,
    "POST",
    "/checks",
    CheckAnswer,
    status=202,
    body=CheckBody,
    problems=(409,),
    links={202: LINKS},
)
def start_check(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """Checks these now.

    Read the result until done is true: each time, more of them are begun where there is room.
    Results are kept for an hour.
    """
    return _told(check_requests.begin(user, body["items"], now()), user)


@operation(blueprint, "GET", "/checks/<check_id>", CheckAnswer)
def get_check(user: User, check_id: str) -> dict[str, Any]:
    """How far it is."""
    return _told(check_requests.progress(user, check_id, now()), user)


def _told(found: CheckProgress, user: User) -> dict[str, Any]:
    counts = [progress for _, progress in found.items.values()]
    return {
        "id": found.id,
        "started_at": found.started_at,
        "done": Progress.WAITING not in counts,
        **{word.value: counts.count(word) for word in Progress},
        "items": [
            {
                "item": name,
                "progress": progress.value,
                "certificate": item and standing_of(item, user, now()),
            }
            for name, (item, progress) in found.items.items()
        ],
    }
