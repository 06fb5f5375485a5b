"""How the states of a padlock look, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from webapp.probe.finding import Reason, State
from webapp.words.translation import Table, gettext


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks.

    `icon` is the name of a Tabler icon: the shape alone tells the four apart. `quiet`: in
    the grey of what is inactive, as nothing is wrong.
    """

    label: str
    icon: str
    meaning: str
    quiet: bool = False


LOOKS: Mapping[State, Look] = Table(
    {
        State.VALID: lambda: Look(
            gettext("Valid"), "lock-check", gettext("The certificate was checked and is valid.")
        ),
        State.INVALID: lambda: Look(
            gettext("Invalid"), "lock-x", gettext("The server answers without a valid certificate.")
        ),
        State.UNKNOWN: lambda: Look(
            gettext("Unknown"),
            "lock-question",
            gettext("We couldn't reach the server, so we can't tell."),
        ),
        State.INACTIVE: lambda: Look(
            gettext("Inactive"), "lock-minus", gettext("Not active, so it is not checked.")
        ),
    }
)

# What a list can be narrowed to, the most urgent first.
STATE_FILTERS: Mapping[str, str] = Table(
    {
        "invalid": lambda: LOOKS[State.INVALID].label,
        "expiring": lambda: expiring_label(),
        "unknown": lambda: LOOKS[State.UNKNOWN].label,
        "never-asked": lambda: never_asked_look().label,
        "valid": lambda: LOOKS[State.VALID].label,
        "inactive": lambda: LOOKS[State.INACTIVE].label,
    }
)
# What a list can be narrowed to
BROWSERS: Mapping[str, str] = Table({"refuse": lambda: browsers_may_refuse()})


def never_asked() -> str:
    """In place of a reason."""
    return gettext("Not checked yet.")


def never_asked_look() -> Look:
    """One that was never asked is no question mark: nothing is wrong with it."""
    return Look(
        gettext("Not checked yet"),
        "lock",
        gettext("It is checked as soon as a page shows it."),
        quiet=True,
    )


def checking() -> str:
    """While a check runs."""
    return gettext("Checking…")


def expiring_label() -> str:
    """The amber warning of a valid certificate, in a legend."""
    return gettext("Expires soon")


def expiring_example() -> str:
    """How that warning looks beside a padlock."""
    return gettext("12 days")


def expiring_meaning() -> str:
    """What that warning means."""
    return gettext("Valid, but close to its expiry. Renew the certificate soon.")


def browsers_may_refuse() -> str:
    """The amber remark beside a valid padlock."""
    return gettext("Browsers may refuse it")


def many_browsers_refuse() -> str:
    """In place of the words for visitors of a valid certificate: the note beside it says why."""
    return gettext("The certificate is valid, but not every browser accepts it.")


def expires_soon(expiring_at: datetime | None, now: datetime) -> bool:
    """Whether a certificate that expires soon from then on does so now."""
    return expiring_at is not None and expiring_at <= now


def expiring(state: State, expiring_at: datetime | None, now: datetime) -> bool:
    """Whether a valid padlock carries the amber warning."""
    return state is State.VALID and expires_soon(expiring_at, now)


class Refusable(Protocol):
    """What is known of a certificate that browsers may refuse, see `monitor.models.Target`."""

    @property
    def browsers_refuse(self) -> bool: ...


def refused(state: State, facts: Refusable | None) -> bool:
    """Whether a valid padlock carries the amber remark that browsers may refuse its certificate."""
    return state is State.VALID and facts is not None and facts.browsers_refuse


def look_of(state: State, reason: Reason | None) -> Look:
    """How a padlock looks."""
    if state is State.UNKNOWN and reason is None:
        return never_asked_look()
    return LOOKS[state]


def filter_look(word: str) -> Look:
    """How the padlocks look that one of the `STATE_FILTERS` finds."""
    if word == "never-asked":
        return never_asked_look()
    return LOOKS[State.VALID if word == "expiring" else State(word)]


def diagnosis_question(state: State) -> str:
    """What the button asks that starts a diagnosis."""
    if state is State.INVALID:
        return gettext("Why is it red?")
    return gettext("Why is it grey?") if state is State.UNKNOWN else gettext("Run diagnosis")
