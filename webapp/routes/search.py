"""One search for a name, for everyone who is signed in."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_login import current_user

from webapp.accounts import site_search
from webapp.customers import padlocks
from webapp.listing.page import MOST_SEARCH_CHARACTERS

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
def page() -> str:
    text = request.args.get("q", "").strip()[:MOST_SEARCH_CHARACTERS]
    groups = site_search.search(current_user, text)
    return render_template("search/page.html", text=text, groups=groups, known=padlocks.known)
