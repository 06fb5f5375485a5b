"""Who renews a certificate, in words."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.words.translation import Table, gettext

# As the provider's own people say it
WHO_RENEWS: Mapping[str, str] = Table(
    {
        "provider": lambda: gettext("We do"),
        "client": lambda: gettext("The client does"),
        "automatic": lambda: gettext("It renews itself"),
    }
)
# What its client is asked to do about a certificate that expires soon or has expired
_ASKS: Mapping[str, str] = Table(
    {
        "provider": lambda: gettext("We’ll renew it. You don’t need to do anything."),
        "client": lambda: gettext("Please renew the certificate, and install the new one."),
        "automatic": lambda: gettext(
            "It should have been renewed automatically. Please check why it wasn’t, or ask us."
        ),
    }
)


def not_said() -> str:
    """The choice of a form that says nothing."""
    return gettext("Not set")


def asks(who_renews: str) -> str:
    """ "Please renew it, …": what the mail to a client asks for; empty where it is not known who
    renews."""
    return _ASKS[who_renews] if who_renews else ""
