"""The command line: each subject has a module of its own, and all are registered here."""

from __future__ import annotations

import sys
from copy import copy
from functools import wraps
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from webapp import live_settings, start_check
from webapp.cli import (
    alerts,
    backup,
    check,
    copy_from,
    diagnose,
    import_,
    links,
    listing,
    mcp,
    refresh,
    setup,
    sources,
    tokens,
    users,
    worker,
)


def register(app: Flask) -> None:
    """Gives `flask` our commands. Its own `run`, which serves, ends here with one sentence where
    the site cannot work with its database."""
    context = click.get_current_context(silent=True)
    if context is not None and context.info_name == "run":
        _end_on(start_check.problem(app, may_wait=True))
    without_tables = (
        check.check,
        setup.settings,
        diagnose.diagnose_host,
        backup.backup,
        alerts.alerts,
    )
    for command in without_tables:
        app.cli.add_command(command)
    with_tables = (
        setup.welcome,
        users.users,
        tokens.tokens,
        import_.import_file,
        sources.sources,
        refresh.refresh_names,
        copy_from.copy_from,
        listing.listing,
        links.links,
        mcp.mcp,
    )
    for each in with_tables:
        app.cli.add_command(_checked(each))
    app.cli.add_command(_checked(worker.worker, may_wait=True))


def _end_on(problem: str) -> None:
    if problem:
        click.echo(problem, err=True)
        sys.exit(start_check.exit_code)


def _checked(command: click.Command, *, may_wait: bool = False) -> click.Command:
    """The same command (of a group: all of them), ended by one sentence where it cannot work with
    the database. One that `may_wait` starts while the database is away."""
    checked = copy(command)
    run = command.callback

    @wraps(run or _checked)
    def check_first(*args: Any, **options: Any) -> Any:
        if problem := start_check.problem(current_app, may_wait=may_wait):
            raise click.ClickException(problem)
        live_settings.take_over()
        return run(*args, **options) if run is not None else None

    checked.callback = with_appcontext(check_first)
    return checked
