"""The command line for accounts: `flask users add`, `list` and `reset-password`."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from email_validator import EmailNotValidError, validate_email
from flask import Flask, current_app
from flask.cli import AppGroup

from webapp import mail
from webapp.accounts import password_hashes, password_resets, passwords, sign_ins
from webapp.accounts import users as people
from webapp.customers import clients, concurrency
from webapp.customers.models import Role, User
from webapp.words import cli as say
from webapp.words import refusals
from webapp.words.security import PASSWORD_FAULTS

users = AppGroup("users", help="Add and list users, and create links to set a password.")


@users.command()
@click.argument("email")
@click.option("--name", required=True, help="The user's name.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.CLIENT.value,
    show_default=True,
)
@click.option(
    "--client",
    default="",
    metavar="NAME-OR-REFERENCE",
    help="The client that the user belongs to, for the role client.",
)
@click.option(
    "--ask-password", is_flag=True, help="Ask for the password here, instead of printing a link."
)
def add(email: str, name: str, role: str, client: str, ask_password: bool) -> None:
    """Add the user EMAIL and print a link, valid for an hour, to set a password."""
    if client and role != Role.CLIENT:
        raise click.UsageError(say.only_clients_have_one())
    details = people.UserDetails(_name(name), _email(email), Role(role), client)
    password = _asked_password(details) if ask_password else None
    try:
        user = people.add(None, details, datetime.now(UTC), password)
    except concurrency.Taken:
        raise click.ClickException(say.user_exists(sign_ins.tidy_email(email))) from None
    except clients.NoSuchClient as error:
        raise click.ClickException(str(error)) from None
    click.echo(say.user_added(user.email, user.role))
    if password is None:
        _print_link(user)


@users.command("list")
def list_all() -> None:
    """List every user: e-mail, role, client, name."""
    at = ""
    while True:
        listing = people.list_users("", "", "email", at)
        for user in listing.rows:
            parts = [user.role.value, user.client.name if user.client else "", user.name]
            click.echo(
                "  ".join([f"{user.email:<40}", *parts, *([] if user.active else [say.disabled()])])
            )
        at = listing.page.following
        if not at:
            return


@users.command("reset-password")
@click.argument("email")
def reset_password(email: str) -> None:
    """Print a link for the user EMAIL to set a new password. It works once, within an hour."""
    user = password_resets.active_user(email)
    if user is None:
        raise click.ClickException(say.no_user(sign_ins.tidy_email(email)))
    _print_link(user)


def _print_link(user: User) -> None:
    app: Flask = current_app
    _, token = password_resets.hand_out(None, user.id, app.config["SECRET_KEY"], datetime.now(UTC))
    click.echo(say.choose_the_password(mail.link(app, f"/reset/{token}")))


def _name(text: str) -> str:
    if not 0 < len(text.strip()) <= 200:
        raise click.UsageError(say.name_length())
    return text.strip()


def _email(text: str) -> str:
    try:
        validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise click.UsageError(say.not_an_email(repr(text), str(error))) from None
    return text


def _asked_password(details: people.UserDetails) -> str:
    password: str = click.prompt(say.password(), hide_input=True, confirmation_prompt=True)
    if len(password) > password_hashes.MOST_PASSWORD_CHARACTERS:
        raise click.ClickException(refusals.too_long(password_hashes.MOST_PASSWORD_CHARACTERS))
    if fault := passwords.fault(password, (details.name, details.email)):
        raise click.ClickException(PASSWORD_FAULTS[fault])
    return password
