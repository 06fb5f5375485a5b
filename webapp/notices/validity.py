"""How long names were valid, and how their certificates followed each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple, Protocol, TypeVar

from webapp.alerts.facts import Certificate
from webapp.alerts.rhythm import renewal
from webapp.monitor.models import Change, Target
from webapp.probe import State

T = TypeVar("T")
DAY = timedelta(days=1)
DAY_SECONDS = 24 * 60 * 60
HIGHEST = 100.0  # of a bar
LEAST_SHOWN = 12.0  # of that, for what was invalid or unknown for a moment
WIDEST = 1000.0  # of the picture of certificates
STATES = (State.VALID, State.UNKNOWN, State.INVALID)


class Noted(Protocol):
    """One line of a history: since when a name was in a state, and when its certificate expires, in
    seconds since 1970."""

    @property
    def at(self) -> int: ...
    @property
    def new_state(self) -> State: ...
    @property
    def expires(self) -> int | None: ...


class Span(NamedTuple):
    """From when to when a name was in one state, in seconds since 1970."""

    start: float
    end: float
    state: State


def spans_of(changes: Sequence[Noted], now: datetime) -> Iterator[Span]:
    """The states of one name up to `now`, from its changes in their order.

    A certificate that expired while it was shown was invalid from then on, whenever that was seen.
    """
    ends = [*(change.at for change in changes[1:]), now.timestamp()]
    for change, end in zip(changes, ends, strict=False):
        expires = change.expires
        if change.new_state is State.VALID and expires is not None and expires < end:
            begun = max(change.at, expires)
            yield Span(change.at, begun, State.VALID)
            yield Span(begun, end, State.INVALID)
        else:
            yield Span(change.at, end, change.new_state)


class Day(NamedTuple):
    """How long names were in each state on one day: in days, so that it adds up to the number of
    names that were known for all of it."""

    valid: float
    unknown: float
    invalid: float


class Strip:
    """The days up to now, of one name or of many. Days are those of UTC."""

    def __init__(self, now: datetime, days: int) -> None:
        today = datetime.combine(now.astimezone(UTC).date(), time.min, tzinfo=UTC)
        self._first = (today - (days - 1) * DAY).timestamp()
        self._days = days
        # By state, of each day: parts of it; and how many begin, less those that end, to be whole
        self._parts = {state: [0.0] * (days + 1) for state in STATES}
        self._whole = {state: [0] * (days + 2) for state in STATES}

    def add(self, spans: Iterable[Span]) -> None:
        """Adds the spans of one name."""
        for start, end, state in spans:
            begins = max(0.0, (start - self._first) / DAY_SECONDS)
            ends = min(float(self._days), (end - self._first) / DAY_SECONDS)
            if ends <= begins or state not in self._parts:
                continue
            first = int(begins)
            last = int(ends)
            parts = self._parts[state]
            whole = self._whole[state]
            if first == last:
                parts[first] += ends - begins
            else:
                parts[first] += first + 1 - begins
                parts[last] += ends - last
                whole[first + 1] += 1
                whole[last] -= 1

    def days(self) -> list[Day]:
        """The days, the latest last."""
        of_states = (
            [part + whole for part, whole in zip(self._parts[state], wholes, strict=False)]
            for state, wholes in ((state, accumulate(self._whole[state])) for state in STATES)
        )
        return [Day(*day) for day in zip(*of_states, strict=True)][: self._days]


def valid_share(days: Sequence[Day]) -> float | None:
    """The share of the time in which it was known that there was a valid certificate or none; None
    where that never was."""
    valid = sum(day.valid for day in days)
    known = valid + sum(day.invalid for day in days)
    return valid / known if known else None


class Bar(NamedTuple):
    """Days of a strip that look the same in one state: a box, `y` from the top."""

    state: State
    x: int
    width: int
    y: float
    height: float


def bars(days: Sequence[Day]) -> list[Bar]:
    """The picture of a strip, a unit of width a day, and `HIGHEST` high.

    What was invalid or unknown hangs from the top, over what was valid.
    """
    found = [
        Bar(State.VALID, x, width, 0.0, HIGHEST)
        for is_valid, x, width in _runs([day.valid > 0 for day in days])
        if is_valid
    ]
    for (unknown, invalid), x, width in _runs([_bad_heights(day) for day in days]):
        if invalid:
            found.append(Bar(State.INVALID, x, width, 0.0, invalid))
        if unknown:
            found.append(Bar(State.UNKNOWN, x, width, invalid, unknown))
    return found


def _runs(looks: Sequence[T]) -> Iterator[tuple[T, int, int]]:
    """Each look with the place where it begins and for how many days it lasts."""
    x = 0
    for look, days in groupby(looks):
        width = len(list(days))
        yield look, x, width
        x += width


def _bad_heights(day: Day) -> tuple[float, float]:
    """How high the parts are that were unknown and invalid."""
    total = sum(day) or 1.0
    parts = [max(LEAST_SHOWN, HIGHEST * part / total) if part else 0.0 for part in day[1:]]
    fits = min(1.0, HIGHEST / (sum(parts) or HIGHEST))
    unknown, invalid = (round(part * fits, 1) for part in parts)
    return unknown, invalid


class Life(NamedTuple):
    """One certificate of a name: when the server was seen with it, and at which share of its life
    the next one took its place."""

    certificate: Certificate
    serial: str
    seen: list[tuple[datetime, datetime]]
    renewed_at: float | None = None

    @property
    def start(self) -> datetime:
        return self.certificate.not_before or self.seen[0][0]

    @property
    def end(self) -> datetime:
        return self.certificate.not_after or self.seen[-1][1]


def lives_of(changes: Sequence[Change], target: Target, now: datetime) -> list[Life]:
    """The certificates of a name, in the order in which they were first seen. What older lines of
    the history do not say of the present one, the target does."""
    found: dict[str, Life] = {}
    ends = [*(change.at for change in changes[1:]), now]
    for change, end in zip(changes, ends, strict=False):
        fingerprint = change.new_fingerprint
        if fingerprint is None:
            continue
        if fingerprint not in found:
            dates = (change.new_not_before, change.new_not_after)
            serial = change.new_serial
            if fingerprint == target.fingerprint:
                dates = (target.not_before, target.not_after)
                serial = target.serial
            known = Certificate(fingerprint, *dates, change.new_issuer)
            found[fingerprint] = Life(known, serial, [])
        seen = found[fingerprint].seen
        if seen and seen[-1][1] == change.at:
            seen[-1] = (seen[-1][0], end)
        else:
            seen.append((change.at, end))
    lives = list(found.values())
    for place, (old, new) in enumerate(pairwise(lives)):
        lives[place] = old._replace(renewed_at=_renewed_at(old, new))
    return lives


def _renewed_at(old: Life, new: Life) -> float | None:
    """None where it is not known, and where an older certificate came back."""
    if new.start <= old.start:
        return None
    past = renewal(old.certificate, new.certificate, old.seen[0][0], new.seen[0][0])
    return past.share if past is not None else None


class LifeBar(NamedTuple):
    """The picture of a certificate: from where to where it lives, and where it was seen, as pairs
    of place and width."""

    life: Life
    x: float
    width: float
    seen: list[tuple[float, float]]


class LifePicture(NamedTuple):
    """All certificates under one scale, the latest first, and where on it `now` is."""

    bars: list[LifeBar]
    start: datetime
    end: datetime
    now: float


def life_picture(lives: Sequence[Life], now: datetime) -> LifePicture | None:
    """The picture of these certificates, `WIDEST` wide; None of none."""
    if not lives:
        return None
    start = min(min(life.start, life.seen[0][0]) for life in lives)
    end = max(now, max(life.end for life in lives))

    def place(at: datetime) -> float:
        return round(WIDEST * ((at - start) / (end - start)), 1)

    def box(begin: datetime, until: datetime) -> tuple[float, float]:
        return place(begin), max(2.0, round(place(until) - place(begin), 1))

    drawn = [
        LifeBar(life, *box(life.start, life.end), [box(*seen) for seen in life.seen])
        for life in reversed(lives)
    ]
    return LifePicture(drawn, start, end, place(now))
