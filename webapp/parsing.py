"""Whole numbers from untrusted text."""

from __future__ import annotations

LARGEST = 2**31 - 1  # that an integer column of any database holds


def whole(text: str) -> int | None:
    """The number of these digits, or None where something else stands there.

    What is larger than a database can hold is `LARGEST`.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text), LARGEST) if len(text) <= 10 else LARGEST
