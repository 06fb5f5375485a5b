"""HTTP: a blueprint a module. Three moves a route: ask, hand rows to a template, return."""

from __future__ import annotations

from flask import Flask

from webapp.routes import admin, auth, client, errors, gate, look, page, probe


def register(app: Flask) -> None:
    """Everything this site answers to."""
    app.url_map.converters["id"] = gate.IdConverter
    gate.register(app)
    page.register(app)
    errors.register(app)
    for blueprint in (auth.blueprint, client.blueprint, admin.blueprint, probe.blueprint, look.blueprint):
        app.register_blueprint(blueprint)
