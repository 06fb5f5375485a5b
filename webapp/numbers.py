"""Whole numbers in texts that anybody may have written."""

from __future__ import annotations

LARGEST = 2**63 - 1  # that a database holds


def whole(text: str) -> int | None:
    """The number of these digits, or None where something else stands there. What is larger than a database can hold is
    `LARGEST`."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text), LARGEST) if len(text) <= 19 else LARGEST
