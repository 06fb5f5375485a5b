"""Why a Domain field is refused, and which parts of it are ignored, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webapp.probe.clean_text import clean
from webapp.probe.hostname import NotCheckable, Refusal, understand
from webapp.probe.unicode_names import to_unicode
from webapp.words.translation import Table, gettext

REFUSALS: Mapping[Refusal, str] = Table(
    {
        Refusal.EMPTY: lambda: gettext("No domain is entered."),
        Refusal.TOO_LONG: lambda: gettext(
            "It is too long for a host name: 63 characters between dots, 253 in all."
        ),
        Refusal.ADDRESS: lambda: gettext(
            "It is an IP address, or ends in a number like one. Enter the name of the site."
        ),
        Refusal.SINGLE_LABEL: lambda: gettext(
            "It is a single word. A full name has a dot: example.com"
        ),
        Refusal.EMAIL: lambda: gettext(
            "It is an e-mail address. Enter the name of the site, such as example.com"
        ),
        Refusal.CREDENTIALS: lambda: gettext(
            "It contains a user name or a password. Enter only the name of the site."
        ),
        Refusal.SEVERAL_NAMES: lambda: gettext(
            "It contains more than one name. Enter one name for each item."
        ),
        Refusal.SPACE: lambda: gettext(
            "There is a space, tab or line break inside the name. Remove it."
        ),
        Refusal.COMMA: lambda: gettext(
            "There is a comma inside the name. Write a dot: example.com"
        ),
        Refusal.WILDCARD: lambda: gettext(
            "A star can only stand for the whole first part, as in *.example.com"
        ),
        Refusal.BAD_PORT: lambda: gettext(
            "What follows the colon is not a port. A port is one number from 1 to 65535."
        ),
        Refusal.PORT_NOT_ALLOWED: lambda: gettext("This port isn't checked here."),
        Refusal.EMPTY_LABEL: lambda: gettext(
            "There is an extra dot: two in a row, or one at the start."
        ),
        Refusal.HYPHEN: lambda: gettext("A part of a host name cannot start or end with a hyphen."),
        Refusal.BAD_CHARACTERS: lambda: gettext(
            "It contains characters that a host name cannot have."
        ),
    }
)


def refusal_text(refusal: Refusal, allowed: Sequence[int] = (), *, admin: bool = False) -> str:
    """Why a text cannot be checked. `allowed` are the ports that can be, where it is for the port;
    an administrator is told the setting."""
    if not allowed:
        return REFUSALS[refusal]
    told = gettext("Only these ports are checked: {ports}.", ports=", ".join(map(str, allowed)))
    return (
        f"{told} {gettext('To allow others, change the setting PADLOCK_PORTS.')}" if admin else told
    )


def left_out_texts(text: str) -> list[str]:
    """What stood beside the host name in `text` and is not asked for; empty where `text` holds no
    host name."""
    try:
        understood = understand(text)
    except NotCheckable:
        return []
    told = []
    if understood.dropped_port is not None:
        told.append(gettext("Checked on port 443, not {port}.", port=understood.dropped_port))
    if understood.scheme:
        scheme = understood.scheme.upper()
        told.append(gettext("Checked over HTTPS, not {scheme}.", scheme=scheme))
    if understood.path:
        path = clean(understood.path, 40)
        told.append(
            gettext("The path {path} is ignored: a certificate covers the whole name.", path=path)
        )
    if understood.wildcard:
        shown = to_unicode(understood.hostname)
        told.append(gettext("*.{name} is checked as {name}.", name=shown))
    if understood.marks:
        told.append(gettext("The characters around the name are ignored."))
    return told
