"""The one seam between a sentence as it is written and the reader's language.

Sentences are written in English, whole, with named parameters: word order is the translator's to
choose. They pass through here when they are shown, never when a module is imported. The functions
have gettext's names, so its tools find the sentences; docs/adr/0013 says why no library is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations
from typing import TypeVar

Key = TypeVar("Key")
Row = TypeVar("Row", covariant=True)

_AS_WRITTEN = NullTranslations()
_translations = ContextVar("translations", default=_AS_WRITTEN)


def translation_of(message: str) -> str:
    """This sentence in the reader's language, its parameters not filled in yet.

    Templates take this one and the next: theirs are written `%(day)s`, and are escaped.
    """
    return _translations.get().gettext(message)


def plural_of(one: str, many: str, count: int) -> str:
    """The form of a sentence that belongs to this count, its parameters not filled in yet."""
    return _translations.get().ngettext(one, many, count)


def gettext(message: str, **parameters: object) -> str:
    """This sentence in the reader's language, with its parameters: "Expires on {day}."

    `message` is always written out, else no translator sees it. What a parameter holds is inserted
    as it is, braces and all.
    """
    return translation_of(message).format_map(parameters)


def ngettext(one: str, many: str, count: int, **parameters: object) -> str:
    """The form of a sentence that belongs to this count, which it can name as `{count}`.

    English has two forms; a translation has as many as its language.
    """
    return plural_of(one, many, count).format_map({"count": count, **parameters})


class Table(Mapping[Key, Row]):
    """A table of words, whose rows are read in the reader's language.

    It is written with functions, `{Reason.OK: lambda: gettext("Nothing to do."), …}`, and read like
    any other mapping: the process that imports it serves readers of several languages. A row is
    made once in each of them, and then kept: it has no parameters.
    """

    def __init__(self, rows: Mapping[Key, Callable[[], Row]]) -> None:
        self._rows = dict(rows)
        self._made: dict[NullTranslations, dict[Key, Row]] = {}

    def __getitem__(self, key: Key) -> Row:
        made = self._made.setdefault(_translations.get(), {})
        if key not in made:
            made[key] = self._rows[key]()
        return made[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class LazyText:
    """A sentence for those who take it before there is a reader, such as the validators of a form:
    `LazyText(refusals.name_missing)` is made in the reader's language each time it is shown."""

    def __init__(self, say: Callable[..., str], *arguments: object) -> None:
        self._say = say
        self._arguments = arguments

    def __str__(self) -> str:
        return self._say(*self._arguments)

    def __mod__(self, _: object) -> str:
        """Where WTForms would fill in numbers: the sentence has them already."""
        return str(self)


@contextmanager
def translated(translations: NullTranslations) -> Iterator[None]:
    """What is said meanwhile, in this thread, is said in the language of these translations."""
    before = _translations.set(translations)
    try:
        yield
    finally:
        _translations.reset(before)
