"""Mails about certificates, in words: a subject and a text each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType

from webapp.probe import Reason, to_unicode
from webapp.words import renewers
from webapp.words.reasons import WORDS
from webapp.words.times import age_text, expiry_text
from webapp.words.translation import Table, gettext, ngettext


@dataclass(frozen=True, slots=True)
class Line:
    """What has happened to one name. `client` and `link` are empty where there is none, and
    `who_renews` where that is not said."""

    kind: str
    name: str
    client: str
    reason: str
    not_after: datetime | None
    link: str
    who_renews: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a section: what is said below it, and where its page is."""

    title: str
    texts: list[str]
    link: str


@dataclass(frozen=True, slots=True)
class Section:
    """The names of a message to which the same has happened."""

    kind: str
    heading: str
    entries: list[Entry]


# By kind: what has happened, to one name or to so many
_HAPPENED: Mapping[str, Callable[[int, str], str]] = MappingProxyType(
    {
        "expired": lambda count, name: ngettext(
            "The certificate of {name} has expired",
            "{count:,} certificates have expired",
            count,
            name=name,
        ),
        "urgent": lambda count, name: ngettext(
            "The certificate of {name} expires very soon",
            "{count:,} certificates expire very soon",
            count,
            name=name,
        ),
        "invalid": lambda count, name: ngettext(
            "{name} is invalid", "{count:,} names are invalid", count, name=name
        ),
        "unknown": lambda count, name: ngettext(
            "{name} has not answered for days",
            "{count:,} names have not answered for days",
            count,
            name=name,
        ),
        "late": lambda count, name: ngettext(
            "The certificate of {name} was not renewed at its usual time",
            "{count:,} certificates were not renewed at their usual time",
            count,
            name=name,
        ),
        "expiring": lambda count, name: ngettext(
            "The certificate of {name} expires soon",
            "{count:,} certificates expire soon",
            count,
            name=name,
        ),
        "changed": lambda count, name: ngettext(
            "{name} has a different certificate",
            "{count:,} names have a different certificate",
            count,
            name=name,
        ),
        "recovered": lambda count, name: ngettext(
            "{name} is valid again", "{count:,} names are valid again", count, name=name
        ),
    }
)
_WITH_DATE = ("expired", "urgent", "late", "expiring")


def subject(lines: Sequence[Line], counts: Mapping[str, int], *, reminder: bool) -> str:
    """Of the worst of it, which is the first line; `counts` are all there are of each kind."""
    first = _happened(lines[0], counts)
    more = sum(counts.values()) - counts[lines[0].kind]
    if more:
        others = ngettext("{count:,} other notice", "{count:,} other notices", more)
        first = gettext("{first}, and {others}", first=first, others=others)
    return gettext("Reminder: {subject}", subject=first) if reminder else first


def hello(user: str) -> str:
    return gettext("Hello {name},", name=user)


def why() -> str:
    """Why the reader gets this mail."""
    return gettext("You receive this mail because warnings by mail are on in your profile.")


def change() -> str:
    """What the link to the profile says."""
    return gettext("Change which warnings you get")


def turn_off() -> str:
    return gettext("Turn off these mails")


def see_incident() -> str:
    return gettext("See the incident with its timeline")


def see_all_names() -> str:
    return gettext("See all names")


def text(body: str, profile: str, unsubscribe: str) -> str:
    """The mail as plain text: two links follow its `body`."""
    links = [
        gettext("{what}: {link}", what=change(), link=profile),
        gettext("{what}: {link}", what=turn_off(), link=unsubscribe),
    ]
    return "\n\n".join([body, "\n".join([why(), *links])]) + "\n"


def sections(
    lines: Sequence[Line],
    counts: Mapping[str, int],
    now: datetime,
    zone: tzinfo,
    *,
    staff: bool,
    together: bool,
) -> list[Section]:
    """What has happened, for staff or a client's user. `together`: the names are one incident."""
    found = []
    for kind in dict.fromkeys(line.kind for line in lines):
        listed = [line for line in lines if line.kind == kind]
        heading = gettext("{sentence}.", sentence=_happened(listed[0], counts))
        if together and counts[kind] > 1 and kind != "recovered":
            heading += " " + gettext("They probably have the same cause.")
        entries = [entry(line, now, zone, staff=staff) for line in listed]
        found.append(Section(kind, heading, entries))
    return found


def left_text(lines: Sequence[Line], counts: Mapping[str, int]) -> str:
    """How many names are not listed; empty where all are."""
    left = sum(counts.values()) - len(lines)
    if not left:
        return ""
    return ngettext(
        "{count:,} more name is not listed here.", "{count:,} more names are not listed here.", left
    )


def sections_text(listed: Sequence[Section], left: str, more: str) -> str:
    """The same as plain text; `more` is a line with a link, if any."""
    parts = []
    for section in listed:
        entries = [
            "\n  ".join(filter(None, [f"- {entry.title}", *entry.texts, entry.link]))
            for entry in section.entries
        ]
        parts += [section.heading, "\n".join(entries)]
    return "\n\n".join(filter(None, [*parts, left, more]))


def incident_text(link: str) -> str:
    return gettext("The incident with its timeline: {link}", link=link)


def all_names_text(link: str) -> str:
    return gettext("All names: {link}", link=link)


def _happened(line: Line, counts: Mapping[str, int]) -> str:
    return happened(line.kind, counts[line.kind], to_unicode(line.name))


def happened(kind: str, count: int, name: str) -> str:
    """What has happened to so many names; to this one, where it is one."""
    return _HAPPENED[kind](count, name)


def entry(line: Line, now: datetime, zone: tzinfo, *, staff: bool) -> Entry:
    """What is said of one name, to staff or a client's user."""
    name = to_unicode(line.name)
    title = gettext("{name} ({client})", name=name, client=line.client) if line.client else name
    dated = line.kind in _WITH_DATE
    date = expiry_text(line.not_after, now, zone) if dated else ""
    why = _reason_texts(Reason(line.reason), staff=staff) if line.reason in set(Reason) else []
    if dated and not staff and (asked := renewers.asks(line.who_renews)):
        why = [*why[:1], asked]  # in place of the usual cure
    texts = [date, *(why if not (date and staff) else [])]
    return Entry(title, [text for text in texts if text], line.link)


def _reason_texts(reason: Reason, *, staff: bool) -> list[str]:
    """What is wrong; for clients, with what to do."""
    wording = WORDS[reason]
    if staff:
        return [gettext("{reason}.", reason=wording.title)]
    return [wording.customer, wording.cure]


# --- What users choose ---

CHOICES: Mapping[str, str] = Table(
    {
        "now": lambda: gettext("At once"),
        "digest": lambda: gettext("In the daily digest"),
        "never": lambda: gettext("Never"),
    }
)


def hour(number: int) -> str:
    return f"{number:02}:00"


def no_quiet_hours() -> str:
    return gettext("None")


def not_a_zone() -> str:
    return gettext("Enter a time zone such as Europe/Berlin, or UTC.")


def both_quiet_hours() -> str:
    return gettext("Choose different hours for the beginning and the end, or “None” for both.")


# --- System health ---


def alerts_are_off() -> str:
    return gettext("No warnings are sent, because PADLOCK_ALERTS is off.")


def no_mail_server() -> str:
    return gettext(
        "No warnings are sent yet. Set PADLOCK_SMTP_URL and PADLOCK_SITE_URL, or add a channel."
    )


def alerts_off_here() -> str:
    """For those who can't turn them on."""
    return gettext("This site sends no warnings. Ask its administrator to turn them on.")


def no_mails() -> str:
    return gettext(
        "This site can’t send mails yet, so you get no warnings. Set PADLOCK_SMTP_URL and"
        " PADLOCK_SITE_URL."
    )


def no_mails_here() -> str:
    """The same, for those who can't set it up."""
    return gettext(
        "This site can’t send mails yet, so you get no warnings. Ask its administrator to set up a"
        " mail server."
    )


def not_evaluated_yet() -> str:
    return gettext("Not evaluated yet.")


def evaluated_text(names: int, at: datetime, now: datetime) -> str:
    """ "951 names are watched. Last evaluated just now." """
    watched = ngettext("{count:,} name is watched.", "{count:,} names are watched.", names)
    return gettext("{watched} Last evaluated {ago}.", watched=watched, ago=age_text(at, now))
