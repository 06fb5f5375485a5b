"""What forms about stored rows have in common: the version they were opened with, and fields that
may be empty."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from gettext import NullTranslations
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    Field,
    Form,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from webapp import probe
from webapp.customers import clients, tags
from webapp.customers.models import MOST_NOTE_CHARACTERS
from webapp.customers.note_text import if_visible, note_or_none
from webapp.customers.statuses import status_choices
from webapp.customers.tag_models import Tag
from webapp.parsing import LARGEST, whole
from webapp.probe.address import literal
from webapp.renewer import Renewer
from webapp.words import refusals, renewers
from webapp.words.fields import label
from webapp.words.translation import LazyText

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class _WTFormsMessages(NullTranslations):
    """WTForms' own messages, in the reader's language."""

    def gettext(self, message: str) -> str:
        return refusals.WTFORMS_MESSAGES.get(message, message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(super().ngettext(one, many, count))


class PageForm(FlaskForm):  # type: ignore[misc]
    """Base class of all forms: protection against forged requests (CSRF), and WTForms' messages in
    our words."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def get_translations(self, _form: Form) -> _WTFormsMessages:
            return _WTFormsMessages()


class WholeField(IntegerField):  # type: ignore[misc]
    """A whole number that we put into the form ourselves.

    What is none is 0, which is the id or version of no row.
    """

    widget = HiddenInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = whole(valuelist[0] if valuelist else "") or 0


class NumberField(IntegerField):  # type: ignore[misc]
    """A whole number that a person types. More than a database can hold is `LARGEST`: a number of
    hundreds of digits cannot even be compared by WTForms."""

    data: int | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = max(-LARGEST, min(self.data, LARGEST))


class VersionField(WholeField):
    """The version of the row that the form was opened with."""


class DayField(DateField):  # type: ignore[misc]
    """A date, or nothing."""

    def __init__(self, label: LazyText, **options: Any) -> None:
        super().__init__(label, validators=[Optional()], **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(refusals.not_a_day()) from None


def status_field(field: str, statuses: type[StrEnum], default: str = "") -> SelectField:
    """One of these statuses; without a default, it may also be none."""
    none = [] if default else [("", "")]
    return SelectField(
        label(field),
        choices=lambda: [*none, *status_choices(statuses, client=False).items()],
        default=default,
    )


def renewer_field() -> SelectField:
    """Who renews; its data is None where that is not said."""

    def read(text: str | None) -> str | None:
        return Renewer(text) if text in set(Renewer) else text or None

    return SelectField(
        label("who_renews"),
        choices=lambda: [("", renewers.not_said()), *renewers.WHO_RENEWS.items()],
        coerce=read,
    )


class TagsField(StringField):  # type: ignore[misc]
    """Tags, separated by commas; its data are their names."""

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else ", ".join(self.data)

    def process_data(self, value: Iterable[Tag] | None) -> None:
        self.data = tuple(tag.name for tag in value or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            self.data = tags.read(valuelist[0]) if valuelist else self.data
        except tags.BadTags as error:
            raise ValueError(str(error)) from None


def at_most(characters: int) -> Length:
    """A check that a text has no more characters than these."""
    return Length(max=characters, message=LazyText(refusals.too_long, characters))


def required(say: Callable[[], str]) -> list[Any]:
    """The checks that a field is filled in, with more than spaces and invisible characters; `say`
    asks for it."""

    def is_visible(_form: object, field: Field) -> None:
        if not probe.clean(field.data or ""):
            raise ValidationError(say())

    return [InputRequired(LazyText(say)), is_visible]


def is_address(_form: object, field: Field) -> None:
    """A check for a field that holds an IP address or nothing; it writes the address as everybody
    does."""
    if field.data:
        try:
            field.data = literal(field.data)
        except ValueError:
            raise ValidationError(refusals.not_an_address()) from None


def stripped(text: str | None) -> str | None:
    """The text in one line, without the spaces around it: a line break in a name would begin a line
    of a mail."""
    return None if text is None else " ".join(_CONTROL.sub(" ", text).split())


def none_if_empty(text: str | None) -> str | None:
    """The same; None where nothing is left that can be seen."""
    return if_visible(stripped(text) or "")


def note_field() -> TextAreaField:
    """What the provider's people write down for each other."""
    checks = [at_most(MOST_NOTE_CHARACTERS)]
    return TextAreaField(label("note"), filters=[note_or_none], validators=checks)


def names_a_client(form: Form, field: Field) -> None:
    """Whether what was typed means one client, or a new one where the form has `new_client`: found
    out with everything else that is wrong, not after it."""
    new_client = getattr(form, "new_client", None)
    try:
        clients.find_client(field.data or "")
    except clients.NoSuchClient as error:
        if new_client is None or not error.new_name:
            raise ValidationError(str(error)) from None
        if not new_client.data:
            raise ValidationError(refusals.no_such_client_yet(new_client.label.text)) from None


def client_asked_for() -> str:
    """The client that the address names, as a field of a form shows it: by its name, where that
    says which."""
    text = request.args.get("client", "")
    try:
        return clients.client_text(clients.find_client(text))
    except clients.NoSuchClient:
        return text
