""" "View as": an administrator looks at the site as the user of a client, with that user's rights and no others."""

from __future__ import annotations

from datetime import datetime

from webapp.customers import accounts, activity, edits, security
from webapp.customers.models import User
from webapp.customers.security import COMMAND_LINE, Caller, Event
from webapp.customers.users import NotAllowed, user_or_404
from webapp.extensions import writing


def start(admin: User, user_id: int, now: datetime, caller: Caller = COMMAND_LINE) -> str:
    """Lets this sign-in of the administrator show the site as that user; returns its new secret. Raises `NotAllowed`
    where that user is none of a client, or is disabled."""
    with writing():
        edits.still_admin(admin)
        user = user_or_404(user_id)
        if not accounts.may_view_as(admin, user):
            raise NotAllowed("Only the site of an active user of a client can be looked at.")
        activity.note(admin, "viewed as", "user", user.id, user.email, now)
        security.note(Event.VIEW_AS_STARTED, caller, now, user=user, by=admin)
        return accounts.view_as(admin.token, user.id)


def end(user: User, now: datetime, caller: Caller = COMMAND_LINE) -> str:
    """Ends the look at the site as this user; returns the new secret of the administrator's sign-in."""
    with writing():
        activity.note(user.viewed_by, "ended viewing as", "user", user.id, user.email, now)
        security.note(Event.VIEW_AS_ENDED, caller, now, user=user, by=user.viewed_by)
        return accounts.view_as(user.token, None)
