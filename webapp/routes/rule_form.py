"""The form for a rule of warnings: numbers as people type them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from wtforms import SelectField, StringField

from webapp.alerts.rules import BadRule, Threshold, read_fields
from webapp.notices.models import Scope
from webapp.routes.forms import PageForm, at_most, stripped
from webapp.words import alert_rules as say
from webapp.words.fields import label
from webapp.words.renewers import WHO_RENEWS, not_said

# Of certificates that are issued today, or were until lately
LIFETIMES = tuple(timedelta(days=days) for days in (6, 47, 90, 200, 398))


def _number(field: str) -> StringField:
    return StringField(label(field), filters=[stripped], validators=[at_most(20)])


class RuleForm(PageForm):
    """An empty field sets nothing: the wider rule has it, or the default."""

    expiring_share = _number("expiring_share")
    expiring_days = _number("expiring_days")
    urgent_share = _number("urgent_share")
    urgent_days = _number("urgent_days")
    unknown_days = _number("unknown_days")
    # In the site's rule alone
    digest_at = _number("digest_at")
    gather_minutes = _number("gather_minutes")
    clients = SelectField(label("mails_to_clients"))
    who_renews = SelectField(label("who_renews"))

    def offer(self, scope: Scope) -> None:
        """What there is to choose from in a rule of this scope."""
        unset = [] if scope is Scope.SITE else [("", say.as_wider_rule())]
        self.clients.choices = [*unset, *say.CLIENTS.items()]
        self.who_renews.choices = [*(unset or [("", not_said())]), *WHO_RENEWS.items()]

    @property
    def asked(self) -> dict[str, Any]:
        """The rule as it stands in RULES; what is not a number stays text."""
        rule = {
            "expiring": self._threshold("expiring"),
            "urgent": self._threshold("urgent"),
            "unknown_days": _read(self.unknown_days.data),
            "digest_at": self.digest_at.data and self.digest_at.data.zfill(len("08:00")),
            "gather_minutes": _read(self.gather_minutes.data),
            "clients": self.clients.data,
            "who_renews": self.who_renews.data,
        }
        return {key: value for key, value in rule.items() if value or value == 0}

    def _threshold(self, name: str) -> dict[str, Any]:
        share = _read(self[f"{name}_share"].data)
        given = {
            "share": share if isinstance(share, str) or share is None else share / 100,
            "days": _read(self[f"{name}_days"].data),
        }
        return {unit: value for unit, value in given.items() if value is not None}

    def is_right(self) -> bool:
        """Whether it can be sent and followed; else each field says what is wrong with it."""
        if not self.validate():
            return False
        try:
            fields, _ = read_fields({"site": self.asked})
        except BadRule as error:
            field = self[error.path.removeprefix("site.").replace(".", "_")]
            field.errors = [say.mistake_text(error.mistake)]
            return False
        first = fields.get("expiring")
        urgent = fields.get("urgent")
        if first is not None and urgent is not None and _is_never_first(first, urgent):
            field = self.urgent_share if urgent.days is None else self.urgent_days
            field.errors = [say.urgent_first()]
            return False
        return True


def form_data(rule: Mapping[str, Any]) -> dict[str, str]:
    """What the form of a stored rule is filled in with."""
    data = {
        f"{name}_{unit}": f"{100 * value if unit == 'share' else value:.6g}"
        for name in ("expiring", "urgent")
        for unit, value in rule.get(name, {}).items()
    }
    numbers = ("unknown_days", "gather_minutes")
    data |= {key: f"{rule[key]:.6g}" for key in numbers if key in rule}
    return data | {key: rule.get(key, "") for key in ("digest_at", "clients", "who_renews")}


def _is_never_first(first: Threshold, urgent: Threshold) -> bool:
    return all(urgent.span(lifetime) >= first.span(lifetime) for lifetime in LIFETIMES)


def _read(text: str | None) -> float | str | None:
    """A number, as an integer where it is one."""
    if not text:
        return None
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
