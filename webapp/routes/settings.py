"""Settings: what each one is set to, where that comes from, and what it does."""

from __future__ import annotations

import os

from flask import Blueprint, current_app, render_template

from webapp.config import table
from webapp.routes.gate import admins_only_but

blueprint = Blueprint("settings", __name__, url_prefix="/admin/settings")
blueprint.before_request(admins_only_but())


@blueprint.get("")
def page() -> str:
    rows = [
        (setting, setting.shown(current_app.config[setting.name]), setting.is_set(os.environ))
        for setting in table.SETTINGS
    ]
    return render_template("admin/settings.html", rows=rows)
