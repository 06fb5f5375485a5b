"""What a history says: checks, the monitor's own health, and what people did."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from webapp.alerts.rules import parts_of
from webapp.probe.finding import State

# Of a history; the dates of certificates may lie far outside
FIRST_YEAR = 1970
LAST_YEAR = 2999


class Certificate(NamedTuple):
    """What is known of a certificate."""

    fingerprint: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    issuer: str = ""  # "R11, Let's Encrypt": common name, organisation
    names: tuple[str, ...] | None = None  # None: not known
    key: str = ""  # "RSA 2048"

    @property
    def lifetime(self) -> timedelta:
        """Zero where it is not known, or the dates are in the wrong order."""
        if self.not_before is None or self.not_after is None:
            return timedelta()
        return max(timedelta(), self.not_after - self.not_before)

    @property
    def organisation(self) -> str:
        """The issuing organisation, to be compared; empty where it is not known."""
        return parts_of(self.issuer)[1].casefold()


class Check(NamedTuple):
    """What a check saw."""

    at: datetime
    name: str
    client: str | None
    product: str | None
    state: State
    reason: str
    certificate: Certificate | None
    address: str


class Monitor(NamedTuple):
    """The monitor itself has no network, or has one again."""

    at: datetime
    online: bool


class Mute(NamedTuple):
    """A name is not told of until then."""

    at: datetime
    name: str
    until: datetime


class Acknowledge(NamedTuple):
    """A person has taken up the trouble of a name."""

    at: datetime
    name: str


class Activity(NamedTuple):
    """The service or domain of a name is watched, or is not any more."""

    at: datetime
    name: str
    active: bool


Fact: TypeAlias = Check | Monitor | Mute | Acknowledge | Activity


class Wrong(StrEnum):
    """What is wrong with a line."""

    NO_JSON = "no_json"
    NO_OBJECT = "no_object"
    NO_FACT = "no_fact"
    NO_INSTANT = "no_instant"
    NO_TEXT = "no_text"
    NO_TEXTS = "no_texts"
    NO_CHOICE = "no_choice"
    NO_ORDER = "no_order"


class BadFact(Exception):
    """A line that is no fact. `key` is the one that is wrong; empty: the line as a whole."""

    def __init__(self, wrong: Wrong, key: str = "") -> None:
        super().__init__(wrong, key)
        self.wrong = wrong
        self.key = key


def read_fact(line: str) -> Fact:
    """The fact of a line of JSON. Raises `BadFact`. Keys that are not known are ignored."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise BadFact(Wrong.NO_JSON) from None
    if not isinstance(given, dict):
        raise BadFact(Wrong.NO_OBJECT)
    for key, reader in _READERS.items():
        if key in given:
            return reader(given, _moment(given))
    raise BadFact(Wrong.NO_FACT)


def read_instant(text: str) -> datetime:
    """An instant of ISO 8601, in UTC where no other offset is said. Raises `ValueError`."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def is_in_range(at: datetime) -> bool:
    """Whether a history may take place then."""
    return FIRST_YEAR <= at.year <= LAST_YEAR


# Certificates are seen daily, with the same dates each time
_remembered_instant = lru_cache(maxsize=10_000)(read_instant)


def _check(given: Mapping[str, Any], at: datetime) -> Check:
    return Check(
        at,
        _wanted_text(given, "name"),
        _text(given, "client") or None,
        _text(given, "product") or None,
        State(_choice(given, "state", tuple(State))),
        _text(given, "reason"),
        _certificate(given),
        _text(given, "address"),
    )


def _certificate(given: Mapping[str, Any]) -> Certificate | None:
    certificate = Certificate(
        _text(given, "fingerprint"),
        _instant(given, "not_before"),
        _instant(given, "not_after"),
        _text(given, "issuer"),
        _texts(given, "names"),
        _text(given, "key"),
    )
    return certificate if certificate.fingerprint or certificate.not_after else None


def _monitor(given: Mapping[str, Any], at: datetime) -> Monitor:
    return Monitor(at, _choice(given, "monitor", ("offline", "online")) == "online")


def _mute(given: Mapping[str, Any], at: datetime) -> Mute:
    return Mute(at, _wanted_text(given, "name"), _wanted_instant(given, "mute_until"))


def _acknowledge(given: Mapping[str, Any], at: datetime) -> Acknowledge:
    if given["acknowledge"] is not True:
        raise BadFact(Wrong.NO_CHOICE, "acknowledge")
    return Acknowledge(at, _wanted_text(given, "name"))


def _activity(given: Mapping[str, Any], at: datetime) -> Activity:
    active = _choice(given, "item", ("active", "inactive")) == "active"
    return Activity(at, _wanted_text(given, "name"), active)


# By the key that tells what a line is; a check may have further keys of any name
_READERS: Mapping[str, Callable[[Mapping[str, Any], datetime], Fact]] = {
    "state": _check,
    "monitor": _monitor,
    "mute_until": _mute,
    "acknowledge": _acknowledge,
    "item": _activity,
}


def _text(given: Mapping[str, Any], key: str) -> str:
    text = given.get(key)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise BadFact(Wrong.NO_TEXT, key)
    return text


def _wanted_text(given: Mapping[str, Any], key: str) -> str:
    text = _text(given, key)
    if not text:
        raise BadFact(Wrong.NO_TEXT, key)
    return text


def _texts(given: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    texts = given.get(key)
    if texts is None:
        return None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadFact(Wrong.NO_TEXTS, key)
    return tuple(texts)


def _instant(given: Mapping[str, Any], key: str) -> datetime | None:
    return None if given.get(key) is None else _wanted_instant(given, key)


def _wanted_instant(given: Mapping[str, Any], key: str) -> datetime:
    text = given.get(key)
    try:
        if not isinstance(text, str):
            raise BadFact(Wrong.NO_INSTANT, key)
        return _remembered_instant(text)
    except ValueError:
        raise BadFact(Wrong.NO_INSTANT, key) from None


def _moment(given: Mapping[str, Any]) -> datetime:
    """When it happened: in years that moments after it can be reckoned from."""
    at = _wanted_instant(given, "at")
    if not is_in_range(at):
        raise BadFact(Wrong.NO_INSTANT, "at")
    return at


def _choice(given: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
    text = given.get(key)
    if not isinstance(text, str) or text not in choices:
        raise BadFact(Wrong.NO_CHOICE, key)
    return text
