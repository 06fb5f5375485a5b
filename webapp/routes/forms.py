"""What forms about stored rows have in common: the version they were opened with, and fields that may be empty."""

from __future__ import annotations

from typing import Any

from flask import request
from wtforms import DateField, Field, Form, IntegerField, ValidationError
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from webapp.customers import clients


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


def stripped(text: str | None) -> str | None:
    """The text without the spaces around it."""
    return None if text is None else text.strip()


def none_if_empty(text: str | None) -> str | None:
    """The text without the spaces around it; None where nothing is left."""
    return (text or "").strip() or None


def names_a_client(_form: Form, field: Field) -> None:
    """Whether what was typed means one client: found out with everything else that is wrong, not after it."""
    try:
        clients.find_client(field.data or "")
    except clients.NoSuchClient as error:
        raise ValidationError(str(error)) from None


def client_asked_for() -> str:
    """The client that the address names, as a field of a form shows it: by its name, where that says which."""
    text = request.args.get("client", "")
    try:
        return clients.client_text(clients.find_client(text))
    except clients.NoSuchClient:
        return text
