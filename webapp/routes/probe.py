"""Fragments: the padlock of one item, its details and the steps of its diagnosis; "Check now" and
"Diagnose"."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import item_diagnosis, padlocks
from webapp.customers.access import Item
from webapp.extensions import limiter
from webapp.monitor.models import Standing
from webapp.parsing import whole
from webapp.probe import Reason
from webapp.routes import diagnosis
from webapp.routes.gate import own_path
from webapp.routes.template_helpers import diagnosis_url, now
from webapp.words import website

blueprint = Blueprint(
    "probe", __name__, url_prefix="/probe/<any(service, domain):kind>/<id:item_id>"
)


@blueprint.get("")
def cell(kind: str, item_id: int) -> str:
    item, standing = padlocks.ask(current_user, kind, item_id, now())
    return render_template("fragments/padlock.html", item=item, standing=standing)


@blueprint.get("/row")
def report_row(kind: str, item_id: int) -> Response:
    """The padlock of a row of the report; settled, it brings the rest of its row, and the page
    counts again."""
    item, standing = padlocks.ask(current_user, kind, item_id, now())
    settled = not (standing.due or standing.checking)
    shown = {"item": item, "standing": standing, "settled": settled}
    response = make_response(render_template("fragments/report_row.html", **shown))
    if settled:
        response.headers["HX-Trigger"] = "settled"
    return response


@blueprint.get("/details")
def details(kind: str, item_id: int) -> str:
    return _details(*padlocks.ask(current_user, kind, item_id, now()))


@blueprint.post("/details")
def details_after_check(kind: str, item_id: int) -> str:
    return _details(*padlocks.ask_now(current_user, kind, item_id, now()))


def _details(item: Item, standing: Standing) -> str:
    """The block; after "Check now" it carries the reason of before until it can say what came of
    it."""
    was = request.values.get("was")
    return render_template(
        "fragments/details.html",
        item=item,
        standing=standing,
        history=padlocks.history(item),
        was=was if was in {"", *Reason} else None,
    )


@blueprint.post("/check")
def check(kind: str, item_id: int) -> Response:
    """Check now without JavaScript: back to the page where the button is."""
    padlocks.ask_now(current_user, kind, item_id, now())
    return redirect(own_path(request.form.get("back")) or "/", 303)


@blueprint.get("/diagnosis")
def diagnosis_steps(kind: str, item_id: int) -> Response:
    return diagnosis.steps_after(kind, item_id, whole(request.args.get("after", "")) or 0)


@blueprint.post("/diagnosis")
@limiter.limit("10 per minute; 60 per hour", key_func=diagnosis.whose)
def diagnose(kind: str, item_id: int) -> Response:
    item, started = item_diagnosis.begin(current_user, kind, item_id, now())
    if not started:
        flash(website.diagnosis_later(), "warning")
    return redirect(diagnosis_url(item), 303)
