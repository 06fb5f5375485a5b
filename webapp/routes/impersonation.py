"""The way back from "View as", and what must not be done in another user's name."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.accounts import impersonation
from webapp.routes.account_fields import caller
from webapp.routes.gate import LOOKING
from webapp.routes.sessions import open_session
from webapp.routes.template_helpers import now
from webapp.words import error_pages

blueprint = Blueprint("viewing", __name__)


def not_in_their_name() -> None:
    """For what is a user's very own: an administrator who views the site as them must not change
    it."""
    if request.method not in LOOKING and current_user.is_authenticated and current_user.viewed_by:
        abort(403, error_pages.not_in_their_name())


@blueprint.post("/view-as/end")
def end() -> Response:
    admin = current_user.viewed_by
    seen_id = current_user.id
    if admin is None:
        return redirect(url_for("auth.home"), 303)
    open_session(admin, impersonation.end(current_user, now(), caller()))
    return redirect(url_for("users.edit", user_id=seen_id), 303)
