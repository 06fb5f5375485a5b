"""The provider's logo, and the styleguide with every part of the pages."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, render_template, request

from webapp.routes import styleguide_data
from webapp.routes.gate import open_to_everyone
from webapp.routes.template_helpers import now

blueprint = Blueprint("branding", __name__)


@blueprint.get("/logo")
@open_to_everyone
def logo() -> Response:
    picture = current_app.config["PADLOCK_LOGO"] or abort(404)
    response = Response(picture.data, mimetype=picture.type)
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/styleguide")
@open_to_everyone
def styleguide() -> str:
    """For those who work on the site; there is none where it runs for its users."""
    if not (current_app.debug or current_app.testing):
        abort(404)
    shown = {
        "padlocks": styleguide_data.padlocks(now()),
        "form": styleguide_data.form(),
        "listing": styleguide_data.listing(),
    }
    return render_template("styleguide.html", **shown)
