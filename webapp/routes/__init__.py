"""HTTP: a blueprint a module. Three moves a route: ask, hand rows to a template, return."""

from __future__ import annotations

from flask import Flask

from webapp.routes import admin, auth, client, errors, gate, imports, page, probe, profile, reset, users, viewing


def register(app: Flask) -> None:
    """Everything this site answers to."""
    app.url_map.converters["id"] = gate.IdConverter
    imports.register(app)
    gate.register(app)
    page.register(app)
    errors.register(app)
    for blueprint in (auth.blueprint, client.blueprint, admin.blueprint, imports.blueprint, probe.blueprint):
        app.register_blueprint(blueprint)
    for blueprint in (profile.blueprint, reset.blueprint, users.blueprint, viewing.blueprint):
        app.register_blueprint(blueprint)
