"""The command line for links without a sign-in: `flask links make`."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import AppGroup

from webapp import mail
from webapp.customers import clients, public_links
from webapp.customers.link_models import LinkUse

links = AppGroup("links", help="Make links that show a client's padlocks without a sign-in.")


@links.command()
@click.option("--client", required=True, metavar="NAME-OR-REFERENCE", help="Whose padlocks.")
@click.option(
    "--days",
    type=click.IntRange(1, public_links.MOST_DAYS),
    help="How long it works; without it until it is revoked.",
)
@click.option(
    "--use",
    type=click.Choice([use.value for use in LinkUse]),
    default=LinkUse.PAGE.value,
    show_default=True,
)
@click.option("--name", default="", metavar="HOST", help="The host name, for a badge.")
def make(client: str, days: int | None, use: str, name: str) -> None:
    """Make a link and print its address on a line of its own. It is shown only once."""
    try:
        owner = clients.find_client(client)
        token, link = public_links.create(
            None, owner.id, LinkUse(use), datetime.now(UTC), days, name
        )
    except (clients.NoSuchClient, public_links.BadLink) as error:
        raise click.ClickException(str(error)) from None
    click.echo(mail.link(current_app, public_links.path_of(link.use, token)))
