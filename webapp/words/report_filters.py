"""What a report can be narrowed to, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial

from webapp.probe.finding import Reason
from webapp.probe.steps import Origin
from webapp.words import reasons, states, times, website
from webapp.words.translation import Table, gettext

NEVER_ASKED = "never-asked"  # in place of a reason

# What each filter is called
LABELS: Mapping[str, str] = Table(
    {
        "ssl": lambda: gettext("SSL"),
        "reason": lambda: gettext("Reason"),
        "issuer": lambda: gettext("Issuer"),
        "client": lambda: gettext("Client"),
        "expires": lambda: gettext("Expires"),
        "checked": lambda: gettext("Last checked"),
        "browsers": lambda: gettext("Browser support"),
        "origin": lambda: gettext("DNS"),
        "tag": lambda: gettext("Tag"),
        "q": lambda: gettext("Search"),
    }
)
# What it says while nothing is chosen
ANY: Mapping[str, str] = Table(
    {
        "ssl": lambda: gettext("Any SSL state"),
        "reason": lambda: gettext("Any reason"),
        "issuer": lambda: gettext("Any issuer"),
        "expires": lambda: gettext("Any expiry"),
        "checked": lambda: gettext("Any last check"),
        "browsers": lambda: gettext("Any browser"),
        "origin": lambda: gettext("Points anywhere"),
        "tag": lambda: gettext("Any tag"),
    }
)

# When the certificate expires
WINDOWS: Mapping[str, str] = Table(
    {
        "ended": lambda: gettext("Has expired"),
        "7": lambda: gettext("Within 7 days or expired"),
        "14": lambda: gettext("Within 14 days or expired"),
        "30": lambda: gettext("Within 30 days or expired"),
        "90": lambda: gettext("Within 90 days or expired"),
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


def week_text(monday: date) -> str:
    """A week in place of one of the `WINDOWS`."""
    return gettext("In the week of {day}", day=times.day_text(monday))


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
