"""The fields of requests: strict, and described in OpenAPI exactly as they are read.

What a schema allows is never refused for its form, and what it does not allow always is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from webapp.parsing import LARGEST
from webapp.words import api as say
from webapp.words.translation import LazyText

# In one line, with something to be seen: a letter or digit of any script
LINE = (
    r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*"
    r"[0-9A-Za-z\u00c0-\u02af\u0386-\u0482\u05d0-\u05ea\u0620-\u064a\u0904-\u0df6\u0e01-\u0e30"
    r"\u3041-\u9fff\uac00-\ud7a3]"
    r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
)
# Also in several lines, or nothing at all
TEXT = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
ANY_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
# What the caller calls a client or service: it stands in addresses as well
REFERENCE = r"^[0-9A-Za-z][0-9A-Za-z._:@-]{0,63}$"
# A host name in another script is sent as an A-label: xn--…
_LETTER = r"[0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u03b1-\u03c9\u0430-\u045f]"
_LABEL = rf"{_LETTER}([_-]{{0,2}}{_LETTER}){{0,62}}"
HOST_NAME = rf"^({_LABEL}\.){{1,8}}[A-Za-z]{{2,24}}$"
TAG = rf"^{_LETTER}([ _.-]?{_LETTER})*$"
EMAIL = r"^[0-9A-Za-z]+([._+-][0-9A-Za-z]+)*@([0-9A-Za-z]+([.-][0-9A-Za-z]+)*)\.[A-Za-z]{2,24}$"
CURSOR = r"^[A-Za-z0-9_-]+$"

_NULL = LazyText(say.not_null)
_MISSING = LazyText(say.missing)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Request(Schema):
    """A body or the parameters of an address: without a field that is not named."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012 - marshmallow's own name
        "unknown": LazyText(say.unknown_field),  # type: ignore[dict-item] # made into a text later
        "type": LazyText(say.not_an_object),  # type: ignore[dict-item]
    }


class AnswerBody(Schema):
    """What an operation answers."""


class Strict(fields.Field[Any]):
    """A field with our own words; `help` describes it."""

    def __init__(
        self, *, help: str = "", metadata: dict[str, Any] | None = None, **kw: Any
    ) -> None:
        described = {"description": help} if help else {}
        super().__init__(
            metadata=described | (metadata or {}),
            error_messages={"required": _MISSING, "null": _NULL},  # type: ignore[dict-item]
            **kw,
        )


class Text(Strict, fields.String):
    """A text of at most so many characters that matches a pattern."""

    def __init__(self, most: int, pattern: str = LINE, least: int = 1, **kw: Any) -> None:
        self._most = most
        self._least = least
        self._pattern = re.compile(pattern)
        described = {"maxLength": most, "pattern": pattern}
        super().__init__(metadata=described | ({"minLength": least} if least else {}), **kw)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(say.not_text())
        # The length first: a pattern may take long
        if not self._least <= len(value) <= self._most or not self._pattern.fullmatch(value):
            raise ValidationError(say.text_refused())
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a character, which no pattern can tell
            raise ValidationError(say.text_refused()) from None
        return value


class Choice(Strict, fields.String):
    """One of these words."""

    def __init__(self, words: Iterable[object], **kw: Any) -> None:
        self._words = [str(word) for word in words]
        empty = [None] if kw.get("allow_none") else []
        super().__init__(metadata={"enum": [*self._words, *empty]}, **kw)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> str:
        if not isinstance(value, str) or value not in self._words:
            raise ValidationError(say.not_one_of())
        return value


class Whole(Strict, fields.Integer):
    """A whole number between two bounds; in an address, in digits."""

    def __init__(self, least: int = 1, most: int = LARGEST, **kw: Any) -> None:
        self._least = least
        self._most = most
        super().__init__(metadata={"minimum": least, "maximum": most}, **kw)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> int:
        number = value
        if isinstance(value, float) and value.is_integer():
            number = int(value)  # JSON has one kind of numbers
        if type(number) is not int or not self._least <= number <= self._most:
            raise ValidationError(say.not_whole(self._least, self._most))
        return number


class Digits(Whole):
    """The same in an address, where all is text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> int:
        digits = isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,9}", value)
        return super()._deserialize(int(value) if digits else None, attr, data, **kw)


class Day(Strict, fields.Date):
    """A date of ISO 8601."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> date:
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        raise ValidationError(say.not_a_date())


class Entries(Strict, fields.List[Any]):
    """A list of so many different entries."""

    def __init__(self, inner: Any, most: int, least: int = 0, **kw: Any) -> None:
        self._most = most
        self._least = least
        described = {"maxItems": most, "minItems": least, "uniqueItems": True}
        super().__init__(cls_or_instance=inner, metadata=described, **kw)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationError(say.not_a_list())
        if not self._least <= len(value) <= self._most:
            raise ValidationError(say.wrong_count(self._least, self._most))
        found = super()._deserialize(value, attr, data, **kw)
        if len(set(found)) < len(found):
            raise ValidationError(say.wrong_count(self._least, self._most))
        return found
