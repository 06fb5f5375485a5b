"""The rules: how long before its end a certificate is told of, who wants to know, and who renews
it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from webapp.renewer import Renewer

MOST_DAYS = 3650
MOST_MINUTES = 24 * 60


class Clients(StrEnum):
    """What a client is written to about."""

    OFF = "off"
    URGENT = "urgent"  # urgent and expired
    ALL = "all"


class Threshold(NamedTuple):
    """Time left, as a share of the lifetime, as days, or the smaller of both."""

    share: float | None = None
    days: float | None = None

    def span(self, lifetime: timedelta | None) -> timedelta:
        """How much is left at the threshold: never more than the lifetime itself. Where that is
        not known (None), the days alone count."""
        if lifetime is None:
            return timedelta(days=self.days or 0)
        spans = [lifetime]
        if self.share is not None:
            spans.append(self.share * lifetime)
        if self.days is not None:
            spans.append(timedelta(days=self.days))
        return min(spans)


class Rule(NamedTuple):
    """All that can be set, for one name."""

    expiring: Threshold = Threshold(0.25, 30)
    urgent: Threshold = Threshold(0.1, 7)
    clients: Clients = Clients.ALL
    digest_at: timedelta = timedelta(hours=8)  # since midnight, UTC
    gather: timedelta = timedelta(minutes=30)
    unknown_after: timedelta = timedelta(days=3)
    who_renews: Renewer | None = None


class Mistake(StrEnum):
    """What is wrong with a rule."""

    NO_OBJECT = "no_object"
    UNKNOWN_KEY = "unknown_key"
    NO_SHARE = "no_share"
    NO_DAYS = "no_days"
    NO_MINUTES = "no_minutes"
    NO_TIME = "no_time"
    NO_CHOICE = "no_choice"


class BadRule(Exception):
    """A rule that cannot be followed. `path` is where it stands, "site.expiring.share"."""

    def __init__(self, path: str, mistake: Mistake) -> None:
        super().__init__(path, mistake)
        self.path = path
        self.mistake = mistake


Fields = Mapping[str, Any]  # some of the fields of a `Rule`
Steps: TypeAlias = tuple[tuple[str, str], ...]  # scope and key of rules


class RuleBook:
    """The rules of a site: for all of it, per product, client, issuer and name.

    For each field the most specific rule that has it wins: name, issuer, client, product, site.
    """

    def __init__(
        self, site: Fields | None = None, scopes: Mapping[str, Mapping[str, Fields]] | None = None
    ) -> None:
        self._site = Rule()._replace(**(site or {}))
        self._scopes = {scope: rules for scope, rules in (scopes or {}).items() if rules}
        self._known: dict[Steps, Rule] = {}

    def rule_for(self, name: str, client: str | None, product: str | None, issuer: str) -> Rule:
        """The rule of a name, for the certificate of this issuer ("R11, Let's Encrypt").

        An issuer is named by its organisation, its common name or both, the last being the most
        specific.
        """
        if not self._scopes:
            return self._site
        steps = self.steps(name, client, product, issuer)
        if steps not in self._known:
            rule = self._site
            for scope, key in steps:
                rule = rule._replace(**self._scopes[scope][key])
            self._known[steps] = rule
        return self._known[steps]

    def steps(self, name: str, client: str | None, product: str | None, issuer: str) -> Steps:
        """The scopes that have a rule for this name, the most specific last, and the keys of these
        rules."""
        common_name, organisation = parts_of(issuer)
        wanted = (
            ("products", product),
            *(("clients", each) for each in reversed(self.clients_of(client))),
            ("issuers", organisation),
            ("issuers", common_name),
            ("issuers", issuer),
            ("names", name),
        )
        return tuple(
            (scope, key) for scope, key in wanted if key and key in self._scopes.get(scope, {})
        )

    @property
    def depends_on_owner(self) -> bool:
        """Whether any client or product has a rule of its own."""
        return bool(self._scopes.keys() & {"clients", "products"})

    def clients_of(self, client: str | None) -> list[str]:
        """The clients whose rules apply, the first before the others."""
        return [client] if client else []

    def scope_of(self, field: str, steps: Steps) -> str:
        """Whose rule sets this field of a `Rule`: "names", "clients" and so on, or "site"."""
        having = [scope for scope, key in steps if field in self._scopes[scope][key]]
        return having[-1] if having else "site"


def parts_of(issuer: str) -> tuple[str, str]:
    """The common name and the organisation of "R11, Let's Encrypt"; twice the same where there is
    only one."""
    common_name, _, organisation = issuer.partition(", ")
    return common_name.strip(), (organisation or common_name).strip()


def read_rules(given: object) -> RuleBook:
    """The rules of a JSON object. Raises `BadRule`."""
    return RuleBook(*read_fields(given))


def read_fields(given: object) -> tuple[Fields, Mapping[str, Mapping[str, Fields]]]:
    """The same as what a `RuleBook` is made of."""
    rules = _object(given, "")
    _known_keys(rules, ("site", *_SCOPES), "")
    scopes = {
        scope: {
            name: _fields(rule, f"{scope}.{name}")
            for name, rule in _object(rules.get(scope, {}), scope).items()
        }
        for scope in _SCOPES
    }
    return _fields(rules.get("site", {}), "site"), scopes


_SCOPES = ("products", "clients", "issuers", "names")


def _object(given: object, path: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadRule(path, Mistake.NO_OBJECT)
    return given


def _known_keys(given: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
    for key in given:
        if key not in known:
            raise BadRule(f"{path}.{key}" if path else key, Mistake.UNKNOWN_KEY)


def _fields(given: object, path: str) -> Fields:
    rule = _object(given, path)
    _known_keys(rule, tuple(_READERS), path)
    read = (
        (field, reader(rule[key], f"{path}.{key}"))
        for key, (field, reader) in _READERS.items()
        if key in rule
    )
    return {field: value for field, value in read if value is not None}


def _threshold(given: object, path: str) -> Threshold | None:
    """A threshold replaces the one of a wider rule as a whole: 60 days alone are 60 days, whatever
    share the site goes by."""
    parts = _object(given, path)
    _known_keys(parts, ("share", "days"), path)
    if not parts:
        return None
    most = {"share": (1, Mistake.NO_SHARE), "days": (MOST_DAYS, Mistake.NO_DAYS)}
    return Threshold(
        **{key: _number(value, f"{path}.{key}", *most[key]) for key, value in parts.items()}
    )


def _number(
    given: object, path: str, most: float, mistake: Mistake, *, zero: bool = False
) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise BadRule(path, mistake)
    if not (0 < given <= most or (zero and given == 0)):
        raise BadRule(path, mistake)
    return given


def _clients(given: object, path: str) -> Clients:
    if not isinstance(given, str) or given not in set(Clients):
        raise BadRule(path, Mistake.NO_CHOICE)
    return Clients(given)


def _renewer(given: object, path: str) -> Renewer:
    if not isinstance(given, str) or given not in set(Renewer):
        raise BadRule(path, Mistake.NO_CHOICE)
    return Renewer(given)


def _time_of_day(given: object, path: str) -> timedelta:
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", given) if isinstance(given, str) else None
    if found is None:
        raise BadRule(path, Mistake.NO_TIME)
    return timedelta(hours=int(found[1]), minutes=int(found[2]))


def _minutes(given: object, path: str) -> timedelta:
    return timedelta(minutes=_number(given, path, MOST_MINUTES, Mistake.NO_MINUTES, zero=True))


def _days(given: object, path: str) -> timedelta:
    return timedelta(days=_number(given, path, MOST_DAYS, Mistake.NO_DAYS))


_READERS: Mapping[str, tuple[str, Callable[[object, str], Any]]] = {
    "expiring": ("expiring", _threshold),
    "urgent": ("urgent", _threshold),
    "clients": ("clients", _clients),
    "digest_at": ("digest_at", _time_of_day),
    "gather_minutes": ("gather", _minutes),
    "unknown_days": ("unknown_after", _days),
    "who_renews": ("who_renews", _renewer),
}
