"""Incidents in words: what has happened, what its names have in common, and the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webapp.probe import Reason, to_unicode
from webapp.words.alert_mails import happened
from webapp.words.reasons import WORDS
from webapp.words.translation import Table, gettext, ngettext

COMMON: Mapping[str, str] = Table(
    {
        "address": lambda: gettext("Address"),
        "certificate": lambda: gettext("Certificate"),
        "issuer": lambda: gettext("Issuer"),
    }
)
MOST_NAMED = 3  # names and clients, where a line has room for a few


def title(kind: str, names: Sequence[str]) -> str:
    """ "5 names are invalid", "www.example.com is invalid" """
    return happened(kind, len(names), to_unicode(names[0]) if names else "")


def reason(word: str) -> str:
    """What is wrong with its names; empty where that is not known."""
    return WORDS[Reason(word)].title if word in set(Reason) else ""


def names_text(names: Sequence[str]) -> str:
    """ "a.example, b.example, c.example and 3 more" """
    return few([*map(to_unicode, names[:MOST_NAMED]), *names[MOST_NAMED:]])


def few(names: Sequence[str]) -> str:
    """The first of these names, and how many more there are."""
    told = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    if more <= 0:
        return told
    return ngettext("{names} and {count:,} more", "{names} and {count:,} more", more, names=told)


def left_text(troubled: int, names: int) -> str:
    """ "3 of 5 unresolved" """
    return gettext("{troubled:,} of {names:,} unresolved", troubled=troubled, names=names)


def step_text(step: str, count: int, *, staff: bool, clients: Sequence[str], user: str) -> str:
    """A line of the timeline."""
    who = _readers(staff=staff, clients=clients)
    if step == "opened":
        return ngettext("Opened with {count:,} name.", "Opened with {count:,} names.", count)
    if step == "grew":
        return ngettext("{count:,} more name joined.", "{count:,} more names joined.", count)
    if step == "told":
        return ngettext(
            "{who} got a message about {count:,} name.",
            "{who} got a message about {count:,} names.",
            count,
            who=who,
        )
    if step == "acknowledged":
        return gettext("Acknowledged by {who}.", who=user) if user else gettext("Acknowledged.")
    if who:
        return gettext("Ended. {who} got a message.", who=who)
    return gettext("Ended.")


def _readers(*, staff: bool, clients: Sequence[str]) -> str:
    """ "Staff", "Staff and Alice’s Bakery" """
    if not clients:
        return gettext("Staff") if staff else ""
    told = few(clients)
    return gettext("Staff and {clients}", clients=told) if staff else told


def not_watched() -> str:
    return gettext("No longer watched")


def acknowledged() -> str:
    return gettext("The incident was acknowledged. You’ll be warned again if it gets worse.")
