"""The signed-in user's own account: name, e-mail, password, sign out everywhere."""

from __future__ import annotations

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from webapp import mail
from webapp.accounts import calendar_links, password_hashes, profile, tokens
from webapp.accounts import sign_ins as account_sign_ins
from webapp.accounts.security_events import Event
from webapp.customers import concurrency
from webapp.extensions import limiter
from webapp.notices import health, readers, refused_addresses, rules
from webapp.routes.account_fields import (
    attempts,
    caller,
    email_field,
    name_field,
    new_password_field,
    no_guess,
    note_refusal,
    user_and_network,
)
from webapp.routes.forms import PageForm, at_most
from webapp.routes.impersonation import not_in_their_name
from webapp.routes.sessions import admin_idle, end_session, open_session
from webapp.routes.template_helpers import now
from webapp.routes.warnings_form import WarningsForm, warnings_data
from webapp.words import confirmations, refusals
from webapp.words.fields import label
from webapp.words.translation import LazyText

blueprint = Blueprint("profile", __name__, url_prefix="/profile")
blueprint.before_request(not_in_their_name)
guesses = limiter.shared_limit(
    "10 per 5 minutes",
    "guesses",
    key_func=user_and_network,
    methods=["POST"],
    on_breach=note_refusal(Event.PASSWORD_CHECK_REFUSED),
)


class DetailsForm(PageForm):
    name = name_field("name")
    email = email_field()
    password = PasswordField(
        label("current_password"), validators=[at_most(password_hashes.MOST_PASSWORD_CHARACTERS)]
    )


class PasswordForm(PageForm):
    current = PasswordField(
        label("current_password"),
        validators=[
            InputRequired(LazyText(refusals.wrong_password)),
            Length(
                max=password_hashes.MOST_PASSWORD_CHARACTERS,
                message=LazyText(refusals.wrong_password),
            ),
        ],
    )
    new = new_password_field("new_password", lambda _: (current_user.name, current_user.email))


@blueprint.get("")
def show() -> Response:
    return _page()


@blueprint.post("")
@guesses
@attempts(Event.PASSWORD_CHECK_REFUSED)
def change() -> Response:
    form = DetailsForm()
    if form.validate():
        try:
            details = form.name.data, form.email.data, form.password.data or ""
            profile.change_details(current_user, *details, now(), caller())
        except profile.WrongPassword:
            form.password.errors = [refusals.password_for_email()]
        except concurrency.Taken:
            form.email.errors = [refusals.email_unusable()]
    if form.errors:
        return _page(details=form)
    no_guess()
    flash(confirmations.profile_saved(), "success")
    return redirect(url_for("profile.show"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
@guesses
@attempts(Event.PASSWORD_CHECK_REFUSED)
def password() -> Response:
    form = PasswordForm()
    if not form.is_submitted():
        return _page()
    if form.validate():
        try:
            token = profile.change_password(
                current_user, form.current.data, form.new.data, now(), caller()
            )
        except profile.WrongPassword:
            form.current.errors = [refusals.wrong_password()]
        else:
            no_guess()
            open_session(current_user, token)
            flash(confirmations.password_changed(), "success")
            return redirect(url_for("profile.show"), 303)
    return _page(password=form)


@blueprint.post("/warnings")
def choose_warnings() -> Response:
    form = WarningsForm(data=warnings_data(current_user))
    if not form.validate():
        return _page(warnings=form)
    readers.save(current_user, form.chosen, now(), wanted=form.by_mail.data)
    flash(confirmations.profile_saved(), "success")
    return redirect(url_for("profile.show"), 303)


@blueprint.post("/calendar")
def create_calendar_link() -> str:
    """Shown once, on the answer itself, like the link for a password."""
    token = calendar_links.create(current_user, now())
    link = mail.link(current_app, url_for("calendar.feed", token=token))
    return render_template("profile/calendar.html", link=link)


@blueprint.post("/calendar/revoke")
def revoke_calendar_link() -> Response:
    calendar_links.revoke(current_user, now())
    flash(confirmations.calendar_link_revoked(), "success")
    return redirect(url_for("profile.show"), 303)


@blueprint.post("/sign-out-everywhere")
def sign_out_everywhere() -> Response:
    profile.sign_out_everywhere(current_user, now(), caller())
    end_session()
    flash(confirmations.signed_out_everywhere(), "success")
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.post("/sign-out-elsewhere")
def sign_out_elsewhere() -> Response:
    profile.sign_out_elsewhere(current_user, now(), caller())
    flash(confirmations.signed_out_elsewhere(), "success")
    return redirect(url_for("profile.show"), 303)


@blueprint.post("/sign-ins/<id:sign_in_id>/end")
def end_sign_in(sign_in_id: int) -> Response:
    if not account_sign_ins.end_sign_in(current_user, sign_in_id, now(), caller()):
        abort(404)
    flash(confirmations.browser_signed_out(), "success")
    return redirect(url_for("profile.show"), 303)


def _page(
    details: DetailsForm | None = None,
    password: PasswordForm | None = None,
    warnings: WarningsForm | None = None,
) -> Response:
    """The profile; a form that was sent and has something wrong in it comes back as it was filled
    in."""
    forms = {
        "details": details or DetailsForm(None, obj=current_user),
        "password": password or PasswordForm(None),
        "warnings": warnings or WarningsForm(None, data=warnings_data(current_user)),
        "refused": refused_addresses.among([current_user.email]),
    }
    sign_ins = [
        (one, account_sign_ins.is_this(one, current_user))
        for one in account_sign_ins.sign_ins_of(current_user, now(), admin_idle())
    ]
    page = render_template(
        "profile/profile.html",
        **forms,
        sign_ins=sign_ins,
        may_be_warned=current_user.sees_everything or rules.may_tell(current_user.client_id),
        why_no_mails=health.why_no_mails(current_user),
        calendar_link=calendar_links.link_of(current_user),
        tokens=tokens.tokens_of(current_user),
    )
    return make_response(page, 422 if details or password or warnings else 200)
