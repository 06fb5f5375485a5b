""" "View as": an administrator sees the site as one user of a client, with that user's rights
only."""

from __future__ import annotations

from datetime import datetime

from webapp.accounts import security_events, sign_ins
from webapp.accounts.security_events import COMMAND_LINE, Caller, Event
from webapp.accounts.users import require_user
from webapp.customers import audit_log, concurrency
from webapp.customers.models import User
from webapp.errors import Refused
from webapp.extensions import writing
from webapp.words import refusals


def start(admin: User, user_id: int, now: datetime, caller: Caller = COMMAND_LINE) -> str:
    """Lets this sign-in of the administrator show the site as that user; returns its new secret.

    Raises `errors.Refused` where that user is none of a client, or is disabled.
    """
    with writing():
        concurrency.still_admin(admin)
        user = require_user(user_id)
        if not sign_ins.may_view_as(admin, user):
            raise Refused(refusals.no_site_to_view())
        audit_log.note(admin, "viewed as", "user", user.id, user.email, now)
        security_events.note(Event.VIEW_AS_STARTED, caller, now, user=user, by=admin)
        return sign_ins.view_as(admin.token, user.id)


def end(user: User, now: datetime, caller: Caller = COMMAND_LINE) -> str:
    """Ends the look at the site as this user; returns the new secret of the administrator's
    sign-in."""
    with writing():
        audit_log.note(user.viewed_by, "ended viewing as", "user", user.id, user.email, now)
        security_events.note(Event.VIEW_AS_ENDED, caller, now, user=user, by=user.viewed_by)
        return sign_ins.view_as(user.token, None)
