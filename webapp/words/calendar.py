"""The calendar of expiries in words."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.words.translation import gettext


def title(site_name: str) -> str:
    """The name of the calendar."""
    return gettext("Certificates in {site}", site=site_name)


def expires(name: str) -> str:
    """What happens at the time of an event."""
    return gettext("The certificate of {name} expires", name=name)


def description(issuer: str, clients: Iterable[str]) -> str:
    """What else is worth knowing of it; `clients` are those whose name it is."""
    lines = [gettext("Issued by {issuer}.", issuer=issuer)] if issuer else []
    lines += [gettext("Client: {client}", client=client) for client in clients]
    lines.append(gettext("This event moves when the certificate is renewed."))
    return "\n".join(lines)


def gone() -> str:
    """What a link answers that was revoked or replaced."""
    return gettext(
        "This calendar link no longer works. Sign in, create a new one on your profile, and"
        " subscribe to that."
    )
