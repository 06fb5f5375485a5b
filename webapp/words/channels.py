"""Channels, over which warnings go besides mail: what pages and messages say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from webapp.words.translation import Table, gettext, ngettext

MESSAGE_LABELS: Mapping[str, str] = Table(
    {
        "expired": lambda: gettext("Expired"),
        "urgent": lambda: gettext("Expires very soon"),
        "expiring": lambda: gettext("Expires soon"),
        "late": lambda: gettext("Not renewed at its usual time"),
        "invalid": lambda: gettext("Invalid"),
        "unknown": lambda: gettext("No answer for days"),
        "recovered": lambda: gettext("Valid again"),
        "changed": lambda: gettext("Different certificate"),
    }
)
# Why a URL was refused, or a message not sent
PROBLEMS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "unknown": lambda _: gettext(
            "Apprise doesn’t know this URL. Compare it with the examples of the service in the"
            " documentation of Apprise."
        ),
        "local": lambda _: gettext(
            "This service shows messages on the server that Padlock runs on. Choose another one."
        ),
        "blocked": lambda _: gettext(
            "This leads to a private or denied address. Use a public address, or add its network to"
            " PADLOCK_ALLOWED_NETWORKS."
        ),
        "key": lambda _: gettext(
            "The URL can’t be decrypted, because PADLOCK_SECRET_KEY has changed. Enter it again."
        ),
        "tls": lambda _: gettext(
            "The TLS connection failed: the receiver’s certificate is not valid. Check its host"
            " name with Padlock."
        ),
        "status": lambda detail: gettext(
            "The service answered with HTTP status {status}.", status=detail
        ),
        "silent": lambda _: gettext(
            "The service didn’t accept the message, or couldn’t be reached."
        ),
        "slow": lambda detail: gettext(
            "The service didn’t answer within {seconds} seconds.", seconds=detail
        ),
        "error": lambda detail: gettext("Padlock failed with {error}.", error=detail),
    }
)


def problem_text(problem: str, detail: str) -> str:
    return PROBLEMS.get(problem, PROBLEMS["error"])(detail)


def limits_text(kinds: list[str], products: list[str], clients: list[int]) -> str:
    """What a channel is told of: "Everything", or what it is limited to."""
    parts = [
        ", ".join(MESSAGE_LABELS[kind] for kind in MESSAGE_LABELS if kind in kinds),
        ", ".join(products),
        ngettext("{count:,} client", "{count:,} clients", len(clients)) if clients else "",
    ]
    return "; ".join(part for part in parts if part) or gettext("Everything")


def works() -> str:
    """The last message was accepted."""
    return gettext("Works")


def not_used_yet() -> str:
    return gettext("Nothing sent yet")


def test_title() -> str:
    return gettext("Test message from Padlock")


def test_body() -> str:
    return gettext("This channel works. Warnings about certificates will arrive here.")


def name_taken() -> str:
    return gettext("Another channel has this name. Choose a different one.")


def name_missing() -> str:
    return gettext("Enter a name.")


def url_missing() -> str:
    return gettext("Enter the Apprise URL of the service.")


def webhook_url_missing() -> str:
    return gettext("Enter the URL that receives the webhooks.")


def not_a_webhook_url() -> str:
    return gettext("Enter a URL that begins with https://, such as https://example.com/hooks.")


def password_in_url() -> str:
    return gettext(
        "Put no user name or password in the URL. The signature shows who sends the webhook."
    )


def not_encrypted() -> str:
    return gettext(
        "Use https://. Padlock sends webhooks unencrypted only to this machine, and to addresses in"
        " PADLOCK_ALLOWED_NETWORKS."
    )


def url_too_long() -> str:
    """Few enough characters, and too many bytes."""
    return gettext(
        "This URL is too long to be stored, because letters such as ä or 字 take more space."
        " Shorten it."
    )


def no_such_product(product: str) -> str:
    return gettext("No service has the product “{product}”.", product=product)


def not_a_client(text: str, problem: str) -> str:
    return gettext("“{text}”: {problem}", text=text, problem=problem)


def saved(name: str) -> str:
    return gettext("{name} was saved. Send a test message to see whether it works.", name=name)


def paused(name: str) -> str:
    return gettext("{name} is paused. Nothing is sent to it.", name=name)


def resumed(name: str) -> str:
    return gettext("{name} was resumed.", name=name)


def deleted(name: str) -> str:
    return gettext("{name} was deleted.", name=name)
