"""Users and roles: who may sign in, and as what. Staff read the list; administrators change it."""

from __future__ import annotations

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import Field, RadioField, StringField
from wtforms.fields.choices import SelectChoice

from webapp import mail
from webapp.accounts import impersonation, password_resets, users
from webapp.customers import clients, concurrency
from webapp.customers.models import Role, User
from webapp.errors import Refused
from webapp.notices import refused_addresses
from webapp.routes.account_fields import caller, email_field, name_field
from webapp.routes.forms import PageForm, VersionField, at_most, client_asked_for, names_a_client
from webapp.routes.gate import admins_only_but
from webapp.routes.sessions import open_session
from webapp.routes.template_helpers import now
from webapp.words import confirmations, refusals
from webapp.words.fields import label
from webapp.words.security import ROLES

blueprint = Blueprint("users", __name__, url_prefix="/admin/users")
blueprint.before_request(admins_only_but("users.index"))


class UserForm(PageForm):
    name = name_field("name")
    email = email_field()
    role = RadioField(
        label("role"),
        choices=lambda: [SelectChoice(role, words) for role, words in ROLES.items()],
        default=Role.CLIENT.value,
    )
    client = StringField(label("client"), validators=[at_most(200)])
    version = VersionField()

    def validate_client(self, field: Field) -> None:
        if self.role.data == Role.CLIENT.value:
            names_a_client(self, field)

    @property
    def asked(self) -> users.UserDetails:
        return users.UserDetails(
            self.name.data, self.email.data, Role(self.role.data), self.client.data or ""
        )


@blueprint.before_request
def _oneself_is_in_the_profile() -> Response | None:
    """There the current password is asked for, and no one can lock themselves out."""
    if (
        current_user.is_authenticated
        and (request.view_args or {}).get("user_id") == current_user.id
    ):
        flash(confirmations.this_is_you(), "info")
        return redirect(url_for("profile.show"), 303)
    return None


@blueprint.get("")
def index() -> str:
    asked = (request.args.get(name, "") for name in ("q", "role", "sort", "page", "size"))
    return render_template("users/list.html", listing=users.list_users(*asked))


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    form = UserForm(data={"role": Role.CLIENT.value, "client": client_asked_for()})
    if form.validate_on_submit():
        try:
            user = users.add(current_user, form.asked, now(), caller=caller())
        except concurrency.Taken as error:
            form.email.errors = [str(error)]
        except clients.NoSuchClient as error:
            form.client.errors = [str(error)]
        else:
            flash(
                confirmations.user_added(user.name),
                "success",
            )
            return redirect(url_for("users.edit", user_id=user.id), 303)
    page = render_template("users/new.html", form=form)
    return make_response(page, 422 if form.is_submitted() else 200)


@blueprint.route("/<id:user_id>", methods=["GET", "POST"])
def edit(user_id: int) -> Response:
    user = users.require_user(user_id)
    stored = {
        "name": user.name,
        "email": user.email,
        "role": user.role.value,
        "version": user.version,
    }
    # What is sent with POST comes first
    form = UserForm(data=stored | {"client": clients.client_text(user.client)})
    if not form.validate_on_submit():
        return _page(user, form, 422 if form.is_submitted() else 200)
    try:
        users.change(current_user, user_id, form.version.data, form.asked, now(), caller())
    except concurrency.ChangedMeanwhile:
        return _page(user, form, 409)
    except concurrency.Taken as error:
        form.email.errors = [str(error)]
    except clients.NoSuchClient as error:
        form.client.errors = [str(error)]
    except Refused as error:
        form.role.errors = [str(error)]
    if form.errors:
        return _page(user, form, 422)
    flash(confirmations.saved(form.name.data), "success")
    return redirect(url_for("users.edit", user_id=user_id), 303)


@blueprint.post("/<id:user_id>/reset-link")
def reset_link(user_id: int) -> Response:
    """Shown once, on the answer itself: a link that opens an account is kept in no cookie and no
    log."""
    user, token = password_resets.hand_out(
        current_user, user_id, current_app.config["SECRET_KEY"], now(), caller()
    )
    link = mail.link(current_app, url_for("reset.choose", token=token))
    return make_response(render_template("users/link.html", user=user, link=link))


@blueprint.post("/<id:user_id>/<any(enable, disable):what>")
def set_active(user_id: int, what: str) -> Response:
    try:
        user = users.set_active(current_user, user_id, what == "enable", now(), caller())
        told = confirmations.user_enabled if user.active else confirmations.user_disabled
        flash(told(user.name), "success")
    except Refused as error:
        flash(str(error), "danger")
    return redirect(url_for("users.edit", user_id=user_id), 303)


@blueprint.post("/<id:user_id>/sign-out")
def sign_out(user_id: int) -> Response:
    user = users.sign_out_everywhere(current_user, user_id, now(), caller())
    flash(confirmations.user_signed_out(user.name), "success")
    return redirect(url_for("users.edit", user_id=user_id), 303)


@blueprint.post("/<id:user_id>/view-as")
def view_as(user_id: int) -> Response:
    try:
        token = impersonation.start(current_user, user_id, now(), caller())
    except Refused as error:
        flash(str(error), "danger")
        return redirect(url_for("users.edit", user_id=user_id), 303)
    open_session(current_user, token)
    return redirect(url_for("auth.home"), 303)


def _page(user: User, form: UserForm, status: int) -> Response:
    """The user with their form.

    Where another user was faster, the input is kept and what is stored stands beside it: saving
    once more is then meant.
    """
    conflict = refusals.changed_meanwhile() if status == 409 else ""
    shown = {"user": user, "form": form, "conflict": conflict}
    shown["refused"] = refused_addresses.among([user.email])
    return make_response(render_template("users/edit.html", **shown), status)
