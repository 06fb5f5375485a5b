"""Tokens of the API: each user's own, made from their profile, and all of them for
administrators."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField

from webapp.accounts import tokens
from webapp.accounts.models import Scope
from webapp.customers.clients import NoSuchClient
from webapp.errors import Refused
from webapp.routes.forms import DayField, PageForm, at_most, required, stripped
from webapp.routes.gate import admins_only_but, own_path
from webapp.routes.impersonation import not_in_their_name
from webapp.routes.template_helpers import now
from webapp.words import api as say
from webapp.words.fields import label

blueprint = Blueprint("tokens", __name__, url_prefix="/profile/tokens")
blueprint.before_request(not_in_their_name)
all_tokens = Blueprint("all_tokens", __name__, url_prefix="/admin/tokens")
all_tokens.before_request(admins_only_but())


class TokenForm(PageForm):
    name = StringField(
        label("token_name"),
        filters=[stripped],
        validators=[*required(say.token_name_missing), at_most(tokens.MOST_NAME_CHARACTERS)],
    )
    scope = SelectField(label("token_scope"), choices=lambda: [*say.SCOPES.items()])
    ends_on = DayField(label("token_ends_on"))

    @property
    def asked(self) -> tuple[str, Scope, datetime | None]:
        day = self.ends_on.data
        ends_at = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
        return self.name.data, Scope(self.scope.data), ends_at


class OwnerForm(TokenForm):
    owner = StringField(
        label("token_owner"),
        filters=[stripped],
        validators=[*required(say.whose_token), at_most(254)],
    )


@blueprint.route("/new", methods=["GET", "POST"])
def create() -> Response:
    form = TokenForm()
    shown = {"form": form, "back": url_for("profile.show")}
    if form.validate_on_submit():
        try:
            secret = tokens.create_own(current_user, *form.asked, now())
        except Refused as error:
            form.name.errors = [str(error)]
        else:
            return make_response(render_template("tokens/shown.html", secret=secret, **shown))
    page = render_template("tokens/new.html", **shown)
    return make_response(page, 422 if form.is_submitted() else 200)


@blueprint.post("/<id:token_id>/revoke")
def revoke(token_id: int) -> Response:
    flash(say.token_revoked(tokens.revoke(current_user, token_id, now())), "success")
    return redirect(url_for("profile.show"), 303)


@all_tokens.get("")
def index() -> str:
    return render_template("tokens/list.html", tokens=tokens.all_tokens(current_user))


@all_tokens.route("/new", methods=["GET", "POST"])
def create_for() -> Response:
    form = OwnerForm(owner=request.args.get("owner", ""))
    shown = {"form": form, "back": _left()}
    if form.validate_on_submit():
        try:
            secret = tokens.create_for(current_user, form.owner.data, *form.asked, now())
        except (NoSuchClient, Refused) as error:
            form.owner.errors = [str(error)]
        else:
            return make_response(render_template("tokens/shown.html", secret=secret, **shown))
    page = render_template("tokens/new.html", **shown)
    return make_response(page, 422 if form.is_submitted() else 200)


@all_tokens.post("/<id:token_id>/revoke")
def revoke_any(token_id: int) -> Response:
    flash(say.token_revoked(tokens.revoke(current_user, token_id, now())), "success")
    return redirect(_left(), 303)


def _left() -> str:
    """The page that led here: that of a client, or the list of all tokens."""
    return own_path(request.args.get("next")) or url_for("all_tokens.index")
