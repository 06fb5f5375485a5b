"""What the pages and the fragment of a diagnosis have in common.

They are in `client`, `admin` and `probe`.
"""

from __future__ import annotations

from flask import make_response, render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import item_diagnosis
from webapp.customers.access import Item
from webapp.monitor.diagnosis.diagnoses import Progress
from webapp.probe.steps import Verdict
from webapp.routes.template_helpers import zone
from webapp.words import diagnosis, transcript


def whose() -> str:
    """Whom a limit on diagnoses counts for."""
    return f"user {current_user.id}" if current_user.is_authenticated else "nobody"


def diagnosis_page(kind: str, item_id: int) -> str:
    """The page about the diagnosis of one item, with all its steps so far."""
    item, progress = item_diagnosis.progress_of(current_user, kind, item_id)
    return _rendered("diagnosis/page.html", item, progress)


def steps_after(kind: str, item_id: int, after: int) -> Response:
    """The steps that the page does not have yet; with the last of them, what they come to.

    The page is loaded as a whole where the last step that it has is gone: a diagnosis whose process
    ended begins again.
    """
    item, progress = item_diagnosis.progress_of(current_user, kind, item_id, after)
    response = make_response(_rendered("diagnosis/more.html", item, progress))
    if after and not progress.known:
        response.headers["HX-Refresh"] = "true"
    return response


def _rendered(template: str, item: Item, progress: Progress) -> str:
    staff = current_user.sees_everything
    steps = list(progress.steps)
    if not staff:
        steps = diagnosis.for_client(steps)
    verdict = None if progress.running else transcript.verdict_of(steps)
    return render_template(
        template,
        item=item,
        progress=progress,
        told=[
            diagnosis.tell(step, staff=staff, zone=zone())
            for step in steps[progress.known :]
            if not isinstance(step, Verdict)
        ],
        verdict=verdict and diagnosis.tell(verdict, staff=staff, zone=zone()),
        reason=verdict and verdict.finding.reason,
        checked_at=verdict and verdict.finding.checked_at,
        command=verdict and diagnosis.command(verdict.finding),
        support=verdict and transcript.support_text(steps, staff=staff),
        transcript=verdict and staff and transcript.transcript(steps),
    )
