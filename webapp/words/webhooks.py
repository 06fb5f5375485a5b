"""Webhooks: what pages say of them and of what was sent."""

from __future__ import annotations

from webapp.words import channels
from webapp.words.translation import gettext, ngettext


def service() -> str:
    return gettext("Webhook")


def delivery_text(status: int | None, problem: str) -> str:
    """What the last try of a delivery came to."""
    if problem:
        return channels.problem_text(problem, "")
    if status is None:
        return gettext("Being sent")
    return gettext("HTTP status {status}", status=status)


def tries_text(tries: int) -> str:
    return ngettext("{count} try", "{count} tries", tries)


def rotated(name: str) -> str:
    return gettext(
        "{name} has a new secret. For 24 hours, messages are signed with the previous one as well.",
        name=name,
    )


def sent_again(name: str) -> str:
    return gettext("The message is sent to {name} again, with the same id.", name=name)


def key_changed() -> str:
    return gettext(
        "The secret can’t be decrypted, because PADLOCK_SECRET_KEY has changed. Create a new one"
        " and enter the URL again."
    )
