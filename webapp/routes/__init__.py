"""HTTP: a blueprint a module. Three moves a route: ask, hand rows to a template, return."""

from __future__ import annotations

from flask import Flask

from webapp.routes import (
    admin,
    auth,
    client,
    clients,
    errors,
    gate,
    help,
    imports,
    items,
    look,
    page,
    probe,
    profile,
    reset,
    users,
    viewing,
)


def register(app: Flask) -> None:
    """Everything this site answers to."""
    app.url_map.converters["id"] = gate.IdConverter
    imports.register(app)
    gate.register(app)
    page.register(app)
    errors.register(app)
    for module in (auth, client, clients, admin, items, imports, probe, look, profile, reset, users, viewing, help):
        app.register_blueprint(module.blueprint)
