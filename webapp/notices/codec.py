"""The memory of alerts as JSON, and back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cattrs.cols import (
    is_any_set,
    is_namedtuple,
    namedtuple_dict_structure_factory,
    namedtuple_dict_unstructure_factory,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.json import make_converter

from webapp.alerts.incidents import Incident
from webapp.alerts.messages import Told
from webapp.alerts.outages import Outage
from webapp.alerts.rules import RuleBook
from webapp.alerts.watched import Watched, make_plan


@dataclass(slots=True)
class Common:
    """What belongs to no name. `scanned_to`: up to when checks were looked for; `outage_at`: when
    the outage is due."""

    outage: Outage = field(default_factory=Outage)
    scanned_to: datetime | None = None
    outage_at: datetime | None = None
    held: list[Told] = field(default_factory=list)
    held_incidents: set[int] = field(default_factory=set)
    last_incident: int = 0
    last_message: int = 0


_converter = make_converter(omit_if_default=True, detailed_validation=False)
# As objects, so that a field can be added
_converter.register_unstructure_hook_factory(is_namedtuple, namedtuple_dict_unstructure_factory)
_converter.register_unstructure_hook_func(is_any_set, sorted)  # so that it can be compared
_converter.register_structure_hook_factory(is_namedtuple, namedtuple_dict_structure_factory)
# Not text by text: an incident may have ten thousand names
_converter.register_structure_hook_func(lambda kind: kind == set[str], lambda names, _: set(names))
# The rule comes from the rule book, and the plan from that. The last check is wanted by rehearsals
# alone, whose lines may be repeated
_MADE_AGAIN: dict[str, Any] = dict.fromkeys(("rule", "plan", "last_check"), override(omit=True))
_converter.register_unstructure_hook(
    Watched,
    make_dict_unstructure_fn(Watched, _converter, _cattrs_omit_if_default=True, **_MADE_AGAIN),
)
_converter.register_structure_hook(
    Watched, make_dict_structure_fn(Watched, _converter, **_MADE_AGAIN)
)


def dump_name(name: Watched) -> dict[str, Any]:
    """The newest certificate is left out where it is the one that is shown, as usual."""
    newest = None if name.newest == name.certificate else name.newest
    return _plain(replace(name, newest=newest))


def load_name(state: dict[str, Any], book: RuleBook) -> Watched:
    name = _converter.structure(state, Watched)
    name.newest = name.newest or name.certificate
    make_plan(name, book)
    return name


def dump_incident(incident: Incident) -> dict[str, Any]:
    return _plain(incident)


def load_incident(state: dict[str, Any]) -> Incident:
    return _converter.structure(state, Incident)


def dump_common(common: Common) -> dict[str, Any]:
    return _plain(common)


def load_common(state: dict[str, Any]) -> Common:
    return _converter.structure(state, Common)


def _plain(value: Any) -> dict[str, Any]:
    state: dict[str, Any] = _converter.unstructure(value)
    return state
