"""What the name of a client is looked up by: two spellings of one name have the same key."""

from __future__ import annotations

import unicodedata

# Apostrophes and quotes as keyboards, word processors and databases write them
_MARKS = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032`\u00b4", "'"),
        **dict.fromkeys("“”„‟″", '"'),
    }
)


def name_key(name: str) -> str:
    """The name with straight apostrophes, single blanks and one case: "Alice’s  Bakery" and
    "alice's bakery" are the same client."""
    text = unicodedata.normalize("NFC", name).translate(_MARKS)
    return " ".join(text.split()).casefold()
