"""What a step of a diagnosis becomes: heading, mark, text, facts and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.probe import to_unicode
from webapp.probe.address import Endpoint
from webapp.probe.finding import Finding, State
from webapp.words import times, verdicts
from webapp.words.translation import gettext

GOOD = "good"
BAD = "bad"
UNSURE = "unsure"
NOTE = "note"
PLAIN = "plain"
MOST_SHOWN = 10  # names or addresses in one line

MARKS = {State.VALID: GOOD, State.INVALID: BAD, State.UNKNOWN: UNSURE, State.INACTIVE: UNSURE}


@dataclass(frozen=True, slots=True)
class StepText:
    """One step in words.

    `mark` is good, bad, unsure, note or plain; `facts` are labels with their values.
    """

    heading: str
    mark: str = PLAIN
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[StepText, ...] = ()


def facts_of(*facts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((label, value) for label, value in facts if value)


def few(texts: Sequence[str], total: int = 0) -> str:
    """The first of these texts, and how many more there are; `total`, where these are not all."""
    more = max(total, len(texts)) - MOST_SHOWN
    first = ", ".join(texts[:MOST_SHOWN])
    return gettext("{first} and {more} more", first=first, more=more) if more > 0 else first


def few_names(names: Sequence[str], total: int) -> str:
    """The first of a certificate's names as people write them, and how many more there are; "none"
    where none is."""
    # Only those that are shown are decoded: each takes a millisecond where it is made for that.
    return few(
        [to_unicode(name) for name in names[:MOST_SHOWN]], max(total, len(names))
    ) or gettext("none")


def at_text(endpoint: Endpoint) -> str:
    """Where an answer came from: "192.0.2.1 port 443", or "server 2" where `for_client` hides the
    address."""
    if not endpoint.port:
        return endpoint.address
    return gettext("{address} port {port}", address=endpoint.address, port=endpoint.port)


def title_of(finding: Finding) -> str:
    return verdicts.title(finding.state, finding.reason, finding)


def moment_text(at: datetime | None) -> str:
    return gettext("unreadable") if at is None else times.instant_text(at)
