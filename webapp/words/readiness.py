"""The report about shorter lifetimes, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from webapp.words.times import day_text
from webapp.words.translation import Table, gettext, ngettext

LISTS = Table(
    {
        "issuer": lambda: gettext("Issuer"),
        "product": lambda: gettext("Product"),
        "client": lambda: gettext("Client"),
    }
)
HEADINGS = Table(
    {
        "issuer": lambda: gettext("By issuer"),
        "product": lambda: gettext("By product"),
        "client": lambda: gettext("By client"),
    }
)
# Of names that have none
_UNTITLED = Table(
    {
        "issuer": lambda: gettext("Issuer without a name"),
        "product": lambda: gettext("Domains"),
        "client": lambda: gettext("Deleted client"),
    }
)


def title_of(kind: str, title: str) -> str:
    """The title of a group in one of `LISTS`."""
    return title or _UNTITLED[kind]


def everything() -> str:
    """All names, as a row of the CSV."""
    return gettext("All")


def columns(days: Sequence[int]) -> list[str]:
    """The headings of the CSV."""
    found = [
        gettext("List"),
        gettext("Name"),
        gettext("Host names"),
        gettext("Not seen renewing automatically"),
    ]
    for number in days:
        found += [beyond(number), gettext("{beyond}, not automatic", beyond=beyond(number))]
    return found


def beyond(days: int) -> str:
    """The heading of those that live longer than a limit allows."""
    return gettext("Over {days} days", days=days)


def rule_text(days: int, starts: date, today: date) -> str:
    """How long new certificates last at most, and from when on."""
    day = day_text(starts)
    if starts <= today:
        return gettext("Since {day} new certificates last {days} days at most.", days=days, day=day)
    return gettext("From {day} on new certificates last {days} days at most.", days=days, day=day)


def beyond_text(count: int, names: int) -> str:
    """How many names have a longer lifetime."""
    return ngettext(
        "{count:,} of {names:,} host names has a longer lifetime.",
        "{count:,} of {names:,} host names have a longer lifetime.",
        count,
        names=names,
    )


def manual_text(count: int) -> str:
    """How many of these have to be renewed by a person, as far as is known."""
    if not count:
        return gettext("All of them renew automatically.")
    return ngettext(
        "{count:,} of them was not seen renewing automatically.",
        "{count:,} of them were not seen renewing automatically.",
        count,
    )


def percent(count: int, names: int) -> str:
    """A share; one that is small is not rounded to none, and one that is large not to all."""
    share = 100 * count / names if names else 0
    if 0 < share < 1:
        return gettext("under {percent} %", percent=1)
    if 99 < share < 100:
        return gettext("over {percent} %", percent=99)
    return gettext("{percent} %", percent=round(share))


def part_text(shown: int, total: int) -> str:
    """What of a long list is shown."""
    return gettext("The first {shown:,} of {total:,}. The CSV has all.", shown=shown, total=total)
