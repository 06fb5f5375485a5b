"""A note as it is stored: lines of text, without other control characters."""

from __future__ import annotations

import re

from webapp import probe

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def note_or_none(text: str | None) -> str | None:
    """The text of a note in its lines; None where nothing is left that can be seen."""
    lines = (_CONTROL.sub(" ", line).rstrip() for line in (text or "").splitlines())
    return if_visible("\n".join(lines).strip())


def if_visible(text: str) -> str | None:
    """The text; None where no one would see any of it."""
    return text if probe.clean(text) else None
