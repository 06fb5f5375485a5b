"""The way back from "View as", and what is not done in another person's name."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers import viewing
from webapp.routes.gate import LOOKING
from webapp.routes.page import now
from webapp.routes.person import caller
from webapp.routes.sessions import open_session

blueprint = Blueprint("viewing", __name__)

NOT_IN_THEIR_NAME = "You see the site as somebody else. This is theirs alone to change: go back to your own view first."


def not_in_their_name() -> None:
    """For what is a user's very own: whoever looks at the site as them must not change it."""
    if request.method not in LOOKING and current_user.is_authenticated and current_user.viewed_by:
        abort(403, NOT_IN_THEIR_NAME)


@blueprint.post("/view-as/end")
def end() -> Response:
    admin, seen_id = current_user.viewed_by, current_user.id
    if admin is None:
        return redirect(url_for("auth.home"), 303)
    open_session(admin, viewing.end(current_user, now(), caller()))
    return redirect(url_for("users.edit", user_id=seen_id), 303)
