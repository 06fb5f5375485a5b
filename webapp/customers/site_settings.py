"""What administrators change of the site's settings; each change is in the activity log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from webapp import live_settings
from webapp.config.setting import Setting
from webapp.customers import audit_log, concurrency
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.live_settings import StoredSetting
from webapp.words.activity import Detail
from webapp.words.settings import REFUSALS


def texts() -> dict[str, str]:
    """What each changeable setting is set to, as it would be typed."""
    stored = {row.name: row.value for row in db.session.scalars(select(StoredSetting))}
    changeable = live_settings.changeable()
    return {name: stored.get(name, setting.default) for name, setting in changeable.items()}


def problems(asked: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with these texts, by the name of the setting."""
    return {
        one.name: REFUSALS[one.name]
        for one in _named_in(asked)
        if not one.takes(asked[one.name] or one.default)
    }


def change(who: User, asked: Mapping[str, str], now: datetime) -> None:
    """Sets settings to these texts, which have no `problems`; "" means the default.

    This process takes them over at once, others within `live_settings.READ_SECONDS`.
    """
    with writing():
        concurrency.still_admin(who)
        for setting in _named_in(asked):
            row = db.session.get(StoredSetting, setting.name)
            before = row.value if row else setting.default
            after = asked[setting.name] or setting.default
            if before == after:
                continue
            db.session.merge(StoredSetting(name=setting.name, value=after, changed_at=now))
            changes = [["value", *(_shown(setting, text) for text in (before, after))]]
            audit_log.note(
                *(who, "changed", "setting", None, setting.name, now),
                Detail.CHANGES,
                changes=changes,
            )
    live_settings.take_over(at_once=True)


def _shown(setting: Setting, text: str) -> str:
    """What the activity log says of a text. It may be one that another version of Padlock took, or
    the name of a time zone that this machine does not know."""
    return setting.shown(setting.parse(text)) if setting.takes(text) else text[:100]


def _named_in(asked: Mapping[str, str]) -> list[Setting]:
    return [one for name, one in live_settings.changeable().items() if name in asked]
