"""Incidents: names in trouble for one cause, with a timeline and one acknowledgement."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import padlocks
from webapp.notices import acts, incident_list
from webapp.routes.gate import open_to_staff, staff_only
from webapp.routes.template_helpers import now
from webapp.words import incidents as say

blueprint = Blueprint("incidents", __name__, url_prefix="/admin/incidents")
blueprint.before_request(staff_only)


@blueprint.get("")
def index() -> str:
    return render_template(
        "incidents/list.html", listing=incident_list.list_incidents(request.args)
    )


@blueprint.get("/<id:incident_id>")
def show(incident_id: int) -> str:
    shown = incident_list.incident_page(current_user, incident_id, request.args)
    return render_template("incidents/page.html", listing=shown, known=padlocks.known)


@blueprint.post("/<id:incident_id>/acknowledge")
@open_to_staff
def acknowledge(incident_id: int) -> Response:
    acts.acknowledge_incident(current_user, incident_id, now())
    flash(say.acknowledged(), "success")
    return redirect(url_for("incidents.show", incident_id=incident_id), 303)
