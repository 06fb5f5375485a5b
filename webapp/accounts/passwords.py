"""Which passwords are refused because they are easy to guess, and why.

NIST SP 800-63B asks for a list of the most common ones and for words of the context, and against
rules of composition. zxcvbn brings the list (MIT licence; 30,000 passwords, besides names, dates
and English words) and estimates how many guesses a password takes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from flask import current_app

from webapp.words.security import PasswordFault

LEAST_LENGTH = 12  # characters, as they are hashed
LEAST_LOG10_GUESSES = 9  # two common words with an ending are below it, three words are above
CORE_LOG10_GUESSES = 5  # for letters and digits alone: "p a s s w o r d"
WORD_LOG10_GUESSES = 4  # for the word between digits and signs: "Summer2026!!!"
MOST_ESTIMATED_CHARACTERS = 32  # characters: the time that zxcvbn takes grows fast with them
LEAST_PART_CHARACTERS = 4  # characters that a part of a name or address has to have to count

# Rows of keys that lie side by side, on keyboards for English, German, French and Russian.
_ROWS = (
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"),
    *("qwertzuiopü", "asdfghjklöä", "yxcvbnm", "azertyuiop", "qsdfghjklm"),
    *("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
)
_NEIGHBOURS = frozenset(
    pair for row in _ROWS for line in (row, row[::-1]) for pair in pairwise(line)
)
# Keys with Shift. Signs that stand for the same letter: of many different ones zxcvbn tries every
# choice, for a minute.
_UNSHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_ALIKE = str.maketrans("@{[<!|$+", "4(((1157")


def normal(password: str) -> str:
    """A password as it is hashed: NFKC, as two keyboards may send one letter as different
    characters (NIST SP 800-63B, section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def fault(password: str, person: Iterable[str]) -> PasswordFault | None:
    """Why this password is refused, because it is too short or easy to guess; None where it is not.

    `person`: the name and the e-mail address of its user.
    """
    plain = normal(password).casefold()
    core = "".join(filter(str.isalnum, plain))
    if len(normal(password)) < LEAST_LENGTH:
        return PasswordFault.SHORT
    if not plain.strip():
        return PasswordFault.BLANK
    if _repeats(plain) or _repeats(core) or _runs(plain.translate(_UNSHIFTED)):
        return PasswordFault.PATTERN
    parts = _parts([*person, current_app.config["PADLOCK_SITE_NAME"], "Padlock"])
    if any(_known(text, parts) * 2 >= max(len(core), 1) for text in (plain, core)):
        return PasswordFault.OWN
    return PasswordFault.COMMON if _guessed(normal(password), core, parts) else None


def _repeats(text: str) -> bool:
    """Whether a text is a shorter one over and over, the last time perhaps in part:
    "abcabcabcabc"."""
    return any(text.startswith(text[length:]) for length in range(1, len(text) // 2 + 1))


def _runs(text: str) -> bool:
    """Whether most of a text is one character after its neighbour: on the keyboard, in the
    alphabet, or the same."""
    pairs = list(pairwise(text))
    side_by_side = sum(
        pair in _NEIGHBOURS or abs(ord(pair[0]) - ord(pair[1])) <= 1 for pair in pairs
    )
    return side_by_side * 4 >= len(pairs) * 3


def _parts(texts: Iterable[str]) -> list[str]:
    """These texts and the words in them, the longest first."""
    whole = [normal(text).casefold() for text in texts]
    words = [
        word for text in whole for word in (text, *text.split("@"), *re.split(r"[\W_]+", text))
    ]
    return sorted(
        {word for word in words if len(word) >= LEAST_PART_CHARACTERS}, key=len, reverse=True
    )


def _known(text: str, parts: Iterable[str]) -> int:
    """How many letters and digits of a text belong to one of these parts."""
    known = 0
    for part in parts:
        known += text.count(part) * sum(map(str.isalnum, part))
        text = text.replace(part, "\0")
    return known


def _guessed(password: str, core: str, parts: list[str]) -> bool:
    """Whether a password, or the word that is left of it without digits and signs at its ends, is
    soon guessed."""
    from zxcvbn import (
        zxcvbn,  # its lists take 15 MB and a tenth of a second: only for who chooses a password
    )

    def guesses(text: str) -> float:
        return float(
            zxcvbn(text.translate(_ALIKE)[:MOST_ESTIMATED_CHARACTERS], parts)["guesses_log10"]
        )

    if guesses(password) < LEAST_LOG10_GUESSES or guesses(core) < CORE_LOG10_GUESSES:
        return True
    word = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password)
    return len(word) * 2 >= len(core) and guesses(word) < WORD_LOG10_GUESSES
