"""The activity log: who did what to which item; and the security events, for administrators."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from webapp import padlock
from webapp.customers import activity, security
from webapp.routes.gate import admins_only_but

blueprint = Blueprint("activity", __name__, url_prefix="/admin/activity")
blueprint.before_request(admins_only_but("activity.log"))

KINDS = {kind: kind.capitalize() for kind in activity.KINDS}
ACTIONS = {action: action.capitalize() for action in activity.ACTIONS}


@blueprint.get("")
def log() -> str:
    listing = activity.list_activity(request.args)
    return render_template("activity/log.html", listing=listing, kinds=KINDS, actions=ACTIONS)


@blueprint.get("/security")
def security_log() -> str:
    listing = security.list_events(request.args)
    return render_template("activity/security.html", listing=listing, events=padlock.SECURITY_EVENTS)
