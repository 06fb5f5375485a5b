"""What `flask mcp` says to an assistant."""

from __future__ import annotations

from datetime import date

from webapp.words.times import day_text
from webapp.words.translation import gettext


def instructions() -> str:
    return gettext(
        "Padlock watches the SSL certificates of a hosting provider’s services and domains. Find"
        " them with find_names or ending_until; explain says why one has its state and what to do."
        " Moments are UTC."
    )


def token_refused() -> str:
    return gettext(
        "This token doesn’t exist, has ended or was revoked, or its user is disabled. Create a new"
        " one, and put it into the token file."
    )


def not_there() -> str:
    return gettext("There is no such item, or this token doesn’t see it.")


def not_allowed() -> str:
    return gettext("The user of this token may not do this.")


def for_staff() -> str:
    return gettext("Only the provider’s own people see incidents.")


def acknowledged() -> str:
    return gettext("Acknowledged. It is reported again only if it gets worse.")


def muted(until: date) -> str:
    return gettext("Muted until {day}.", day=day_text(until))
