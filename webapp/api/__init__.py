"""JSON over HTTP: tokens, a gate of its own, and a description in OpenAPI made from the code.

Operations are in three moves, like routes: ask, make the answer of rows, return.
"""

from __future__ import annotations

from flask import Flask

from webapp.api import (
    checks,
    clients,
    diagnosis,
    domains,
    incidents,
    items,
    links,
    openapi,
    report,
    services,
    sources,
    warnings,
)
from webapp.extensions import csrf


def register(app: Flask) -> None:
    """Everything the API answers to."""
    app.register_blueprint(openapi.blueprint)
    operations = (
        *(services, domains, items, clients, links),
        *(checks, diagnosis, warnings, incidents, report, sources),
    )
    for module in operations:
        app.register_blueprint(module.blueprint)
        csrf.exempt(module.blueprint)
    openapi.register(app, [module.blueprint for module in operations])
