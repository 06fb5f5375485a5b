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
