"""System Health for people, and whether the site is alive and ready for machines."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from webapp.extensions import saving_failed
from webapp.monitor.health import collect
from webapp.monitor.health.rules import Level
from webapp.routes.gate import open_to_everyone, staff_only
from webapp.routes.template_helpers import now

blueprint = Blueprint("health", __name__)
blueprint.add_app_template_global(saving_failed, "saving_failed")

# What is written over the flags of a level, and the colour of their sign.
LOOKS = {
    Level.BAD: ("Fix now", "red"),
    Level.WARNING: ("Warnings", "yellow"),
    Level.OK: ("Passed", "green"),
}


@blueprint.before_request
def _page_for_staff() -> None:
    if request.endpoint == "health.page":
        staff_only()


@blueprint.get("/admin/health")
def page() -> str:
    found = collect.run_checks(now())
    return render_template("admin/health.html", checkup=found, looks=LOOKS, levels=Level)


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
