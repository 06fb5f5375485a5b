"""Settings: what each one is set to, where that comes from, and what it does; those that need no
restart are changed here."""

from __future__ import annotations

import os

from flask import (
    Blueprint,
    Flask,
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

from webapp import live_settings
from webapp.config import branding, table
from webapp.config.setting import Setting
from webapp.customers import site_settings
from webapp.routes.gate import admins_only_but
from webapp.routes.template_helpers import now
from webapp.words import confirmations

LOGO = "PADLOCK_LOGO"  # the one that is a file
MOST_FORM_BYTES = 2 * branding.MAX_LOGO_BYTES

blueprint = Blueprint("settings", __name__, url_prefix="/admin/settings")
blueprint.before_request(admins_only_but())


def register(app: Flask) -> None:
    """Before the gate, which reads the form: every page goes by what is set by now, and an
    administrator's logo may be larger than any other form."""
    app.before_request(_take_over)
    app.before_request(_let_logos_be_large)


def _take_over() -> None:
    if request.endpoint not in ("static", "health.healthz", "health.readyz"):
        live_settings.take_over()


def _let_logos_be_large() -> None:
    # The user is loaded only here, because a static file needs no database
    if (
        request.endpoint == "settings.save"
        and current_user.is_authenticated
        and current_user.is_admin
    ):
        request.max_content_length = MOST_FORM_BYTES


@blueprint.get("")
def page() -> str:
    return _page({}, {})


@blueprint.post("")
def save() -> Response:
    asked = _asked()
    if wrong := site_settings.problems(asked):
        return make_response(_page(asked, wrong), 422)
    site_settings.change(current_user, asked, now())
    flash(confirmations.settings_saved(), "success")
    return redirect(url_for("settings.page"), 303)


def _asked() -> dict[str, str]:
    """The texts of the form; of the logo the file, where one was chosen."""
    asked = {name: text.strip() for name, text in request.form.items()}
    asked.pop(LOGO, None)
    file = request.files.get(LOGO)
    if file is not None and file.filename:
        asked[LOGO] = branding.as_text(file.stream.read())
    if name := asked.pop("default", ""):
        asked[name] = ""
    return asked


def _page(asked: dict[str, str], wrong: dict[str, str]) -> str:
    stored = site_settings.texts()
    rows = [
        (setting, setting.shown(current_app.config[setting.name]), _source(setting, stored))
        for setting in table.SETTINGS
    ]
    shown = {"rows": rows, "texts": stored | asked, "wrong": wrong, "logo": LOGO}
    return render_template("admin/settings.html", **shown)


def _source(setting: Setting, stored: dict[str, str]) -> str:
    """Where the value comes from: "environment", "page" or "default"."""
    if setting.is_set(os.environ):
        return "environment"
    return "page" if stored.get(setting.name, setting.default) != setting.default else "default"
