"""The headings of the CSV files that can be exported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webapp.words.translation import Table, gettext

HEADINGS: Mapping[str, str] = Table(
    {
        "browsers": lambda: gettext("Browsers"),
        "client": lambda: gettext("Client"),
        "client_note": lambda: gettext("Client note"),
        "client_reference": lambda: gettext("Client reference"),
        "contact_email": lambda: gettext("Contact e-mail"),
        "days_left": lambda: gettext("Days left"),
        "domain": lambda: gettext("Domain"),
        "domains": lambda: gettext("Domains"),
        "expires": lambda: gettext("Expires"),
        "issuer": lambda: gettext("Issuer"),
        "kind": lambda: gettext("Kind"),
        "last_changed": lambda: gettext("Last changed"),
        "last_checked": lambda: gettext("Last checked"),
        "name": lambda: gettext("Name"),
        "next_due": lambda: gettext("Next due"),
        "note": lambda: gettext("Note"),
        "product": lambda: gettext("Product"),
        "reason": lambda: gettext("Reason"),
        "reference": lambda: gettext("Reference"),
        "registered": lambda: gettext("Registered"),
        "registered_until": lambda: gettext("Registered until"),
        "server": lambda: gettext("Server"),
        "services": lambda: gettext("Services"),
        "since": lambda: gettext("Since"),
        "state": lambda: gettext("State"),
        "status": lambda: gettext("Status"),
        "tags": lambda: gettext("Tags"),
        "time_zone": lambda: gettext("Time zone"),
        "users": lambda: gettext("Users"),
        "who_renews": lambda: gettext("Who renews"),
    }
)


def headings(columns: Iterable[str]) -> tuple[str, ...]:
    """What these columns are called."""
    return tuple(HEADINGS[column] for column in columns)
