"""The mails that staff write to clients about their names, as they are before staff edit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from webapp.probe import Reason
from webapp.words import renewers
from webapp.words.reasons import WORDS
from webapp.words.times import age_text, day_text, distance_text, left_text, local
from webapp.words.translation import gettext, ngettext


@dataclass(frozen=True, slots=True)
class Line:
    """One name. `kind` is of `words.today.NEED_LABELS`, `at` what belongs to it. `who_renews` and
    `link` are empty where they are not known."""

    name: str
    kind: str
    at: datetime
    reason: Reason | None
    who_renews: str
    link: str


def subject(lines: Sequence[Line], now: datetime, zone: tzinfo) -> str:
    """ "The certificate of shop.example.com expires on 4 Dec 2026" """
    first = lines[0]
    if len(lines) > 1:
        return ngettext(
            "{count:,} certificate of your websites needs attention",
            "{count:,} certificates of your websites need attention",
            len(lines),
        )
    day = day_text(local(first.at, zone).date())
    if first.kind == "unknown":
        return gettext("{name} does not answer", name=first.name)
    if first.kind == "invalid":
        return gettext("Browsers warn visitors away from {name}", name=first.name)
    if first.at <= now:
        return gettext("The certificate of {name} expired on {day}", name=first.name, day=day)
    return gettext("The certificate of {name} expires on {day}", name=first.name, day=day)


def text(lines: Sequence[Line], who: str, site: str, now: datetime, zone: tzinfo) -> str:
    """The whole mail, signed by this member of staff."""
    entries = ["\n".join(_entry(line, now, zone)) for line in lines]
    greeting = gettext("Hello,")
    opening = ngettext(
        "This is about the certificate of one of your websites.",
        "This is about the certificates of {count:,} of your websites.",
        len(lines),
    )
    close = gettext("Kind regards\n{who}\n{site}", who=who, site=site)
    return "\n\n".join([greeting, opening, *entries, close])


def _entry(line: Line, now: datetime, zone: tzinfo) -> list[str]:
    told = [line.name, *_what_is_wrong(line, now, zone), _what_to_do(line)]
    if line.link:
        told.append(gettext("Details: {link}", link=line.link))
    return told


def _what_is_wrong(line: Line, now: datetime, zone: tzinfo) -> list[str]:
    if line.kind == "unknown":
        return [gettext("It has not answered for {time}.", time=distance_text(line.at, now, zone))]
    if line.kind == "invalid":
        return [WORDS[line.reason].customer] if line.reason else []
    day = day_text(local(line.at, zone).date())
    if line.at <= now:
        ago = age_text(line.at, now, zone)
        expired = gettext("The certificate expired {ago}, on {day}.", ago=ago, day=day)
        return [expired, gettext("Browsers warn visitors away from this site.")]
    left = left_text(line.at, now, zone)
    expires = gettext("The certificate expires in {left}, on {day}.", left=left, day=day)
    return [expires, gettext("After that, browsers warn visitors away from this site.")]


def _what_to_do(line: Line) -> str:
    if line.kind == "unknown":
        return gettext("Please check whether the site is still in use, or ask us.")
    if line.kind != "invalid":
        return renewers.asks(line.who_renews) or gettext(
            "Please make sure that the certificate is renewed, or ask us."
        )
    if line.who_renews == "provider":
        return gettext("We’ll take care of it. You don’t need to do anything.")
    return gettext("Please correct this, or ask us.")


# --- the page ---


def heading(clients: Sequence[str]) -> str:
    """ "Write to Alice’s Bakery" """
    if len(clients) == 1:
        return gettext("Write to {client}", client=clients[0])
    return ngettext("Write to {count:,} client", "Write to {count:,} clients", len(clients))


def preview(mails: int, names: int) -> str:
    """How many mails go out, and about how much."""
    about = ngettext("{count:,} name", "{count:,} names", names)
    return ngettext(
        "{count:,} mail about {names}.",
        "{count:,} mails about {names}, one to each client.",
        mails,
        names=about,
    )


def about(names: int) -> str:
    return ngettext("About {count:,} name", "About {count:,} names", names)


def send(count: int) -> str:
    """The button."""
    return ngettext("Send {count:,} mail", "Send {count:,} mails", count)


def sent(count: int) -> str:
    return ngettext(
        "{count:,} mail is on its way. Replies come to you.",
        "{count:,} mails are on their way. Replies come to you.",
        count,
    )


def no_address(client: str) -> str:
    return gettext("{client} has no e-mail address. Add a contact e-mail or a user.", client=client)


def no_mail_server() -> str:
    return gettext("Mails can’t be sent yet. Set PADLOCK_SMTP_URL and PADLOCK_SITE_URL.")


def too_many_clients(most: int) -> str:
    return ngettext(
        "At most {count} client can be written to at once. Select fewer rows.",
        "At most {count} clients can be written to at once. Select fewer rows.",
        most,
    )


def subject_missing() -> str:
    return gettext("Enter a subject.")


def text_missing() -> str:
    return gettext("Enter a text.")


def not_their_address() -> str:
    """The address of a client has changed since the page was opened."""
    return gettext("The client no longer has this address. Choose another one.")


def written_text(at: datetime, who: str, zone: tzinfo) -> str:
    """ "Sam Staff wrote to the client on 29 Nov 2026." """
    day = day_text(local(at, zone).date())
    if not who:
        return gettext("The client was written to on {day}.", day=day)
    return gettext("{who} wrote to the client on {day}.", day=day, who=who)
