"""The activity log: who did what to which item."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from webapp.customers import activity
from webapp.routes.gate import staff_only

blueprint = Blueprint("activity", __name__, url_prefix="/admin/activity")
blueprint.before_request(staff_only)

KINDS = {kind: kind.capitalize() for kind in activity.KINDS}
ACTIONS = {action: action.capitalize() for action in activity.ACTIONS}


@blueprint.get("")
def log() -> str:
    listing = activity.list_activity(request.args)
    return render_template("activity/log.html", listing=listing, kinds=KINDS, actions=ACTIONS)
