"""The activity log in words: who, what was done, to what, and the detail.

A line is stored as codes with parameters. The codes of `who`, `action` and `kind` are English words
of their own, because lines of every version have them; they are translated here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from webapp.words.counts import belongings_text, counted, import_text, sync_text
from webapp.words.times import day_text
from webapp.words.translation import gettext

Parameters = Mapping[str, Any]

COMMAND_LINE = "command line"
NOTHING = "–"
MOST_DETAIL_CHARACTERS = 500


class Detail(StrEnum):
    """What the detail of a line says; its parameters stand beside it."""

    NONE = ""
    TEXT = "text"  # text: of before there were codes, as it was written then
    CHANGES = "changes"  # changes: [[fact, before, after], …]
    REFERENCE = "reference"  # reference
    USER = "user"  # name, role, client or None
    EMAIL = "email"  # email
    FOR_CLIENT = "for client"  # client
    OF_CLIENT = "of client"  # client
    UNTIL = "until"  # day, of ISO 8601
    MOVED = "moved"  # before, after: the names of two clients
    BELONGINGS = "belongings"  # services, domains, users
    IMPORTED = "imported"  # counts: of each kind how many are new, changed and the same
    TO_USER = "to user"  # name
    SYNCED = "synced"  # counts: of each kind how many were added, changed, are gone and the same
    HOST_NAMES = "host names"  # count: it stands in place of an item


ACTIONS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "created": lambda: gettext("Created"),
        "changed": lambda: gettext("Changed"),
        "moved": lambda: gettext("Moved"),
        "deleted": lambda: gettext("Deleted"),
        "imported": lambda: gettext("Imported"),
        "synced": lambda: gettext("Synced"),
        "started": lambda: gettext("Started"),
        "saved": lambda: gettext("Saved"),
        "revoked": lambda: gettext("Revoked"),
        "disabled": lambda: gettext("Disabled"),
        "enabled": lambda: gettext("Enabled"),
        "restored": lambda: gettext("Restored the default"),
        "muted": lambda: gettext("Muted"),
        "unmuted": lambda: gettext("Unmuted"),
        "acknowledged": lambda: gettext("Acknowledged"),
        "wrote to client": lambda: gettext("Wrote to the client"),
        "assigned": lambda: gettext("Assigned"),
        "unassigned": lambda: gettext("Unassigned"),
        "snoozed": lambda: gettext("Snoozed"),
        "ended snooze": lambda: gettext("Ended snooze"),
        "retried": lambda: gettext("Retried"),
        "sent again": lambda: gettext("Sent again"),
        "ended": lambda: gettext("Ended"),
        "viewed as": lambda: gettext("Viewed as"),
        "ended viewing as": lambda: gettext("Ended viewing as"),
        "signed out everywhere": lambda: gettext("Signed out everywhere"),
        "signed out everywhere else": lambda: gettext("Signed out everywhere else"),
        "handed out a reset link": lambda: gettext("Created a password reset link"),
        "changed own profile": lambda: gettext("Changed own profile"),
        "changed own password": lambda: gettext("Changed own password"),
        "created own calendar link": lambda: gettext("Created own calendar link"),
        "revoked own calendar link": lambda: gettext("Revoked own calendar link"),
        "reset own password": lambda: gettext("Reset own password"),
    }
)
SUBJECTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "client": lambda: gettext("Client"),
        "user": lambda: gettext("User"),
        "service": lambda: gettext("Service"),
        "domain": lambda: gettext("Domain"),
        "import": lambda: gettext("Import"),
        "source": lambda: gettext("Source"),
        "refresh": lambda: gettext("Refresh"),
        "view": lambda: gettext("View"),
        "job": lambda: gettext("Background job"),
        "setting": lambda: gettext("Setting"),
        "warning rule": lambda: gettext("Rule for warnings"),
        "incident": lambda: gettext("Incident"),
        "channel": lambda: gettext("Channel for warnings"),
        "link": lambda: gettext("Link without sign-in"),
        "mail text": lambda: gettext("Mail text"),
        "token": lambda: gettext("API token"),
    }
)
_FACTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "name": lambda: gettext("name"),
        "client": lambda: gettext("client"),
        "reference": lambda: gettext("reference"),
        "contact e-mail": lambda: gettext("contact e-mail"),
        "note": lambda: gettext("note"),
        "tags": lambda: gettext("tags"),
        "product": lambda: gettext("product"),
        "domain": lambda: gettext("domain"),
        "status": lambda: gettext("status"),
        "next due": lambda: gettext("next due"),
        "server": lambda: gettext("server"),
        "registered": lambda: gettext("registered"),
        "expires": lambda: gettext("registered until"),
        "value": lambda: gettext("value"),
        "subject": lambda: gettext("subject"),
        "body": lambda: gettext("text"),
        "first warning": lambda: gettext("first warning"),
        "urgent warning": lambda: gettext("urgent warning"),
        "no answer": lambda: gettext("no answer for"),
        "daily digest": lambda: gettext("daily digest at"),
        "incidents collect": lambda: gettext("incidents collect names for"),
        "mails to clients": lambda: gettext("mails to clients"),
        "who renews": lambda: gettext("who renews"),
        "note on Today": lambda: gettext("note on Today"),
    }
)


def action_text(action: str) -> str:
    """What was done; an action that no code of this version stands for, as it is stored."""
    return ACTIONS[action]() if action in ACTIONS else action.capitalize()


def kind_text(kind: str) -> str:
    """What a line is about; see `action_text`."""
    return SUBJECTS[kind]() if kind in SUBJECTS else kind.capitalize()


def fact_text(fact: str) -> str:
    """What a fact that has changed is called; see `action_text`."""
    return _FACTS[fact]() if fact in _FACTS else fact


def who_text(who: str) -> str:
    """Who it was: an e-mail address, or the command line."""
    return gettext("command line") if who == COMMAND_LINE else who


def token_text(token: str) -> str:
    """By which token of theirs."""
    return gettext("by token “{token}”", token=token)


def item_text(item: str, code: str, parameters: Parameters) -> str:
    """What the item was called at that time."""
    return counted("host name", parameters["count"]) if code == Detail.HOST_NAMES else item


def detail_text(code: str, parameters: Parameters) -> str:
    """What else a line says; of a code that this version does not know, its texts."""
    told = _DETAILS.get(code)
    text = ", ".join(texts_in(parameters)) if told is None else told(parameters)
    return short(text, MOST_DETAIL_CHARACTERS)


def texts_in(parameters: object) -> list[str]:
    """All texts in these parameters: what a search finds, in whatever language it is read."""
    if isinstance(parameters, str):
        return [parameters]
    if isinstance(parameters, Mapping):
        parameters = list(parameters.values())
    if isinstance(parameters, list):
        return [text for one in parameters for text in texts_in(one)]
    return []


def short(text: str, most: int) -> str:
    """This text, cut where it is longer than so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _changes(parameters: Parameters) -> str:
    """ "status Active → Expired, reference – → 17" """
    return ", ".join(
        gettext(
            "{fact} {before} → {after}",
            fact=fact_text(fact),
            before=before or NOTHING,
            after=after or NOTHING,
        )
        for fact, before, after in parameters["changes"]
    )


def _user(parameters: Parameters) -> str:
    """ "Alice Baker, client of Alice’s Bakery" """
    name = parameters["name"]
    role = parameters["role"]
    client = parameters.get("client")
    if client:
        return gettext("{name}, {role} of {client}", name=name, role=role, client=client)
    return gettext("{name}, {role}", name=name, role=role)


_DETAILS: Mapping[str, Callable[[Parameters], str]] = MappingProxyType(
    {
        Detail.NONE: lambda _: "",
        Detail.TEXT: lambda found: found["text"],
        Detail.CHANGES: _changes,
        Detail.REFERENCE: lambda found: gettext(
            "reference {reference}", reference=found["reference"]
        ),
        Detail.USER: _user,
        Detail.EMAIL: lambda found: gettext("e-mail {email}", email=found["email"]),
        Detail.FOR_CLIENT: lambda found: gettext("for {client}", client=found["client"]),
        Detail.OF_CLIENT: lambda found: gettext("of {client}", client=found["client"]),
        Detail.UNTIL: lambda found: gettext(
            "until {day}", day=day_text(date.fromisoformat(found["day"]))
        ),
        Detail.TO_USER: lambda found: gettext("to {name}", name=found["name"]),
        Detail.MOVED: lambda found: gettext(
            "from {before} to {after}", before=found["before"], after=found["after"]
        ),
        Detail.BELONGINGS: lambda found: gettext(
            "with {belongings}",
            belongings=belongings_text(found["services"], found["domains"], found["users"]),
        ),
        Detail.IMPORTED: lambda found: import_text(found["counts"]),
        Detail.SYNCED: lambda found: sync_text(found["counts"]),
        Detail.HOST_NAMES: lambda _: "",
    }
)
