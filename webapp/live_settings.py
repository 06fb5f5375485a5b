"""Settings that administrators change on a page while the site runs.

The environment wins over what is stored, and that over the default. Each process reads
what is stored at most every ten seconds, when a request, a tick or a batch begins.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import datetime

from flask import current_app
from sqlalchemy import String, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from webapp.config.setting import BadSetting, Setting
from webapp.config.table import CHANGEABLE
from webapp.extensions import Instant, Model, db
from webapp.site import this_site

log = logging.getLogger(__name__)

READ_SECONDS = 10.0


class StoredSetting(Model):
    """What a setting was changed to: a text as the environment would hold it."""

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String)
    changed_at: Mapped[datetime] = mapped_column(Instant)


def changeable() -> dict[str, Setting]:
    """The settings that can be changed now, by name: those that need no restart, and that the
    environment leaves open."""
    return {one.name: one for one in CHANGEABLE if not one.is_set(os.environ)}


def take_over(*, at_once: bool = False) -> None:
    """Applies stored settings to this process, at most once in `READ_SECONDS` or `at_once`.

    If the database cannot be read, the settings stay: what needs the database reports that.
    """
    live = this_site().live_settings
    if not at_once and time.monotonic() - live.read_seconds < READ_SECONDS:
        return
    live.read_seconds = time.monotonic()
    try:
        with db.engine.connect() as connection:
            rows = connection.execute(select(StoredSetting.name, StoredSetting.value))
            stored = {row.name: row.value for row in rows}
    except SQLAlchemyError as error:
        log.warning("The settings that were changed could not be read: %s", error)
        return
    for name, setting in changeable().items():
        text = stored.get(name, "")
        if text != live.stored.get(name, ""):
            live.stored[name] = text
            try:
                current_app.config[name] = setting.read({name: text})
            except BadSetting as error:  # another version of Padlock took it
                log.warning("%s The previous value stays.", error)
