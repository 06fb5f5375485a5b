"""Fields that the forms about accounts share, and whose attempts are counted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from flask import request
from flask_limiter import RequestLimit, RouteLimit
from flask_login import current_user
from limits import parse
from limits.errors import StorageError
from wtforms import EmailField, Field, Form, PasswordField, StringField, ValidationError
from wtforms.validators import Email, InputRequired, Length, Optional

from webapp.accounts import password_hashes, passwords, security_events, sign_ins
from webapp.accounts.security_events import Caller, Event
from webapp.extensions import limiter
from webapp.routes.forms import at_most, none_if_empty, required, stripped
from webapp.routes.template_helpers import now
from webapp.visitor_address import address, network
from webapp.words import refusals
from webapp.words.fields import label
from webapp.words.security import PASSWORD_FAULTS, PasswordFault
from webapp.words.translation import LazyText

log = logging.getLogger(__name__)

ONCE_A_MINUTE = parse("1 per minute")
EVERY_ATTEMPT = parse("60 per minute")  # right ones too: each costs a core for a moment


def name_field(field: str) -> StringField:
    """The name of a person."""
    checks = [*required(refusals.name_missing), at_most(200)]
    return StringField(label(field), filters=[stripped], validators=checks)


def email_field() -> EmailField:
    """The e-mail address of a user."""
    checks = [InputRequired(LazyText(refusals.email_missing)), *_email_checks()]
    return EmailField(label("email"), filters=[stripped], validators=checks)


def contact_email_field() -> EmailField:
    """An e-mail address of a client, or nothing."""
    checks = [Optional(), *_email_checks()]
    return EmailField(label("contact_email"), filters=[none_if_empty], validators=checks)


def _email_checks() -> list[Any]:
    wrong = LazyText(refusals.not_an_email)
    return [Length(max=254, message=wrong), Email(wrong)]


def new_password_field(field: str, person: Callable[[Any], Iterable[str | None]]) -> PasswordField:
    """A password that a user chooses.

    `person` takes the form, and tells the name and the e-mail address of whose it is.
    """

    def hard_to_guess(form: Form, field: Field) -> None:
        if fault := passwords.fault(field.data, [text for text in person(form) if text]):
            raise ValidationError(PASSWORD_FAULTS[fault])

    return PasswordField(
        label(field),
        validators=[
            InputRequired(LazyText(lambda: PASSWORD_FAULTS[PasswordFault.SHORT])),
            at_most(password_hashes.MOST_PASSWORD_CHARACTERS),
            hard_to_guess,
        ],
    )


def caller() -> Caller:
    """Where the request comes from, as sign-ins and security events keep it."""
    agent = "".join(character for character in request.user_agent.string if character.isprintable())
    return Caller(address(), agent[:255])


def account() -> str:
    """The e-mail address that the form is about, whether or not a user has it."""
    return (
        sign_ins.tidy_email(request.form.get("email", ""))[:254] or "nobody"
    )  # nothing at all would count as no attempt


def account_and_network() -> str:
    # Counted for each place apart, so that no one can lock others out of their account.
    return f"{account()} {network()}"


def user_and_network() -> str:
    """Who is signed in, and from where: a stolen cookie must not be good for guessing the
    password."""
    return f"{current_user.id} {network()}"


def no_guess() -> None:
    """This request was no wrong guess, and counts no more but as an attempt.

    Attempts are counted when they come in, not when they are answered: else as many as there are
    threads would be let in at once.
    """
    for counted in limiter.current_limits:
        if counted.limit == EVERY_ATTEMPT:
            continue
        try:
            limiter.limiter.hit(counted.limit, *counted.request_args, cost=-1)
        except StorageError:
            log.warning(
                "an attempt that was right counts as one: the store of the limits does not answer"
            )


def note_refusal(event: Event) -> Callable[[RequestLimit], None]:
    """What a limit calls when it refuses a request.

    Refusing costs next to nothing, and must stay so in a flood: each refusal is a line in the log,
    and one a minute from each network is stored.
    """

    def note(_limit: RequestLimit) -> None:
        try:
            first = limiter.limiter.hit(ONCE_A_MINUTE, event, network())
        except StorageError:
            first = False  # the log has it
        if first:
            email = current_user.email if current_user.is_authenticated else account()
            security_events.note_attempt(event, email, caller(), now())
        else:
            security_events.log_only(event, caller())

    return note


def attempts(event: Event) -> RouteLimit:
    """The limit on requests from one network that take hashing a password, right or wrong, for all
    such forms."""
    told = note_refusal(event)
    return limiter.shared_limit(
        "60 per minute", "attempts", key_func=network, methods=["POST"], on_breach=told
    )
