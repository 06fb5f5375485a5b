"""Padlock: which names of a hosting provider's customers have a valid certificate, which do not,
and why."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(overrides: Mapping[str, Any] | None = None, *, commands: bool = True) -> Flask:
    """The site.

    Settings come from the environment; `overrides` has the last word, as tests need it. Without
    `commands` there is nothing for `flask` to run: what is only served starts sooner.

    Raises `config.setting.BadSetting` where a setting holds something it cannot take.
    """
    # Imported here: code that loads `webapp.probe` alone gets neither Flask nor a database with it
    from flask import Flask

    app = Flask(__name__, instance_path=str(Path(__file__).parent.parent / "instance"))
    _read_settings(app, overrides or {})
    _register_rooms(app)
    if commands:
        _add_commands(app)
    return app


def _read_settings(app: Flask, overrides: Mapping[str, Any]) -> None:
    from werkzeug.middleware.proxy_fix import ProxyFix

    from webapp.config import loading

    app.config.from_mapping(loading.load(os.environ, Path(app.instance_path)))
    app.config.from_mapping(overrides)  # Padlock's own decide what Flask is told
    app.config.from_mapping(loading.for_flask(app.config))
    app.config.from_mapping(overrides)  # Flask's own have the last word
    if proxies := app.config["PADLOCK_TRUSTED_PROXIES"]:
        behind_proxies = ProxyFix(app.wsgi_app, proxies, proxies, proxies)
        app.wsgi_app = behind_proxies  # type: ignore[method-assign]


def _register_rooms(app: Flask) -> None:
    from webapp import api, logs, routes, site
    from webapp.accounts import password_resets, security_events
    from webapp.customers import (
        check_requests,
        index,
        index_check,
        item_diagnosis,
        monitored_names,
        search_index,
    )
    from webapp.extensions import csrf, db, limiter, login
    from webapp.imports import run_job as imports
    from webapp.jobs import runner as jobs
    from webapp.monitor import live
    from webapp.monitor.refresh import scheduler
    from webapp.notices import history, readiness
    from webapp.notices import minute as notices
    from webapp.sources import schedule as sources

    site.register(app)
    db.init_app(app)
    logs.register(app)
    # Before the extensions that look at a request: a broken one is refused first
    routes.register(app)
    api.register(app)
    login.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    live.register(app)
    index.register(app)
    monitored_names.register(app)
    jobs.register(app)
    imports.register(app)
    sources.register(app)
    scheduler.register(app)
    item_diagnosis.register(app)
    check_requests.register(app)
    index_check.register(app)
    search_index.register(app)
    password_resets.register(app)
    security_events.register(app)
    notices.register(app)
    readiness.register(app)
    history.register(app)


def _add_commands(app: Flask) -> None:
    # Alembic, requests, a DNS client and more: a third of the start, and nothing that a page needs.
    from flask_migrate import Migrate

    from webapp import cli
    from webapp.extensions import db

    Migrate(app, db, directory=str(Path(app.root_path) / "migrations"), render_as_batch=True)
    cli.register(app)
