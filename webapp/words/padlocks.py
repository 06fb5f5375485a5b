"""What a padlock says: its name, its tooltip, and the words beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from webapp.probe.finding import Reason, State
from webapp.words import chain_faults
from webapp.words.states import (
    LOOKS,
    Look,
    browsers_may_refuse,
    checking,
    expiring,
    look_of,
    never_asked,
    refused,
)
from webapp.words.times import checked_text, expiry_text, short_expiry
from webapp.words.translation import gettext
from webapp.words.verdicts import cure_text, customer_text, last_known, title


class Facts(chain_faults.Facts, Protocol):
    """What is stored of a host name, see `monitor.models.Target`."""

    @property
    def not_after(self) -> datetime | None: ...
    @property
    def expiring_at(self) -> datetime | None: ...
    @property
    def checked_at(self) -> datetime | None: ...
    @property
    def last_valid_at(self) -> datetime | None: ...
    @property
    def browsers_refuse(self) -> bool: ...


class Standing(Protocol):
    """What an item's padlock stands at, see `monitor.models.Standing`."""

    @property
    def state(self) -> State: ...
    @property
    def reason(self) -> Reason | None: ...
    @property
    def facts(self) -> Facts | None: ...
    @property
    def checking(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class PadlockWords:
    """`text` and `badge` stand beside the padlock, the badge in amber; either may be empty.

    `has_date`: the text is the day on which the certificate expires.
    """

    look: Look
    name: str
    tooltip: str  # three short lines at most
    text: str = ""
    badge: str = ""
    has_date: bool = False


def padlock_words(
    standing: Standing, now: datetime, zone: tzinfo, *, staff: bool = False
) -> PadlockWords:
    """What the padlock of this item says. `staff`: without what to do, which sends a customer to
    them."""
    state = standing.state
    reason = standing.reason
    facts = standing.facts
    name = _name(standing, now, zone)
    tooltip = _tooltip(standing, now, zone, staff=staff)
    if standing.checking:
        name = f"{checking()} {name}" if reason is not None else checking()
        tooltip = f"{checking()}\n{tooltip}" if reason is not None else checking()
    said = look_of(state, reason), name, tooltip
    if state is State.VALID and facts is not None and facts.not_after is not None:
        if _warns_of_browsers(standing, now):
            return PadlockWords(*said, badge=browsers_may_refuse())
        day, left = short_expiry(facts.not_after, now, zone)
        if expiring(state, facts.expiring_at, now):
            return PadlockWords(*said, f"{day},", left, has_date=True)
        return PadlockWords(*said, f"{day}, {left}", has_date=True)
    if reason is not None and state in {State.INVALID, State.UNKNOWN}:
        return PadlockWords(*said, title(state, reason, facts))
    return PadlockWords(*said, checking() if standing.checking else "")


def _name(standing: Standing, now: datetime, zone: tzinfo) -> str:
    """What a screen reader calls it: "Invalid: certificate expired", "Valid: expires 12 Jan, 45
    days"."""
    state = standing.state
    reason = standing.reason
    facts = standing.facts
    if state is State.INACTIVE or reason is None:
        return look_of(state, reason).label
    what = title(state, reason, facts)
    if _warns_of_browsers(standing, now):
        what = browsers_may_refuse()
    elif state is State.VALID and facts is not None and facts.not_after is not None:
        day, left = short_expiry(facts.not_after, now, zone)
        what = gettext("expires {day}, {left}", day=day, left=left)
    if what[1:2].islower():  # not "HTTPS is off"
        what = what[0].lower() + what[1:]
    return gettext("{state}: {what}", state=LOOKS[state].label, what=what)


def _tooltip(standing: Standing, now: datetime, zone: tzinfo, *, staff: bool) -> str:
    """What it is, what is wrong or until when it is valid, and what to do or how old the news is:
    a line each."""
    state = standing.state
    reason = standing.reason
    facts = standing.facts
    if state is State.INACTIVE:
        return LOOKS[state].meaning
    if reason is None:
        return never_asked()
    warns = _warns_of_browsers(standing, now)
    lines = [browsers_may_refuse() if warns else title(state, reason, facts)]
    if state is State.VALID or reason is Reason.EXPIRED:
        lines.append(expiry_text(facts.not_after if facts else None, now, zone))
    else:
        known = last_known(state, facts.last_valid_at if facts else None, now, zone)
        lines.append(known or _first_sentence(customer_text(state, reason, facts)))
    cure = "" if staff or state is State.VALID else cure_text(reason, facts)
    checked = checked_text(facts.checked_at if facts else None, now, zone)
    lines.append(_first_sentence(cure) or checked)
    return "\n".join(line for line in lines if line)


def _warns_of_browsers(standing: Standing, now: datetime) -> bool:
    """Whether it says that browsers may refuse the certificate: that it expires comes first."""
    facts = standing.facts
    if facts is None or not refused(standing.state, facts):
        return False
    return not expiring(standing.state, facts.expiring_at, now)


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "." if text else ""
