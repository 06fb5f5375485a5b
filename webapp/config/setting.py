"""One setting: its name, its parser and its default."""

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
    secret: bool = False
    changeable: bool = False  # on the settings page, while the site runs

    def takes(self, text: str) -> bool:
        """Whether it can be set to this text."""
        try:
            self.parse(text)
        except ValueError:
            return False
        return True

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
