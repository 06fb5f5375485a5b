"""HTTP: a blueprint a module. Three moves a route: ask, hand rows to a template, return."""

from __future__ import annotations

from flask import Flask

from webapp.routes import (
    activity,
    admin,
    auth,
    client,
    clients,
    crowd,
    errors,
    gate,
    health,
    help,
    imports,
    items,
    look,
    page,
    probe,
    profile,
    refresh,
    reports,
    reset,
    static,
    users,
    viewing,
)


def register(app: Flask) -> None:
    """Everything this site answers to."""
    app.url_map.converters["id"] = gate.IdConverter
    imports.register(app)
    crowd.register(app)
    gate.register(app)
    page.register(app)
    errors.register(app)
    static.register(app)
    provider = (activity, admin, clients, health, imports, items, refresh, reports, users)
    for module in (auth, client, *provider, probe, look, profile, reset, viewing, help):
        app.register_blueprint(module.blueprint)
