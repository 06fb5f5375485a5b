"""What the API says where it cannot do what was asked, and the pages about its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from webapp.words.times import day_text
from webapp.words.translation import Table, gettext

# By HTTP status code
PROBLEMS: Mapping[int, str] = Table(
    {
        400: lambda: gettext("The request cannot be read."),
        401: lambda: gettext("Send a valid token: Authorization: Bearer <token>."),
        403: lambda: gettext("This token may not do this."),
        404: lambda: gettext("It doesn't exist, or this token may not see it."),
        405: lambda: gettext("This address does not take this method. See the header Allow."),
        406: lambda: gettext("The API answers in JSON only. Accept application/json."),
        408: lambda: gettext("The request didn't arrive in full. Send it again."),
        409: lambda: gettext("Another user has changed this. Read it again, then repeat."),
        412: lambda: gettext("It has changed since you read it. Read it again, then repeat."),
        413: lambda: gettext("The body is too large. Send at most 1 MB."),
        414: lambda: gettext("The address is too long. Use fewer or shorter parameters."),
        415: lambda: gettext("Send JSON in UTF-8, with Content-Type: application/json."),
        422: lambda: gettext("Some values cannot be used. See errors."),
        429: lambda: gettext("Too many requests. Wait as long as Retry-After says."),
        500: lambda: gettext("The error is on our side and was logged. Try again later."),
        503: lambda: gettext("The service is unavailable right now. Try again in a minute."),
    }
)


def problem(status: int) -> str:
    """What is wrong, by this HTTP status code; of one without words, that of its kind."""
    return PROBLEMS[status if status in PROBLEMS else 500 if status >= 500 else 400]


def about() -> str:
    """What the description begins with."""
    return gettext(
        "Clients, services, domains and their certificates. Every request needs a token, which"
        " sees what its user sees. Changes need an administrator’s token of scope write. An answer"
        " with an ETag can be changed with If-Match: if someone else was faster, nothing is"
        " changed and the answer is 412. Lists are read page by page: follow next_cursor until it"
        " is null."
    )


def about_tokens() -> str:
    """Where they come from."""
    return gettext("Create a token on your profile page. Send it as a bearer token.")


def token_in_address(parameter: str) -> str:
    """Addresses are kept in logs and histories."""
    return gettext(
        "Never put a token into an address: logs keep it. Remove the parameter {parameter}, send"
        " the token in the header Authorization, and replace the token.",
        parameter=parameter,
    )


def read_only() -> str:
    """The scope of the token is not enough."""
    return gettext("This token can only read. Use one of scope write.")


def metrics_only() -> str:
    """The same of a token that is for metrics."""
    return gettext("This token is for metrics only. Use one of scope read or write.")


def no_json() -> str:
    """The body is none."""
    return gettext("The body is not JSON.")


def not_utf8() -> str:
    """The body has other bytes."""
    return gettext("The body is not text in UTF-8.")


def key_twice(key: str) -> str:
    """JSON would keep the last."""
    return gettext("The body has the key “{key}” twice.", key=key)


def nested_too_deeply() -> str:
    """More than can be read."""
    return gettext("The body is nested too deeply.")


def given_twice() -> str:
    """A parameter of the address."""
    return gettext("Give this parameter once.")


def unknown_field() -> str:
    """A name that the API does not know."""
    return gettext("Unknown field.")


def missing() -> str:
    """A field that has to be there."""
    return gettext("This field is required.")


def not_null() -> str:
    """A field that always has a value."""
    return gettext("This field cannot be null.")


def not_an_object() -> str:
    """Something else than {…}."""
    return gettext("Send a JSON object.")


def not_a_list() -> str:
    """Something else than […]."""
    return gettext("Send a list.")


def not_text() -> str:
    """A number or another type in place of a text."""
    return gettext("Send a text.")


def not_boolean() -> str:
    """Another type in place of true or false."""
    return gettext("Send true or false.")


def text_refused() -> str:
    """Characters that the pattern leaves out."""
    return gettext("This text has a form or characters that cannot be used here.")


def not_whole(least: int, most: int) -> str:
    """Another type, or out of bounds."""
    return gettext("Send a whole number from {least} to {most}.", least=least, most=most)


def not_a_date() -> str:
    """Another text in place of a date."""
    return gettext("Send a date such as 2026-11-23.")


def not_one_of() -> str:
    """Another text than those on a list."""
    return gettext("Send one of the values that are listed in the documentation.")


def wrong_count(least: int, most: int) -> str:
    """A list that is too short or too long."""
    return gettext("Send {least} to {most} entries.", least=least, most=most)


def no_such_page() -> str:
    """A cursor of another list, or none."""
    return gettext("This cursor leads to no page of this list. Start again without it.")


def filter_unknown() -> str:
    """What a filter names is not there, or this user may not filter by it."""
    return gettext("Nothing here can be filtered by this value.")


def not_in_the_future() -> str:
    """A mute ends later than now."""
    return gettext("Send a day in the future.")


def no_room() -> str:
    """Too many diagnoses are under way, or one of the host name for another server."""
    return gettext(
        "Too many diagnoses are running, or this host name is being diagnosed for another server."
        " Try again in a minute."
    )


def too_many_checks(most: int) -> str:
    """Of one user, whose results are kept."""
    return gettext("You have asked for {most} checks within the hour. Try again later.", most=most)


def inactive() -> str:
    """What is not active is not checked."""
    return gettext("It is inactive or has no valid host name, so it is not checked.")


def has_belongings() -> str:
    """A client is deleted with all that is theirs only where that is said."""
    return gettext(
        "The client has services, domains or users. To delete them too, send belongings=delete."
    )


# --- tokens ---

SCOPES: Mapping[str, str] = Table(
    {
        "read": lambda: gettext("Read"),
        "write": lambda: gettext("Read and change"),
        "metrics": lambda: gettext("Metrics only"),
    }
)


def token_state(ends_at: datetime | None, now: datetime) -> str:
    """Until when a token works."""
    if ends_at is None:
        return gettext("Does not expire")
    if ends_at <= now:
        return gettext("Expired on {day}", day=day_text(ends_at))
    return gettext("Expires on {day}", day=day_text(ends_at))


def token_revoked(name: str) -> str:
    """Done."""
    return gettext("Token “{name}” revoked.", name=name)


def token_name_missing() -> str:
    """It is known by its name from then on."""
    return gettext("Enter a name, such as the program that uses the token.")


def whose_token() -> str:
    """An administrator makes one for another user."""
    return gettext("Enter an e-mail address of a user, or a client’s name or reference.")


def too_many_tokens(most: int) -> str:
    """Of one user or client."""
    return gettext("There are already {most} tokens. Revoke one first.", most=most)


def end_in_the_past() -> str:
    """A token that would not work."""
    return gettext("Enter a day in the future, or leave this empty.")


def metrics_for_admins() -> str:
    """Metrics are about the whole site."""
    return gettext("Only administrators can use a token for metrics.")
