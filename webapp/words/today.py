"""Today in words: what needs a person, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from webapp.words.times import age_text, distance_text, expiry_text
from webapp.words.translation import Table, gettext, ngettext

# Why a name needs a person: a few words, the most urgent first
NEED_LABELS: Mapping[str, str] = Table(
    {
        "expired": lambda: gettext("Expired"),
        "invalid": lambda: gettext("Invalid"),
        "late": lambda: gettext("Renewal late"),
        "urgent": lambda: gettext("Expires very soon"),
        "expiring": lambda: gettext("Expires soon"),
        "unknown": lambda: gettext("No answer"),
    }
)
COLOURS: Mapping[str, str] = {
    **dict.fromkeys(("expired", "invalid"), "red"),
    **dict.fromkeys(("late", "urgent", "expiring"), "yellow"),
    "unknown": "secondary",
}
# How long names are muted: days, "" until they are unmuted
MUTES: Mapping[str, str] = Table(
    {
        "1": lambda: gettext("for a day"),
        "7": lambda: gettext("for a week"),
        "30": lambda: gettext("for 30 days"),
        "": lambda: gettext("until unmuted"),
    }
)


def why(kind: str, at: datetime, now: datetime, zone: tzinfo) -> str:
    """ "Expires in 5 days, on 4 Dec 2026.", "First seen 2 hours ago." """
    if kind == "unknown":
        return gettext("No answer for {time}.", time=distance_text(at, now, zone))
    if kind == "invalid":
        return gettext("First seen {ago}.", ago=age_text(at, now, zone))
    expires = expiry_text(at, now, zone)
    if kind == "late":
        return gettext("Not renewed at its usual time. {expires}", expires=expires)
    return expires


def renews_itself() -> str:
    """Of a name whose renewals are regular."""
    return gettext("It usually renews automatically.")


def nothing() -> str:
    return gettext("Nothing needs you today.")


def not_yet() -> str:
    """After a start or an outage of the monitor."""
    return gettext("Not all names have been evaluated yet.")


def soon() -> str:
    return gettext("The latest results appear here within a minute.")


def when_listed() -> str:
    return gettext(
        "Names that were invalid at the start are listed after their next check, an hour later at"
        " the earliest."
    )


def not_evaluated() -> str:
    """Why it may not be known what needs a person."""
    return gettext(
        "Warnings are not being evaluated, so this list is not up to date. Check that"
        " PADLOCK_ALERTS is on and that the scheduler is running."
    )


def needing_text(count: int) -> str:
    """ "3 names need you", of an incident."""
    return ngettext("{count:,} name needs you", "{count:,} names need you", count)


def more_incidents(count: int) -> str:
    return ngettext("{count:,} more incident", "{count:,} more incidents", count)


def acknowledged(count: int) -> str:
    return ngettext(
        "{count:,} name was acknowledged. You’ll be warned again if it gets worse.",
        "{count:,} names were acknowledged. You’ll be warned again if one gets worse.",
        count,
    )


def muted(count: int) -> str:
    return ngettext("{count:,} name was muted.", "{count:,} names were muted.", count)
