"""HTTP: a blueprint a module. Three moves a route: ask, hand rows to a template, return."""

from __future__ import annotations

from flask import Flask

from webapp.routes import (
    admin,
    audit_log,
    auth,
    branding,
    calendar,
    cell_throttle,
    client,
    clients,
    errors,
    gate,
    health,
    help,
    impersonation,
    imports,
    incidents,
    items,
    letters,
    links,
    mail_texts,
    metrics,
    password_resets,
    probe,
    profile,
    refresh,
    refused_addresses,
    reports,
    search,
    selection,
    settings,
    shared,
    sources,
    static,
    tasks,
    template_helpers,
    template_words,
    today,
    tokens,
    unsubscribe,
    users,
    warning_channels,
    warnings,
)


def register(app: Flask) -> None:
    """Everything this site answers to."""
    app.url_map.converters["id"] = gate.IdConverter
    settings.register(app)
    imports.register(app)
    letters.register(app)
    cell_throttle.register(app)
    gate.register(app)
    template_helpers.register(app)
    template_words.register(app)
    errors.register(app)
    static.register(app)
    provider = (
        audit_log,
        admin,
        clients,
        health,
        imports,
        incidents,
        items,
        letters,
        links,
        mail_texts,
        refresh,
        reports,
        selection,
        settings,
        sources,
        tasks,
        today,
        unsubscribe,
        users,
        warning_channels,
        warnings,
    )
    for module in (
        auth,
        client,
        *provider,
        metrics,
        shared,
        probe,
        search,
        branding,
        profile,
        refused_addresses,
        calendar,
        password_resets,
        impersonation,
        help,
        tokens,
    ):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(tokens.all_tokens)
