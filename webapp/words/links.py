"""Links that show padlocks without a sign-in: what pages and the pictures themselves say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from webapp.probe import State
from webapp.words import states, times
from webapp.words.translation import Table, gettext, ngettext

USES: Mapping[str, str] = Table(
    {
        "page": lambda: gettext("A page without sign-in"),
        "embed": lambda: gettext("Padlocks inside another site"),
        "badge": lambda: gettext("A badge of one host name"),
    }
)


def badge_title() -> str:
    """The left part of a badge."""
    return gettext("SSL certificate")


def badge_text(state: State, not_after: datetime | None, now: datetime, *, days: bool) -> str:
    """The right part: the state, or how many days a valid certificate has left."""
    if days and state is State.VALID and not_after is not None:
        left = times.days_left(not_after, now) or 0
        return ngettext("{count:,} day left", "{count:,} days left", left)
    return states.LOOKS[state].label.lower()


def gone() -> str:
    return gettext("This link does not exist, has ended or was revoked. Ask for a new one.")


def too_many(most: int) -> str:
    return gettext(
        "A client can have {count} links at most. Revoke those that are no longer needed.",
        count=most,
    )


def use_missing() -> str:
    return gettext("Choose what the link shows.")


def name_missing() -> str:
    return gettext("Enter the host name of a service or domain of this client.")


def no_such_name(name: str, client: str) -> str:
    return gettext(
        "{client} has no service or domain with the host name “{name}”.", client=client, name=name
    )


def days_wrong(most: int) -> str:
    return gettext("Enter a number of days from 1 to {most}.", most=most)


def embed_title() -> str:
    """What a frame with padlocks is called."""
    return gettext("SSL certificates")


def revoked() -> str:
    return gettext("The link was revoked.")


def ends_text(ends_at: datetime | None, now: datetime, zone: tzinfo) -> str:
    """Until when a link works."""
    if ends_at is None:
        return gettext("Works until it is revoked")
    day = times.day_text(times.local(ends_at, zone).date())
    if ends_at <= now:
        return gettext("Ended on {day}", day=day)
    return gettext("Works until {day}", day=day)


def moved() -> str:
    """Instead of that, for a badge that shows nothing any more."""
    return gettext("Doesn’t work any more: its service or domain was moved to another client")
