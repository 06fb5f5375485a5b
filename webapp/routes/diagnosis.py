"""What the pages and the fragment of a diagnosis have in common.

They are in `client`, `admin` and `probe`.
"""

from __future__ import annotations

from flask import render_template
from flask_login import current_user

from webapp.customers import item_diagnosis
from webapp.probe.steps import Verdict
from webapp.routes.template_helpers import zone
from webapp.words import diagnosis, transcript


def whose() -> str:
    """Whom a limit on diagnoses counts for."""
    return f"user {current_user.id}" if current_user.is_authenticated else "nobody"


def diagnosis_page(kind: str, item_id: int) -> str:
    """The page about the diagnosis of one item, with all its steps so far."""
    return _rendered("diagnosis/page.html", item_diagnosis.view_of(current_user, kind, item_id), 0)


def steps_from(kind: str, item_id: int, first: int) -> str:
    """The steps that the page does not have yet; with the last of them, what they come to."""
    return _rendered(
        "diagnosis/more.html", item_diagnosis.view_of(current_user, kind, item_id, first), first
    )


def _rendered(template: str, view: item_diagnosis.View, first: int) -> str:
    staff = current_user.sees_everything
    steps = list(view.steps or ())
    if not staff:
        steps = diagnosis.for_client(steps)
    fresh = steps[len(steps) - len(view.fresh) :]
    verdict = None if view.running else transcript.verdict_of(steps)
    return render_template(
        template,
        item=view.item,
        view=view,
        told=[
            diagnosis.tell(step, staff=staff, zone=zone())
            for step in fresh
            if not isinstance(step, Verdict)
        ],
        verdict=verdict and diagnosis.tell(verdict, staff=staff, zone=zone()),
        reason=verdict and verdict.finding.reason,
        checked_at=verdict and verdict.finding.checked_at,
        command=verdict and diagnosis.command(verdict.finding),
        support=verdict and transcript.support_text(steps, staff=staff),
        transcript=verdict and staff and transcript.transcript(steps),
        seen=first + len(view.fresh),
    )
