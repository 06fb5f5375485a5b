"""The first steps of an empty site: who is shown them, and how they are hidden."""

from __future__ import annotations

from flask import current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.customers.first_steps import FirstSteps, first_steps

HIDDEN = "first-steps-hidden"  # the cookie of a browser that does not want to see them
HIDDEN_SECONDS = 365 * 24 * 3600


def shown() -> FirstSteps | None:
    """The steps on the first page of an administrator; None where all are done, or hidden."""
    if not current_user.is_admin or request.args or HIDDEN in request.cookies:
        return None
    steps = first_steps()
    return None if steps.all_done else steps


def hide() -> Response:
    """Back to the first page, and no steps there."""
    answer = redirect(url_for("today.page"), 303)
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    options = {"httponly": True, "samesite": "Lax", "secure": secure}
    answer.set_cookie(HIDDEN, "yes", HIDDEN_SECONDS, **options)
    return answer
