"""What a report can be narrowed to, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from webapp.probe.finding import Reason
from webapp.probe.steps import Origin
from webapp.words import reasons, states, website
from webapp.words.translation import Table, gettext

NEVER_ASKED = "never-asked"  # in place of a reason

# When the certificate expires
WINDOWS: Mapping[str, str] = Table(
    {
        "ended": lambda: gettext("Has expired"),
        "7": lambda: gettext("Within 7 days"),
        "14": lambda: gettext("Within 14 days"),
        "30": lambda: gettext("Within 30 days"),
        "90": lambda: gettext("Within 90 days"),
    }
)
# When it was last checked
AGES: Mapping[str, str] = Table(
    {
        "1": lambda: gettext("Over a day ago"),
        "7": lambda: gettext("Over a week ago"),
        "30": lambda: gettext("Over a month ago"),
        "never": lambda: gettext("Never"),
    }
)


def _origin_label(origin: Origin) -> str:
    return website.ORIGINS[origin].label


# Where the name leads
ORIGINS: Mapping[str, str] = Table(
    {origin.value: partial(_origin_label, origin) for origin in Origin}
)


def reason_title(word: str) -> str:
    """A reason by its code, or that there is none yet."""
    if word == NEVER_ASKED:
        return states.never_asked_look().label
    return reasons.WORDS[Reason(word)].title


def reason_titles(words: Iterable[str]) -> Mapping[str, str]:
    """These reasons, in this order."""
    return Table({word: partial(reason_title, word) for word in words})
