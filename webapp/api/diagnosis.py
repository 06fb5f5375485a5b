"""The diagnosis of a service or a domain: start it, and read how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import fields

from webapp.api.answers import each, text, words
from webapp.api.fields import AnswerBody
from webapp.api.gate import now
from webapp.api.operations import make_blueprint, operation
from webapp.api.reading import BadRequest
from webapp.customers import item_diagnosis
from webapp.customers.models import Domain, Service, User
from webapp.errors import Refused
from webapp.monitor.diagnosis.diagnoses import Progress
from webapp.words import api as say
from webapp.words import diagnosis as say_steps
from webapp.words.told import BAD, GOOD, NOTE, PLAIN, UNSURE, StepText

blueprint = make_blueprint("diagnosis", help="The long look at one name, step by step.")


class FactAnswer(AnswerBody):
    label = text()
    value = text()


class StepAnswer(AnswerBody):
    heading = text()
    mark = words((GOOD, BAD, UNSURE, NOTE, PLAIN))
    text = text()
    facts = each(fields.Nested(FactAnswer))
    notes = each(fields.String())
    parts = each(fields.Nested(lambda: StepAnswer()))


class DiagnosisAnswer(AnswerBody):
    running = fields.Boolean(required=True)
    failed = fields.Boolean(required=True)
    steps = each(fields.Nested(StepAnswer))


def _of_both(kind: str) -> None:
    """The operations on items of this kind."""
    one = f"/{kind}s/<id:item_id>/diagnosis"
    fixed = {"kind": kind}

    @operation(blueprint, "GET", one, DiagnosisAnswer, name=f"get_{kind}_diagnosis", fixed=fixed)
    def progress(user: User, item_id: int, kind: str) -> dict[str, Any]:
        """How far the diagnosis is; without steps where there was none lately."""
        _, found = item_diagnosis.progress_of(user, kind, item_id)
        return _told(found, user)

    @operation(
        blueprint,
        "POST",
        one,
        DiagnosisAnswer,
        status=202,
        problems=(409,),
        name=f"start_{kind}_diagnosis",
        fixed=fixed,
    )
    def start(user: User, item_id: int, kind: str) -> dict[str, Any]:
        """Starts a diagnosis, or joins the one that runs.

        Read it until running is false.
        """
        item, started = item_diagnosis.begin(user, kind, item_id, now())
        if not item.active:
            raise Refused(say.inactive())
        if not started:
            raise BadRequest(429, say.no_room())
        _, found = item_diagnosis.progress_of(user, kind, item_id)
        return _told(found, user)


def _told(progress: Progress, user: User) -> dict[str, Any]:
    staff = user.sees_everything
    steps = progress.steps if staff else say_steps.for_client(progress.steps)
    told = [say_steps.tell(step, staff=staff) for step in steps]
    return {"running": progress.running, "failed": progress.failed, "steps": _steps(told)}


def _steps(told: Sequence[StepText]) -> list[dict[str, Any]]:
    return [
        {
            "heading": step.heading,
            "mark": step.mark,
            "text": step.text,
            "facts": [{"label": label, "value": value} for label, value in step.facts],
            "notes": list(step.notes),
            "parts": _steps(step.parts),
        }
        for step in told
    ]


for _kind in (Service.kind, Domain.kind):
    _of_both(_kind)
