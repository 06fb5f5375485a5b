"""Today: the first page of administrators and staff, with what needs a person."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import padlocks
from webapp.monitor.refresh import runs
from webapp.notices import acts, history, readiness, tasks, today
from webapp.notices.models import Act
from webapp.reports import ssl_status
from webapp.routes import first_steps
from webapp.routes.gate import open_to_staff, own_path, staff_only
from webapp.routes.template_helpers import now
from webapp.words import refusals
from webapp.words import today as say

blueprint = Blueprint("today", __name__, url_prefix="/admin/today")
blueprint.before_request(staff_only)


@blueprint.get("")
def page() -> str:
    shown = {
        "listing": today.today(current_user, request.args, now()),
        "numbers": ssl_status.numbers(current_user, now()),
        "issuers": readiness.issuers(now()),
        "trend": history.trend(now()),
        "refresh": next(iter(runs.latest(1)), None),
        "steps": first_steps.shown(),
        "kind_of": today.NEED_WORDS,
    }
    return render_template("today/page.html", known=padlocks.known, **shown)


@blueprint.post("")
@open_to_staff
def act() -> Response:
    """Acknowledges or mutes the selected names, or the one whose own button was pressed."""
    what, _, one = request.form.get("do", "").partition("-")
    days = request.form.get("days", "")
    ids = list(tasks.read_chosen([one] if one else request.form.getlist("item")))
    if not ids:
        flash(refusals.nothing_selected(), "warning")
    elif what == "mute" and days in say.MUTES:
        until = now() + timedelta(days=int(days)) if days else None
        flash(say.muted(acts.act_on_names(current_user, ids, Act.MUTE, until, now())), "success")
    elif what == "acknowledge":
        count = acts.act_on_names(current_user, ids, Act.ACKNOWLEDGE, None, now())
        flash(say.acknowledged(count), "success")
    else:
        abort(400)
    return redirect(own_path(request.form.get("back")) or url_for("today.page"), 303)
