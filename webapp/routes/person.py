"""What the forms about people have in common: their fields, and for whom attempts are counted."""

from __future__ import annotations

import logging
from ipaddress import IPv6Address, ip_address, ip_network

from flask import request
from flask_login import current_user
from limits.errors import StorageError
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import Email, InputRequired, Length

from webapp.customers import accounts
from webapp.extensions import limiter
from webapp.routes.forms import stripped

log = logging.getLogger(__name__)

EMAIL_TAKEN = "This address cannot be used. Choose another one."
WRONG_PASSWORD = "This is not your current password."  # noqa: S105 - it is words


def name_field(label: str) -> StringField:
    """Somebody's name."""
    checks = [InputRequired("Enter a name."), Length(max=200, message="Use at most 200 characters.")]
    return StringField(label, filters=[stripped], validators=[*checks, Length(min=1, message="Enter a name.")])


def email_field() -> EmailField:
    """An e-mail address that is stored."""
    wrong = "This is not an e-mail address."
    checks = [InputRequired("Enter an e-mail address."), Length(max=254, message=wrong), Email(wrong)]
    return EmailField("E-mail", filters=[stripped], validators=checks)


def new_password_field(label: str) -> PasswordField:
    """A password that somebody chooses."""
    return PasswordField(
        label,
        validators=[
            InputRequired("Use at least 12 characters."),
            Length(min=accounts.LEAST_PASSWORD, message="Use at least 12 characters."),
            Length(max=accounts.MOST_PASSWORD, message="Use at most 1,024 characters."),
        ],
    )


def network() -> str:
    """Where the request comes from. One household has 2**64 addresses of IPv6: they count as one. An address of IPv4
    may come dressed as one of them."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "nowhere"
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def account() -> str:
    """The e-mail address that the form is about, whether or not anybody has it."""
    return (
        accounts.tidy_email(request.form.get("email", ""))[:254] or "nobody"
    )  # nothing at all would count as no attempt


def account_and_network() -> str:
    # Counted for each place apart, so that nobody can lock others out of their account.
    return f"{account()} {network()}"


def user_and_network() -> str:
    """Who is signed in, and from where: a stolen cookie must not be good for guessing the password."""
    return f"{current_user.id} {network()}"


def no_guess() -> None:
    """This request was no wrong guess, and counts no more.

    Attempts are counted when they come in, not when they are answered: else as many as there are threads would be let
    in at once.
    """
    for counted in limiter.current_limits:
        try:
            limiter.limiter.hit(counted.limit, *counted.request_args, cost=-1)
        except StorageError:
            log.warning("an attempt that was right counts as one: the store of the limits does not answer")
