"""Signing in and out, and the first administrator."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse
from wtforms import EmailField, Field, Form, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from webapp import live_settings, problems
from webapp.accounts import first_admin, impersonation, password_hashes, security_events, sign_ins
from webapp.accounts.security_events import Event
from webapp.config.table import CHANGEABLE
from webapp.customers import site_settings
from webapp.customers.models import User
from webapp.extensions import limiter, login
from webapp.routes.account_fields import (
    account,
    account_and_network,
    attempts,
    caller,
    email_field,
    name_field,
    new_password_field,
    no_guess,
    note_refusal,
)
from webapp.routes.forms import PageForm, stripped
from webapp.routes.gate import in_background, open_to_everyone, own_path
from webapp.routes.sessions import admin_idle, end_session, open_session
from webapp.routes.template_helpers import now
from webapp.visitor_address import network
from webapp.words import settings
from webapp.words.fields import label
from webapp.words.translation import LazyText

blueprint = Blueprint("auth", __name__)
refused = note_refusal(Event.SIGN_IN_REFUSED)


class SignInForm(PageForm):
    email = EmailField(label("email"), validators=[InputRequired(), Length(max=254)])
    password = PasswordField(
        label("password"),
        validators=[InputRequired(), Length(max=password_hashes.MOST_PASSWORD_CHARACTERS)],
    )


def _setting_field(name: str) -> StringField:
    setting = next(one for one in CHANGEABLE if one.name == name)

    def taken(_form: Form, field: Field) -> None:
        if not setting.takes(field.data or setting.default):
            raise ValidationError(settings.REFUSALS[name])

    return StringField(
        LazyText(settings.LABELS.__getitem__, name),
        filters=[stripped],
        validators=[taken],
        description=LazyText(settings.HELP.__getitem__, name),
        name=name,
        default=setting.default,
    )


class FirstAdminForm(PageForm):
    name = name_field("your_name")
    email = email_field()
    password = new_password_field("password", lambda form: (form.name.data, form.email.data))
    refresh_at = _setting_field("PADLOCK_REFRESH_AT")
    zone = _setting_field("PADLOCK_TIMEZONE")

    @property
    def settings(self) -> dict[str, str]:
        """The first settings of the site, by name; those of the environment are left as they
        are."""
        return {field.name: field.data or "" for field in (self.refresh_at, self.zone)}


@blueprint.route("/sign-in", methods=["GET", "POST"])
@open_to_everyone
@limiter.limit(
    "10 per 5 minutes", key_func=account_and_network, methods=["POST"], on_breach=refused
)
@limiter.limit("50 per 5 minutes", key_func=network, methods=["POST"], on_breach=refused)
@attempts(Event.SIGN_IN_REFUSED)
def sign_in() -> AnyResponse:
    if current_user.is_authenticated:
        return redirect(url_for("auth.home"), 303)
    form = SignInForm()
    user = (
        sign_ins.authenticate(form.email.data, form.password.data)
        if form.validate_on_submit()
        else None
    )
    token = sign_ins.sign_in(user, now(), caller()) if user else None
    if user is None or token is None:
        if form.is_submitted():
            security_events.note_attempt(Event.SIGN_IN_FAILED, account(), caller(), now())
        status = 422 if form.is_submitted() else 200
        shown = {"failed": form.is_submitted(), "no_user_yet": first_admin.nobody_yet()}
        return make_response(render_template("auth/sign_in.html", form=form, **shown), status)
    no_guess()
    open_session(user, token)
    return redirect(own_path(request.args.get("next")) or url_for("auth.home"), 303)


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    user = current_user.viewed_by or current_user
    token = current_user.token
    if current_user.viewed_by:
        token = impersonation.end(current_user, now(), caller())
    sign_ins.sign_out(user, token, now(), caller())
    end_session()
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
@open_to_everyone
@attempts(Event.SIGN_IN_REFUSED)
def setup(token: str) -> AnyResponse:
    """The one-time link on which the first administrator is created."""
    if not first_admin.setup_link_works(current_app.config["SECRET_KEY"], token):
        abort(410)
    form = FirstAdminForm()
    if not form.validate_on_submit():
        return make_response(
            render_template("auth/setup.html", form=form, open=live_settings.changeable()),
            422 if form.is_submitted() else 200,
        )
    try:
        user = first_admin.add_first_admin(
            form.email.data, form.name.data, form.password.data, now(), caller()
        )
    except first_admin.NotTheFirst:
        abort(410)
    site_settings.change(user, form.settings, now())
    if secret := sign_ins.sign_in(user, now(), caller()):
        open_session(user, secret)
    return redirect(url_for("auth.home"), 303)


@blueprint.get("/")
@open_to_everyone
def home() -> AnyResponse:
    """Everybody's first page is another one."""
    if not current_user.is_authenticated:
        return redirect(url_for("auth.sign_in"))
    return redirect(url_for("today.page" if current_user.sees_everything else "client.overview"))


@login.user_loader  # type: ignore[untyped-decorator]
def _signed_in(token: str) -> User | None:
    user = sign_ins.signed_in(token, now(), admin_idle())
    g.user_id = (user.viewed_by or user).id if user else None  # for the log
    return user


@blueprint.after_app_request
def _note_use(response: Response) -> Response:
    """An open page that asks for its parts by itself does not count: it would keep its reader
    signed in for ever. What is sent bit by bit may need the database still."""
    known = (
        g.get("user_id")
        and not problems.wanted()  # a token notes its own use
        and not in_background()
        and not response.is_streamed
        and response.status_code < 500
    )
    if known and current_user.is_authenticated:
        sign_ins.note_use(current_user, caller(), now())
    return response
