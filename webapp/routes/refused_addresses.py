"""*Try again* beside an address that the mail server has refused."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.extensions import limiter
from webapp.notices import refused_addresses
from webapp.routes.account_fields import account
from webapp.routes.gate import own_path
from webapp.routes.template_helpers import now
from webapp.words import mails

blueprint = Blueprint("refused_addresses", __name__)


@blueprint.post("/refused-addresses/try-again")
@limiter.limit("5 per 10 minutes", key_func=lambda: f"{current_user.id} {account()}")
def try_again() -> Response:
    email = request.form.get("email", "")
    refused_addresses.try_again(current_user, email, now())
    flash(mails.tried_again(email), "info")
    return redirect(own_path(request.form.get("back")) or url_for("profile.show"), 303)
