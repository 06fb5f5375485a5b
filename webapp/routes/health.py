"""System Health for people, and whether the site is alive and ready for machines."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp.customers import job_control
from webapp.monitor.health import collect
from webapp.monitor.health.facts import Level
from webapp.routes.gate import fragment, open_to_everyone, staff_only
from webapp.routes.template_helpers import now
from webapp.site import this_site
from webapp.words import jobs

blueprint = Blueprint("health", __name__)
blueprint.add_app_template_global(lambda: this_site().not_saved, "not_saved")

# The colour of the sign of a level
COLOURS = {Level.BAD: "red", Level.WARNING: "yellow", Level.OK: "green"}


@blueprint.before_request
def _page_for_staff() -> None:
    if request.endpoint not in ("health.healthz", "health.readyz"):
        staff_only()


@blueprint.get("/admin/health")
def page() -> str:
    found = collect.run_checks(now())
    about = job_control.about if current_user.is_admin else None
    return render_template(
        "admin/health.html", checkup=found, colours=COLOURS, levels=Level, about=about
    )


@blueprint.get("/admin/health/line")
@fragment
def line() -> str:
    """What the last checkup has found, in a line for other pages."""
    result = collect.last_result(now())
    return render_template("fragments/health_line.html", result=result, colours=COLOURS)


@blueprint.post("/admin/health/jobs/<id:job_id>/retry")
def retry_job(job_id: int) -> AnyResponse:
    return _told(job_control.retry(current_user, job_id, now()), jobs.retried_text())


@blueprint.post("/admin/health/jobs/<id:job_id>/end")
def end_job(job_id: int) -> AnyResponse:
    return _told(job_control.end(current_user, job_id, now()), jobs.ended_text())


def _told(done: bool, words: str) -> AnyResponse:
    flash(words if done else jobs.gone_text(), "success" if done else "info")
    return redirect(url_for("health.page"), 303)


@blueprint.get("/healthz")
@open_to_everyone
def healthz() -> Response:
    """The process answers. Nothing else is looked at."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@open_to_everyone
def readyz() -> Response:
    """The site can serve: its database answers, and its scheduler ticks.

    Says what is wrong in a word, no more.
    """
    parts = collect.ready(now())
    well = set(parts.values()) == {"ok"}
    return make_response(
        jsonify(status="ready" if well else "not ready", **parts), 200 if well else 503
    )
