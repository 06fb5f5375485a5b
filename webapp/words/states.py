"""How the states of a padlock look, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from webapp.probe.finding import Reason, State

EXPIRING_DAYS = 14  # a valid certificate with no more than this left carries an amber warning
EXPIRING_WITHIN = timedelta(days=EXPIRING_DAYS)


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks.

    `icon` is the name of a Tabler icon: the shape alone tells the four apart.
    """

    label: str
    icon: str
    meaning: str


LOOKS: Mapping[State, Look] = MappingProxyType(
    {
        State.VALID: Look("Valid", "lock-check", "The certificate was checked and is valid."),
        State.INVALID: Look("Invalid", "lock-x", "The server answers without a valid certificate."),
        State.UNKNOWN: Look(
            "Unknown", "lock-question", "We couldn't reach the server, so we can't tell."
        ),
        State.INACTIVE: Look("Inactive", "lock-minus", "Not active, so it is not checked."),
    }
)

EXPIRING_LABEL = "Expires soon"
EXPIRING_EXAMPLE = "12 days"
EXPIRING_MEANING = f"Valid, with {EXPIRING_DAYS} days left or less: time to renew the certificate."
# What a list can be narrowed to, the most urgent first.
STATE_FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "invalid": LOOKS[State.INVALID].label,
        "expiring": f"Expires within {EXPIRING_DAYS} days",
        "unknown": LOOKS[State.UNKNOWN].label,
        "valid": LOOKS[State.VALID].label,
        "inactive": LOOKS[State.INACTIVE].label,
    }
)
NEVER_ASKED = "Not checked yet."
CHECKING = "Checking…"
NEVER_ASKED_LOOK = Look("Not checked yet", "lock", "It is checked as soon as a page shows it.")

BROWSERS_MAY_REFUSE = "Browsers may refuse it"
# In place of the words for visitors of a valid certificate: the note beside it says why.
MANY_BROWSERS_REFUSE = "The certificate is valid, but not every browser accepts it."
# What a list can be narrowed to
BROWSERS: Mapping[str, str] = MappingProxyType({"refuse": BROWSERS_MAY_REFUSE})


def expiring(state: State, not_after: datetime | None, now: datetime) -> bool:
    """Whether a valid padlock carries the amber warning."""
    return state is State.VALID and not_after is not None and not_after <= now + EXPIRING_WITHIN


class Refusable(Protocol):
    """What is known of a certificate that browsers may refuse, see `monitor.models.Target`."""

    @property
    def browsers_refuse(self) -> bool: ...


def refused(state: State, facts: Refusable | None) -> bool:
    """Whether a valid padlock carries the amber remark that browsers may refuse its certificate."""
    return state is State.VALID and facts is not None and facts.browsers_refuse


def look_of(state: State, reason: Reason | None) -> Look:
    """How a padlock looks.

    One that was never asked is no question mark: nothing is wrong with it.
    """
    return NEVER_ASKED_LOOK if state is State.UNKNOWN and reason is None else LOOKS[state]


def diagnosis_question(state: State) -> str:
    """What the button asks that starts a diagnosis."""
    words = {State.INVALID: "Why is it red?", State.UNKNOWN: "Why is it grey?"}
    return words.get(state, "Run diagnosis")
