"""The form in which users choose what they are warned of by mail, and when."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, SelectField, StringField, ValidationError

from webapp.alerts.messages import Kind
from webapp.config import refresh
from webapp.customers.models import User
from webapp.notices import readers
from webapp.routes.forms import PageForm, stripped
from webapp.routes.template_helpers import zone
from webapp.words import alert_mails as say
from webapp.words import channels
from webapp.words.fields import label


def _hour(name: str, *, optional: bool) -> SelectField:
    def choices() -> list[tuple[str, str]]:
        none = [("", say.no_quiet_hours())] if optional else []
        return [*none, *((str(hour), say.hour(hour)) for hour in range(24))]

    return SelectField(label(name), choices=choices)


class WarningsForm(PageForm):
    by_mail = BooleanField(label("warnings_by_mail"))
    zone = StringField(label("zone"), filters=[stripped])
    digest_hour = _hour("digest_hour", optional=False)
    quiet_from = _hour("quiet_from", optional=True)
    quiet_until = _hour("quiet_until", optional=True)

    def validate_zone(self, field: StringField) -> None:
        if field.data not in refresh.zone_names():
            raise ValidationError(say.not_a_zone())

    def validate_quiet_until(self, field: SelectField) -> None:
        start = self.quiet_from.data
        if bool(start) != bool(field.data) or (start and start == field.data):
            raise ValidationError(say.both_quiet_hours())

    @property
    def kinds(self) -> list[tuple[str, SelectField]]:
        """The choices with what they are for."""
        return [(words, self[kind]) for kind, words in channels.MESSAGE_LABELS.items()]

    @property
    def chosen(self) -> dict[str, Any]:
        """The columns of `AlertReader`."""
        start = self.quiet_from.data
        end = self.quiet_until.data
        return {
            "choices": {kind.value: self[kind.value].data for kind in Kind},
            "zone": self.zone.data,
            "digest_hour": int(self.digest_hour.data),
            "quiet_from": int(start) if start else None,
            "quiet_until": int(end) if end else None,
        }


for _kind in Kind:
    setattr(WarningsForm, _kind.value, SelectField(choices=lambda: list(say.CHOICES.items())))


def warnings_data(user: User) -> dict[str, Any]:
    """What the form is filled in with."""
    row = readers.row_of(user)
    hours = ("digest_hour", "quiet_from", "quiet_until")
    return {
        **{kind.value: row.choices.get(kind, "now") for kind in Kind},
        **{name: "" if (hour := getattr(row, name)) is None else str(hour) for name in hours},
        "by_mail": user.alert_mails,
        "zone": row.zone or str(zone()),
    }
