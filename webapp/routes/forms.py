"""What forms about stored rows have in common: the version they were opened with, and fields that may be empty."""

from __future__ import annotations

from typing import Any

from wtforms import DateField, Field, IntegerField
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import HiddenInput

from webapp.probe.address import literal


class VersionField(IntegerField):  # type: ignore[misc]
    """The version of the row that the form was opened with. What is no version that we gave is 0, which no row has."""

    widget = HiddenInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0] if valuelist else ""
        self.data = int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0


class DayField(DateField):  # type: ignore[misc]
    """A date, or nothing."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, validators=[Optional()], **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Enter a date, such as 2026-11-23, or nothing.") from None


def is_address(_form: object, field: Field) -> None:
    """A check for a field that holds an IP address or nothing; it writes the address as everybody does."""
    if field.data:
        try:
            field.data = literal(field.data)
        except ValueError:
            raise ValidationError("Enter an IP address, such as 192.0.2.10 or 2001:db8::10, or nothing.") from None


def stripped(text: str | None) -> str | None:
    """The text without the spaces around it."""
    return None if text is None else text.strip()


def none_if_empty(text: str | None) -> str | None:
    """The text without the spaces around it; None where nothing is left."""
    return (text or "").strip() or None
