"""A stranger's text, made fit to be shown."""

from __future__ import annotations

import unicodedata

MOST_CHARACTERS = 200

# Control, format (bidi, zero width), surrogates, unassigned
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str, most: int = MOST_CHARACTERS) -> str:
    """A stranger's text on one line, without characters that hide or reorder, at most `most` of
    them.

    Cleaned text is no markup-safe text: it still has to be escaped where it is shown.
    """
    if len(text) <= most and text.isascii() and text.isprintable():
        return text.strip()  # nearly every text there is
    text = " ".join(text[: 4 * most].split())
    text = "".join(c for c in text if unicodedata.category(c) not in _HIDDEN).strip()
    return text if len(text) <= most else f"{text[: most - 1]}…"
