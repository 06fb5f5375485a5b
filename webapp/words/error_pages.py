"""Error pages in words: a title, and what it means with what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from webapp.words.translation import gettext

Page = tuple[str, str]

# By HTTP status code
PAGES: Mapping[int, Callable[[], Page]] = MappingProxyType(
    {
        400: lambda: (
            gettext("That did not work"),
            gettext(
                "Your browser sent something we can't use. Go back, reload the page and try again."
            ),
        ),
        401: lambda: (gettext("Please sign in"), gettext("Sign in to see this page.")),
        403: lambda: (
            gettext("You don't have access to this page"),
            gettext("Ask an administrator if you need it."),
        ),
        404: lambda: (
            gettext("Page not found"),
            gettext("This page doesn't exist, or you can't view it."),
        ),
        405: lambda: (
            gettext("That does not work here"),
            gettext("Go back, reload the page and try again."),
        ),
        408: lambda: (
            gettext("That took too long"),
            gettext("Your request didn't arrive in full. Check your connection, then try again."),
        ),
        410: lambda: (
            gettext("This link no longer works"),
            gettext(
                "It was already used, or it has expired. Sign in, or restart the site for a new"
                " one."
            ),
        ),
        413: lambda: (gettext("That is too large"), gettext("Send a smaller file or form.")),
        414: lambda: (gettext("The address is too long"), gettext("Use fewer or shorter filters.")),
        415: lambda: (gettext("Unsupported format"), gettext("We can't read what was sent.")),
        429: lambda: (
            gettext("Too many attempts"),
            gettext("Please wait a few minutes, then try again."),
        ),
        500: lambda: (
            gettext("Something went wrong"),
            gettext("The error is on our side and was logged. Please try again later."),
        ),
        503: lambda: (
            gettext("Temporarily unavailable"),
            gettext("We can't reach our database. Please try again in a minute."),
        ),
    }
)


def page(code: int) -> Page:
    """Title and text of the page of this status code; of one without words, those of its kind."""
    return PAGES[code if code in PAGES else 500 if code >= 500 else 400]()


def no_memory() -> Page:
    """Why a page could not be made."""
    return (
        gettext("Our server is short of memory"),
        gettext("We couldn't finish what you asked for. Please try again in a minute."),
    )


def not_checked() -> Page:
    """Why a sign-in failed through no fault of the user's."""
    return (
        gettext("We couldn't check your password"),
        gettext(
            "Something failed on our side, so your password may well be right. Please try again in"
            " a minute."
        ),
    )


def too_many_hashes() -> Page:
    """Why a password was not looked at."""
    return (
        gettext("Too many people are signing in"),
        gettext("Nothing was changed. Please try again in a few seconds."),
    )


def not_saved() -> Page:
    """Why a change failed while the database takes none."""
    return (
        gettext("Nothing can be saved right now"),
        gettext("You can read pages, but not change them. Please try again later."),
    )


def no_sign_in() -> Page:
    """The same for a sign-in."""
    return (
        gettext("You can't sign in right now"),
        gettext("Our server can't save anything at the moment. Please try again later."),
    )


def too_many_exports() -> Page:
    """Why an export did not start."""
    return (
        gettext("Too many exports are running"),
        gettext(
            "You can run two exports at once, and there is a limit for all users together. Wait"
            " until one has finished, then try again."
        ),
    )


def not_in_their_name() -> str:
    """Why an administrator who views the site as a user may not change this."""
    return gettext(
        "You are viewing the site as another user. Only they can change this: go back to your own"
        " view first."
    )
