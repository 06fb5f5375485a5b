"""The mails that are sent, in words: a subject and a text each."""

from __future__ import annotations

from webapp.words.translation import gettext


def password_reset_subject() -> str:
    """Of the mail with a link to choose a new password."""
    return gettext("Choose a new password for Padlock")


def password_reset_text(name: str, link: str) -> str:
    """For the user of this name."""
    return gettext(
        "Hello {name},\n\nyou asked for a new password for Padlock. Choose it here within an hour:"
        "\n\n{link}\n\nIf you did not ask for it, do nothing: your password stays as it is.\n",
        name=name,
        link=link,
    )


def test_subject() -> str:
    """Of the mail that *Try again* sends to an address which was refused."""
    return gettext("Test mail from Padlock")


def test_text(site: str) -> str:
    """Of the same mail."""
    return gettext(
        "Hello,\n\nthis is a test: mails to this address were refused, and this one was accepted."
        "\nYou don’t have to do anything.\n\n{site}\n",
        site=site,
    )


def tried_again(email: str) -> str:
    """After *Try again*."""
    return gettext(
        "A test mail to {email} is on its way. If it is accepted, the warning here goes away.",
        email=email,
    )
