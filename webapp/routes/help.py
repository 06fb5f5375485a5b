"""Help: what the padlocks mean, from the words that everything else takes as well."""

from __future__ import annotations

from flask import Blueprint, render_template

from webapp.probe.finding import Reason, State
from webapp.routes.gate import open_to_everyone
from webapp.site import this_site

blueprint = Blueprint("help", __name__, url_prefix="/help")


@blueprint.get("/padlocks")
@open_to_everyone
def padlocks() -> str:
    reasons = {state: [reason for reason in Reason if reason.state is state] for state in State}
    return render_template("help/padlocks.html", reasons=reasons)


@blueprint.get("/api")
@open_to_everyone
def api() -> str:
    """The description of the API, for people."""
    return render_template("help/api.html", described=this_site().api_document())
