"""One setting: its name, its parser, its default and one line of help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any


class BadSetting(ValueError):
    """A setting holds something it cannot take; the text is one sentence for the person who set
    it."""


@dataclass(frozen=True)
class Setting:
    name: str
    parse: Callable[[str], Any]
    default: str
    help: str
    secret: bool = False
    label: str = ""  # in the form, of one that can be changed on the settings page

    def problem(self, text: str) -> str:
        """What is wrong with this text, as a sentence; empty where it is taken."""
        try:
            self.parse(text)
        except ValueError as error:
            told = str(error)
            return f"{told[0].upper()}{told[1:]}."
        return ""

    def read(self, environ: Mapping[str, str]) -> Any:
        text = environ.get(self.name, "").strip() or self.default
        try:
            return self.parse(text)
        except ValueError as error:
            shown = "its current value" if self.secret else repr(text)
            raise BadSetting(f"{self.name} cannot be {shown}: {error}.") from None

    def is_set(self, environ: Mapping[str, str]) -> bool:
        """Whether its value comes from the environment; else it is the default."""
        return bool(environ.get(self.name, "").strip())

    def shown(self, value: Any) -> str:
        """Its value as people would write it; "(hidden)" for a secret."""
        if self.secret:
            return "(hidden)"
        if isinstance(value, tuple):
            parts = (
                "{}={}:{}".format(*part) if isinstance(part, tuple) else str(part) for part in value
            )
            return ", ".join(parts)
        if isinstance(value, time):
            return f"{value:%H:%M}"
        if isinstance(value, bool):
            return "on" if value else "off"
        return "" if value is None else str(value)
