"""Signing in and out, and the first administrator."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import Email, InputRequired, Length

from webapp.customers import accounts
from webapp.customers.models import User
from webapp.extensions import limiter, login
from webapp.routes.gate import open_to_everyone, own_path
from webapp.routes.page import now

blueprint = Blueprint("auth", __name__)


class SignInForm(FlaskForm):  # type: ignore[misc]
    email = EmailField("E-mail", validators=[InputRequired(), Length(max=254)])
    password = PasswordField("Password", validators=[InputRequired(), Length(max=accounts.MOST_PASSWORD)])


class FirstAdminForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Your name", validators=[InputRequired(), Length(max=200)])
    email = EmailField("E-mail", validators=[InputRequired(), Length(max=254), Email("This is not an e-mail address.")])
    password = PasswordField(
        "Password",
        validators=[
            InputRequired(),
            Length(accounts.LEAST_PASSWORD, accounts.MOST_PASSWORD, "Use at least 12 characters."),
        ],
    )


def _network() -> str:
    """Where the request comes from. One household has 2**64 addresses of IPv6: they count as one."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "nowhere"
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _account_and_network() -> str:
    # Counted for each place apart, so that nobody can lock others out of their account.
    return f"{accounts.tidy_email(request.form.get('email', ''))[:254]} {_network()}"


def _failed(response: Response) -> bool:
    return response.status_code != 303


@blueprint.route("/sign-in", methods=["GET", "POST"])
@open_to_everyone
@limiter.limit("10 per 5 minutes", key_func=_account_and_network, methods=["POST"], deduct_when=_failed)
@limiter.limit("50 per 5 minutes", key_func=_network, methods=["POST"], deduct_when=_failed)
def sign_in() -> AnyResponse:
    if current_user.is_authenticated:
        return redirect(url_for("auth.home"), 303)
    form = SignInForm()
    user = accounts.authenticate(form.email.data, form.password.data) if form.validate_on_submit() else None
    if user is None:
        status = 422 if form.is_submitted() else 200
        shown = {"failed": form.is_submitted(), "no_user_yet": accounts.nobody_yet()}
        return make_response(render_template("auth/sign_in.html", form=form, **shown), status)
    _start_session(user)
    return redirect(own_path(request.args.get("next")) or url_for("auth.home"), 303)


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    accounts.sign_out(current_user.get_id())
    logout_user()
    session.clear()
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
@open_to_everyone
def setup(token: str) -> AnyResponse:
    """The one-time link on which the first administrator is created."""
    if not accounts.setup_link_works(current_app.config["SECRET_KEY"], token):
        abort(410)
    form = FirstAdminForm()
    if not form.validate_on_submit():
        return make_response(render_template("auth/setup.html", form=form), 422 if form.is_submitted() else 200)
    try:
        user = accounts.add_first_admin(form.email.data, form.name.data, form.password.data, now())
    except accounts.NotTheFirst:
        abort(410)
    _start_session(user)
    return redirect(url_for("auth.home"), 303)


@blueprint.get("/")
@open_to_everyone
def home() -> AnyResponse:
    """Everybody's first page is another one."""
    if not current_user.is_authenticated:
        return redirect(url_for("auth.sign_in"))
    return redirect(url_for("admin.services" if current_user.sees_everything else "client.overview"))


@login.user_loader  # type: ignore[untyped-decorator]
def _signed_in(token: str) -> User | None:
    return accounts.signed_in(token, now())


def _start_session(user: User) -> None:
    """A session of its own: nothing that stood in the cookie before this sign-in is kept."""
    session.clear()
    user.token = accounts.sign_in(user, now())
    login_user(user)
