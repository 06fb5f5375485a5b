"""Pages of the audit log, and of the security events for administrators."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from webapp.accounts import security_events
from webapp.customers import audit_log
from webapp.routes.gate import admins_only_but
from webapp.words import activity, security

blueprint = Blueprint("activity", __name__, url_prefix="/admin/activity")
blueprint.before_request(admins_only_but("activity.log"))


@blueprint.get("")
def log() -> str:
    listing = audit_log.list_activity(request.args)
    kinds = {kind: label() for kind, label in activity.SUBJECTS.items()}
    actions = {action: label() for action, label in activity.ACTIONS.items()}
    return render_template("activity/log.html", listing=listing, kinds=kinds, actions=actions)


@blueprint.get("/security")
def security_log() -> str:
    listing = security_events.list_events(request.args)
    return render_template(
        "activity/security.html", listing=listing, events=security.SECURITY_EVENTS
    )
