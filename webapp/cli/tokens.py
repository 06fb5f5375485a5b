"""The command line for tokens of the API: `flask tokens add`, `list` and `revoke`."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from webapp import errors
from webapp.accounts import password_resets, sign_ins
from webapp.accounts import tokens as api_tokens
from webapp.accounts.models import Scope
from webapp.words import api
from webapp.words import cli as say

tokens = AppGroup("tokens", help="Add, list and revoke tokens of the API.")


@tokens.command()
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose token it is.")
@click.option("--name", required=True, help="What it is called, such as the program that uses it.")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.READ.value,
    show_default=True,
)
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day on which it does not work any more.",
)
def add(email: str, name: str, scope: str, expires: datetime | None) -> None:
    """Add a token and print it. It cannot be shown again."""
    if not 0 < len(name.strip()) <= api_tokens.MOST_NAME_CHARACTERS:
        raise click.UsageError(say.token_name_length(api_tokens.MOST_NAME_CHARACTERS))
    user = password_resets.active_user(email)
    if user is None:
        raise click.ClickException(say.no_user(sign_ins.tidy_email(email)))
    ends_at = expires and expires.replace(tzinfo=UTC)
    try:
        made = api_tokens.create(None, user, name.strip(), Scope(scope), ends_at, datetime.now(UTC))
    except errors.Refused as error:
        raise click.ClickException(str(error)) from None
    click.echo(made)


@tokens.command("list")
def list_all() -> None:
    """List every token: id, scope, whose, name, until when it works, last use."""
    now = datetime.now(UTC)
    for token in api_tokens.all_tokens():
        owner = token.user.email if token.user else token.client.name if token.client else ""
        last = say.token_last_used(token.last_used_at, token.last_used_from)
        parts = [token.scope.value, owner, token.name, api.token_state(token.ends_at, now), last]
        click.echo("  ".join([f"{token.id:<6}", *parts]))


@tokens.command()
@click.argument("token_id", type=int)
def revoke(token_id: int) -> None:
    """Revoke the token with this id: it stops working at once."""
    try:
        name = api_tokens.revoke(None, token_id, datetime.now(UTC))
    except errors.NotFound:
        raise click.ClickException(say.no_token(token_id)) from None
    click.echo(api.token_revoked(name))
