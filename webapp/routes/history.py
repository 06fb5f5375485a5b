"""The page about the history of one item, which is in `client` and `admin`."""

from __future__ import annotations

from flask import render_template
from flask_login import current_user

from webapp.customers import access
from webapp.notices import history
from webapp.routes.template_helpers import now


def item_page(kind: str, item_id: int) -> str:
    item = access.require_item(current_user, kind, item_id)
    return render_template("history/item.html", item=item, shown=history.of_item(item, now()))
