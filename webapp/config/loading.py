"""All settings, read once at the start from the environment, and what Flask is told.

A bad value raises `BadSetting` with one sentence: which setting, what it was and what it takes.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webapp.config.broker import broker_tls
from webapp.config.database import engine_options
from webapp.config.secret import kept_secret
from webapp.config.setting import BadSetting
from webapp.config.table import BROKER, SETTINGS, WORKERS

log = logging.getLogger(__name__)


def web_processes(environ: Mapping[str, str]) -> int:
    """How many processes serve the site.

    Several without a broker would each count sign-in attempts for themselves.
    """
    workers: int = WORKERS.read(environ)
    if workers > 1 and not BROKER.read(environ):
        raise BadSetting(
            f"PADLOCK_WORKERS={workers} needs PADLOCK_BROKER_URL, where they store shared data."
        )
    return workers


def load(environ: Mapping[str, str], instance: Path) -> dict[str, Any]:
    """All settings by name, checked, with what has to be made (the secret, the database's place)
    made in `instance`.

    A PADLOCK_* name that is no setting is most often a typing error: it is logged with the nearest
    name.
    """
    known = {setting.name for setting in SETTINGS}
    for name in sorted(environ.keys() - known):
        if name.startswith("PADLOCK_"):
            near = difflib.get_close_matches(name, known, 1, 0.85)
            log.warning(
                "%s is not a setting of Padlock%s",
                name,
                f"; did you mean {near[0]}?" if near else "",
            )
    values = {setting.name: setting.read(environ) for setting in SETTINGS}
    web_processes(environ)
    values["PADLOCK_SECRET_KEY"] = values["PADLOCK_SECRET_KEY"] or kept_secret(
        instance / "secret_key"
    )
    if not values["PADLOCK_DATABASE_URL"]:
        file = instance / "padlock.sqlite3"
        # Password hashes and customers are in it: no one else on this machine reads them
        file.touch(0o600)
        values["PADLOCK_DATABASE_URL"] = f"sqlite:///{file}"
    return values


def for_flask(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What Flask and its extensions are told, from Padlock's own settings and otherwise fixed."""
    broker = settings["PADLOCK_BROKER_URL"]
    return {
        "SECRET_KEY": settings["PADLOCK_SECRET_KEY"],
        "SQLALCHEMY_DATABASE_URI": settings["PADLOCK_DATABASE_URL"],
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings),
        # A browser takes a cookie with this prefix only from the host itself, over HTTPS: no
        # neighbour can plant one.
        "SESSION_COOKIE_NAME": "__Host-padlock" if settings["PADLOCK_COOKIE_SECURE"] else "padlock",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings["PADLOCK_COOKIE_SECURE"],
        "TRUSTED_HOSTS": list(settings["PADLOCK_TRUSTED_HOSTS"]) or None,
        "MAX_CONTENT_LENGTH": 64 * 1024,  # bytes; an import may have more
        "MAX_FORM_PARTS": 100,
        # A token lasts as long as its session: a page left open for a day still works
        "WTF_CSRF_TIME_LIMIT": None,
        "RATELIMIT_STORAGE_URI": broker or "memory://",
        "RATELIMIT_STORAGE_OPTIONS": {
            "socket_timeout": 1,
            "socket_connect_timeout": 1,
            "wrap_exceptions": True,
        }
        | broker_tls(settings)
        if broker
        else {},
        "RATELIMIT_KEY_PREFIX": "padlock",
        # Without its broker each process counts for itself
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
    }
