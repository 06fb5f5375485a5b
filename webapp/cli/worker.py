"""The command line: `flask worker`."""

from __future__ import annotations

import click
from flask import Flask, current_app

from webapp.words import cli as say


@click.command("worker")
def worker() -> None:
    """Check batches of the refresh until stopped. Start as many workers as you like, on any
    machine."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if not app.config["PADLOCK_BROKER_URL"]:
        raise click.ClickException(say.no_broker())
    from webapp.monitor.refresh import (
        workers,  # takes a while, which no other command has to wait for
    )

    workers.run(app)
