"""The link in each mail of warnings that switches them off."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, make_response, render_template, request
from werkzeug.wrappers import Response

from webapp.accounts import profile
from webapp.extensions import csrf
from webapp.notices import unsubscribe
from webapp.routes.gate import open_to_everyone
from webapp.routes.template_helpers import now

blueprint = Blueprint("unsubscribe", __name__)
csrf.exempt(blueprint)  # a mail provider sends the form, and the link itself is the secret


@blueprint.route("/unsubscribe/<token>", methods=["GET", "POST"])
@open_to_everyone
def page(token: str) -> Response:
    """Looking changes nothing: mail scanners look at every link."""
    posted = request.method == "POST"
    if posted and request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    user = unsubscribe.user_of(token, current_app.config["SECRET_KEY"])
    if user is not None and posted:
        profile.choose_alert_mails(user, now(), wanted=False)
    answer = render_template("auth/unsubscribe.html", user=user, done=posted)
    return make_response(answer, 410 if user is None else 200)
