"""Forgotten passwords: request a link by mail, and choose a new password with it."""

from __future__ import annotations

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    url_for,
)
from werkzeug.wrappers import Response

from webapp import mail
from webapp.accounts import password_resets
from webapp.accounts.security_events import Event
from webapp.customers.models import User
from webapp.extensions import limiter
from webapp.routes.account_fields import (
    account,
    account_and_network,
    attempts,
    caller,
    email_field,
    new_password_field,
    note_refusal,
)
from webapp.routes.forms import PageForm
from webapp.routes.gate import open_to_everyone
from webapp.routes.impersonation import not_in_their_name
from webapp.routes.template_helpers import now
from webapp.visitor_address import network
from webapp.words import confirmations

blueprint = Blueprint("reset", __name__)
blueprint.before_request(not_in_their_name)
refused = note_refusal(Event.RESET_REFUSED)


class ForgotForm(PageForm):
    email = email_field()


class ResetForm(PageForm):
    user: User  # whose password it is to be
    password = new_password_field("new_password", lambda form: (form.user.name, form.user.email))


@blueprint.route("/forgot-password", methods=["GET", "POST"])
@open_to_everyone
@limiter.limit(
    "3 per 15 minutes", key_func=account_and_network, methods=["POST"], on_breach=refused
)
@limiter.limit("20 per 15 minutes", key_func=network, methods=["POST"], on_breach=refused)
# From everywhere together, so that no one's mailbox is flooded. It locks no one out: they have
# twenty good links then.
@limiter.limit("20 per hour", key_func=account, methods=["POST"], on_breach=refused)
def forgot() -> Response:
    """The answer is the same, and takes the same time, whether or not there is a user with this
    address."""
    form = ForgotForm()
    ready = mail.ready(current_app)
    asked = form.validate_on_submit() and ready
    if asked:
        password_resets.request_link(account(), caller(), now())
    wrong = form.is_submitted() and not asked
    return make_response(
        render_template("auth/forgot.html", form=form, ready=ready, asked=asked),
        422 if wrong else 200,
    )


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
@open_to_everyone
@limiter.limit("30 per 5 minutes", key_func=network, methods=["POST"], on_breach=refused)
@attempts(Event.RESET_REFUSED)
def choose(token: str) -> Response:
    user = password_resets.user_of(token, current_app.config["SECRET_KEY"])
    if user is None:
        return make_response(render_template("auth/reset_gone.html"), 410)
    form = ResetForm()
    form.user = user
    if not form.validate_on_submit():
        page = render_template("auth/reset.html", form=form, user=user)
        return make_response(page, 422 if form.is_submitted() else 200)
    if not password_resets.use(
        token, current_app.config["SECRET_KEY"], form.password.data, now(), caller()
    ):
        return make_response(render_template("auth/reset_gone.html"), 410)
    flash(confirmations.password_set(), "success")
    return redirect(url_for("auth.sign_in"), 303)
