"""The command line: `flask settings` and `flask welcome`."""

from __future__ import annotations

import click
from flask import current_app

from webapp.accounts import first_admin
from webapp.config import network, table
from webapp.words import cli as say
from webapp.words.settings import HELP


@click.command()
def settings() -> None:
    """List every setting with its value, its default and what it does."""
    for setting in table.SETTINGS:
        value = setting.shown(current_app.config[setting.name])
        click.echo(
            f"{setting.name} = {value}\n    {HELP[setting.name]} Default:"
            f" {setting.default or '(empty)'}\n"
        )


@click.command()
def welcome() -> None:
    """Print the address of the site and, if there is no user yet, the link to create the first
    administrator."""
    listen = current_app.config["PADLOCK_LISTEN"]
    if network.is_taken(listen):
        raise click.ClickException(say.listen_taken(listen))
    site = f"http://{listen}"
    click.echo(f"\n  {say.site_is_at(site)}\n")
    if first_admin.nobody_yet():
        token = first_admin.setup_link_token(current_app.config["SECRET_KEY"])
        click.echo(f"  {say.no_user_yet(f'{site}/setup/{token}')}\n")
