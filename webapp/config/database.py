"""The setting for the database, and the options of its engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


def database_url(text: str) -> str:
    """The URL as SQLAlchemy takes it; what it holds is in no message, for there is a password in
    it."""
    try:
        url = make_url(text or "sqlite://")
    except (ArgumentError, ValueError):
        url = make_url("unreadable://")
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg") and url.database:
        # A server that has vanished is given up within seconds, whatever the system's own patience.
        patience = {"connect_timeout": "5", "tcp_user_timeout": "10000", "keepalives_idle": "30"}
        url = url.set(drivername="postgresql+psycopg", query={**patience, **url.query})
        return url.render_as_string(hide_password=False)
    if url.drivername != "sqlite":
        raise ValueError(
            "it must be postgresql://user:password@host/database, or sqlite:////path/to/file"
        )
    if url.database and not Path(url.database).absolute().parent.is_dir():
        raise ValueError(f"there is no folder {Path(url.database).parent}")
    return text


def _read_json(text: str | bytes) -> Any:
    """Most of what is stored as JSON is an empty list, and a CSV reads a hundred thousand."""
    return [] if text in ("[]", b"[]") else json.loads(text)


def engine_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "hide_parameters": True,  # what is in the database is in no log
        "json_deserializer": _read_json,
    }
    if settings["PADLOCK_DATABASE_URL"].startswith("postgresql"):
        # A page that asks several times sees the data of one moment, as with SQLite.
        options["isolation_level"] = "REPEATABLE READ"
        # A plan for any client, made once, serves none: some have one service, some a thousand.
        options["connect_args"] = {"prepare_threshold": None}
        # A server that was away meanwhile is noticed before it is asked
        options["pool_pre_ping"] = True
        # Every thread that serves may hold a connection; so may the refresh, an import and what
        # records an answer.
        options |= {"pool_size": settings["PADLOCK_THREADS"], "max_overflow": 8}
    return options
