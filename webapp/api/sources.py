"""Sources: how billing systems were read last, and a run of one now. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from marshmallow import fields

from webapp.api.answers import each, instant, number, text, words
from webapp.api.fields import AnswerBody, Choice, Request, Whole
from webapp.api.gate import now
from webapp.api.operations import make_blueprint, operation
from webapp.customers.concurrency import still_admin
from webapp.customers.models import User
from webapp.imports.staging import ROW_KINDS
from webapp.sources import orders, registry
from webapp.sources.models import Mode, Source, SourceRun
from webapp.sources.orders import RunState
from webapp.sources.summary import of_each_kind
from webapp.words import sources as say

blueprint = make_blueprint("sources", help="Billing systems that are read every hour.")
ONE = "/sources/<id:source_id>"


class CountsAnswer(AnswerBody):
    added = number()
    changed = number()
    gone = number()
    same = number()


class RunAnswer(AnswerBody):
    """A run that has ended."""

    mode = words(Mode)
    started_at = instant()
    ended_at = instant()
    who = text(help="An e-mail address; empty for the scheduler.")
    stopped = text(help="Why nothing was written; null where it is complete.", null=True)
    counts = fields.Dict(
        required=True,
        keys=fields.String(metadata={"enum": list(ROW_KINDS)}),
        values=fields.Nested(CountsAnswer),
    )
    problems = number(help="Values and rows that could not be taken over.")


class StateAnswer(AnswerBody):
    """A run that waits or is under way."""

    mode = words(Mode)
    doing = words(say.DOING)
    done = number(help="Of total; 0 where it is not known.")
    total = number()
    problem = text(help="Empty, or a code for why it failed on our side: then it is over.")


class SourceAnswer(AnswerBody):
    id = number()
    name = text()
    kind = text(help="Such as whmcs.")
    url = text()
    paused = fields.Boolean(required=True)
    next_at = instant(null=True)
    run = fields.Nested(StateAnswer, required=True, allow_none=True)
    last_sync = fields.Nested(RunAnswer, required=True, allow_none=True)
    last_preview = fields.Nested(RunAnswer, required=True, allow_none=True)
    last_test = fields.Nested(RunAnswer, required=True, allow_none=True)


class SourcesAnswer(AnswerBody):
    items = each(fields.Nested(SourceAnswer))


class RunBody(Request):
    mode = Choice(Mode, load_default=Mode.SYNC.value, help="Only a sync writes.")
    gone_percent = Whole(
        1, 100, allow_none=True, help="How many percent of a kind may be gone this time."
    )


@operation(blueprint, "GET", "/sources", SourcesAnswer)
def list_sources(user: User) -> dict[str, Any]:
    """Lists sources by name."""
    still_admin(user)
    return {"items": [_told(source) for source in registry.listed()]}


@operation(blueprint, "GET", ONE, SourceAnswer)
def get_source(user: User, source_id: int) -> dict[str, Any]:
    """One source: the run that is under way, and how the last ones ended."""
    still_admin(user)
    return _told(registry.get(source_id))


@operation(blueprint, "POST", f"{ONE}/run", SourceAnswer, status=202, body=RunBody)
def run_source(user: User, body: Mapping[str, Any], source_id: int) -> dict[str, Any]:
    """Reads a source in the background.

    Read the source until run is null, which it may be in this answer already, or has a problem.
    The first sync has to be agreed to: without a preview before it, this is a preview. A run that
    is under way already is joined.
    """
    agreed = of_each_kind(body.get("gone_percent"))
    orders.start(user, source_id, now(), Mode(body["mode"]), agreed)
    return _told(registry.get(source_id))


def _told(source: Source) -> dict[str, Any]:
    own = ("id", "name", "kind", "url", "paused", "next_at")
    return {name: getattr(source, name) for name in own} | {
        "run": _state(orders.state(source.id, now())),
        "last_sync": _ended(registry.last_run(source, Mode.SYNC)),
        "last_preview": _ended(registry.last_run(source, Mode.PREVIEW)),
        "last_test": _ended(registry.last_run(source, Mode.TEST)),
    }


def _state(state: RunState | None) -> dict[str, Any] | None:
    return None if state is None else asdict(state)


def _ended(run: SourceRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    own = ("mode", "started_at", "ended_at", "who", "counts")
    stopped = say.fault_text(run.fault, run.fault_parameters) if run.fault else None
    told = {name: getattr(run, name) for name in own}
    return told | {"stopped": stopped, "problems": run.problem_count}
