"""Refreshes of all host names: the last ones, the one under way, and *Refresh now*."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import monitored_names
from webapp.monitor.health import banners, rules
from webapp.monitor.refresh import runs, selection
from webapp.routes.gate import fragment, staff_only
from webapp.routes.template_helpers import now
from webapp.words import confirmations

SHOWN = 30

blueprint = Blueprint("refresh", __name__, url_prefix="/admin/refresh")
blueprint.before_request(staff_only)
blueprint.add_app_template_global(banners.offline_since, "offline_since")
blueprint.add_app_template_global(banners.silent_since, "silent_since")


@blueprint.get("")
def page() -> str:
    size = selection.names_in_use()
    limit = current_app.config["PADLOCK_REFRESH_DAILY_LIMIT"]
    plan = {"names_in_use": size, "limit": limit, "days": rules.days_a_round(size, limit)}
    plan["needed"] = selection.needed(now()) if selection.adaptive() else None
    last_tick = runs.last_tick()
    clock = {"last_tick": last_tick, "asleep": rules.is_silent(last_tick, now())}
    shown = {"runs": runs.latest(SHOWN), "run": runs.under_way()}
    return render_template("refresh/page.html", **plan, **clock, **shown)


@blueprint.post("")
def start() -> Response:
    if not monitored_names.refresh_now(current_user, now()):
        flash(confirmations.nothing_to_refresh(), "info")
    return redirect(url_for("refresh.page"), 303)


@blueprint.get("/progress")
@fragment
def progress() -> Response:
    run = runs.under_way()
    response = make_response(render_template("refresh/progress.html", run=run))
    if run is None:
        response.headers["HX-Refresh"] = "true"
    return response
