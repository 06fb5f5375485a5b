"""Fragments: the padlock of one item and its details, and "Check now"."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import padlocks
from webapp.routes.gate import own_path
from webapp.routes.page import now

blueprint = Blueprint("probe", __name__, url_prefix="/probe/<any(service, domain):kind>/<id:item_id>")


@blueprint.get("")
def cell(kind: str, item_id: int) -> str:
    item, standing = padlocks.ask(current_user, kind, item_id, now())
    return render_template("fragments/padlock.html", item=item, standing=standing)


@blueprint.get("/details")
def details(kind: str, item_id: int) -> str:
    item, standing = padlocks.ask(current_user, kind, item_id, now())
    return render_template("fragments/details.html", item=item, standing=standing, history=padlocks.history(item))


@blueprint.post("/details")
def details_anew(kind: str, item_id: int) -> str:
    item, standing = padlocks.ask_anew(current_user, kind, item_id, now())
    return render_template("fragments/details.html", item=item, standing=standing, history=padlocks.history(item))


@blueprint.post("/check")
def check(kind: str, item_id: int) -> Response:
    """Check now without JavaScript: back to the page where the button is."""
    padlocks.ask_anew(current_user, kind, item_id, now())
    return redirect(own_path(request.form.get("back")) or "/", 303)
