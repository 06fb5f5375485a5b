"""The steps of a diagnosis as JSON, and back."""

from __future__ import annotations

from functools import cache
from typing import Any

from cattrs.preconf.json import JsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from webapp.probe.steps import Step

_ANY: Any = Step  # a union, which is no class to a type checker


def dump_step(step: Step) -> dict[str, Any]:
    state: dict[str, Any] = _converter().unstructure(step, _ANY)
    return state


def load_step(state: dict[str, Any]) -> Step:
    step: Step = _converter().structure(state, _ANY)
    return step


@cache
def _converter() -> JsonConverter:
    """Made when it is first needed: it would take a tenth of the start of the site."""
    converter = make_converter()
    configure_tagged_union(_ANY, converter)
    return converter
