"""What staff do about the rows of Today, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType

from webapp.words.times import day_text, local
from webapp.words.translation import Table, gettext, ngettext

# Whose rows are listed
SHOWN: Mapping[str, str] = Table(
    {
        "": lambda: gettext("All"),
        "mine": lambda: gettext("Mine"),
        "unassigned": lambda: gettext("Unassigned"),
        "snoozed": lambda: gettext("Snoozed"),
    }
)
_NONE: Mapping[str, str] = Table(
    {
        "": lambda: gettext("No other names need you."),
        "mine": lambda: gettext("No names are assigned to you."),
        "unassigned": lambda: gettext("No names are unassigned."),
        "snoozed": lambda: gettext("No names are snoozed."),
    }
)
ACTS: Mapping[str, str] = Table(
    {
        "assign": lambda: gettext("Assign"),
        "snooze": lambda: gettext("Snooze"),
        "note": lambda: gettext("Note"),
    }
)
_HEADINGS: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "assign": lambda count: ngettext("Assign {count:,} name", "Assign {count:,} names", count),
        "snooze": lambda count: ngettext("Snooze {count:,} name", "Snooze {count:,} names", count),
        "note": lambda count: ngettext("Note on {count:,} name", "Note on {count:,} names", count),
    }
)
HINTS: Mapping[str, str] = Table(
    {
        "assign": lambda: gettext("Colleagues find it under “Mine” on Today."),
        "snooze": lambda: gettext(
            "Hidden on Today until that day, or until it gets worse. Warnings are still sent."
        ),
        "note": lambda: gettext(
            "Only you and your colleagues see it. It is deleted when the problem is solved."
        ),
    }
)


def choices(shown: str) -> list[tuple[str, str]]:
    """What can be done to rows where so much of them is `SHOWN`: each a code and its words."""
    ending = [("wake", gettext("End snooze"))] if shown == "snoozed" else []
    taking = ("take", gettext("Assign to me"))
    return [*ending, taking, *ACTS.items(), ("write", gettext("Write to client"))]


def none_shown(shown: str) -> str:
    """Of an empty list."""
    return _NONE[shown]


def heading(act: str, count: int) -> str:
    """ "Assign 3 names" """
    return _HEADINGS[act](count)


def no_one() -> str:
    """The choice to assign rows to no one."""
    return gettext("No one")


def assigned_text(name: str) -> str:
    return gettext("Assigned to {name}.", name=name)


def cannot_sign_in(name: str) -> str:
    """A row is assigned to a colleague who was disabled since."""
    return gettext("{name} (disabled)", name=name)


def snoozed_text(until: datetime, zone: tzinfo) -> str:
    return gettext("Snoozed until {day}.", day=day_text(local(until, zone).date()))


def note_text(note: str) -> str:
    return gettext("Note: {note}", note=note)


def assigned(count: int, name: str) -> str:
    """What was done, as all that follow."""
    return ngettext(
        "{count:,} name is assigned to {name}.",
        "{count:,} names are assigned to {name}.",
        count,
        name=name,
    )


def unassigned(count: int) -> str:
    return ngettext(
        "{count:,} name is assigned to no one.", "{count:,} names are assigned to no one.", count
    )


def snoozed(count: int, until: datetime, zone: tzinfo) -> str:
    return ngettext(
        "{count:,} name is snoozed until {day}.",
        "{count:,} names are snoozed until {day}.",
        count,
        day=day_text(local(until, zone).date()),
    )


def snooze_ended(count: int) -> str:
    return ngettext("{count:,} name is listed again.", "{count:,} names are listed again.", count)


def noted(count: int) -> str:
    return ngettext("Note saved for {count:,} name.", "Note saved for {count:,} names.", count)


def no_such_colleague() -> str:
    return gettext("This colleague can’t sign in any more. Choose someone else.")


def day_missing() -> str:
    return gettext("Enter the day on which Today lists it again.")


def day_not_ahead(most: int) -> str:
    return ngettext(
        "Enter a day after today, at most {count} day ahead.",
        "Enter a day after today, at most {count} days ahead.",
        most,
    )


def solved_meanwhile() -> str:
    """None of the rows that were chosen needs a person any more."""
    return gettext("These names don’t need you any more.")


def changed_meanwhile(count: int) -> str:
    return ngettext(
        "A colleague has changed {count:,} name meanwhile. Look at it again.",
        "Colleagues have changed {count:,} names meanwhile. Look at them again.",
        count,
    )


def more_names(count: int) -> str:
    return ngettext("{count:,} more name", "{count:,} more names", count)
