"""What users choose about warnings by mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select

from webapp.accounts import profile
from webapp.alerts.delivery import Choice, Preferences
from webapp.customers import audit_log
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.notices.models import AlertReader


def preferences_of(user_ids: Collection[int]) -> dict[int, Preferences]:
    """Of each of these users."""
    found = db.session.scalars(select(AlertReader).where(AlertReader.user_id.in_(user_ids)))
    stored = {row.user_id: _preferences(row) for row in found}
    usual = Preferences(zone=current_app.config["PADLOCK_TIMEZONE"])
    return {id_: stored.get(id_, usual) for id_ in user_ids}


def row_of(user: User) -> AlertReader:
    """What is stored of a user; else what they begin with, which is not."""
    return db.session.get(AlertReader, user.id) or _new(user.id)


def save(user: User, chosen: Mapping[str, Any], now: datetime, *, wanted: bool) -> None:
    """Stores the columns that are chosen, and whether there are to be any mails."""
    profile.choose_alert_mails(user, now, wanted=wanted)
    with writing():
        row = row_of(user)
        if all(getattr(row, name) == value for name, value in chosen.items()):
            return
        for name, value in chosen.items():
            setattr(row, name, value)
        db.session.add(row)
        audit_log.note(user, "changed own profile", "user", user.id, user.email, now)


def _new(user_id: int) -> AlertReader:
    return AlertReader(user_id=user_id, choices={}, zone="", digest_hour=8)


def _preferences(row: AlertReader) -> Preferences:
    return Preferences(
        {kind: Choice(choice) for kind, choice in row.choices.items()},
        ZoneInfo(row.zone) if row.zone else current_app.config["PADLOCK_TIMEZONE"],
        row.digest_hour,
        row.quiet_from,
        row.quiet_until,
    )
