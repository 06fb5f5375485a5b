"""The labels of the fields of forms."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.words.translation import LazyText, Table, gettext

LABELS: Mapping[str, str] = Table(
    {
        "add_tags": lambda: gettext("Add tags"),
        "client": lambda: gettext("Client"),
        "source_kind": lambda: gettext("Billing system"),
        "source_url": lambda: gettext("Address"),
        "source_identifier": lambda: gettext("API identifier"),
        "source_secret": lambda: gettext("API secret"),
        "source_access_key": lambda: gettext("API access key"),
        "source_api_key": lambda: gettext("API key"),
        "source_token": lambda: gettext("API key"),
        "source_add_users": lambda: gettext("Add a user for each client"),
        "source_watch_other": lambda: gettext("Check products of type “other”, too"),
        "source_property_key": lambda: gettext("Property with the domain"),
        "source_gone_percent": lambda: gettext("Stop if more than this is gone, in %"),
        "client_name": lambda: gettext("Name of the client"),
        "assigned": lambda: gettext("Assign to"),
        "channel_clients": lambda: gettext("Only these clients, one per line"),
        "channel_products": lambda: gettext("Only these products, one per line"),
        "channel_url": lambda: gettext("Apprise URL"),
        "webhook_url": lambda: gettext("URL"),
        "link_name": lambda: gettext("Host name"),
        "link_days": lambda: gettext("Days"),
        "contact_email": lambda: gettext("Contact e-mail"),
        "current_password": lambda: gettext("Current password"),
        "digest_at": lambda: gettext("Daily digest at (UTC)"),
        "digest_hour": lambda: gettext("Daily digest at"),
        "domain": lambda: gettext("Domain"),
        "domain_status": lambda: gettext("Status of the domains"),
        "email": lambda: gettext("E-mail"),
        "expiring_days": lambda: gettext("First warning, days left"),
        "expiring_share": lambda: gettext("First warning, % of the lifetime left"),
        "gather_minutes": lambda: gettext("Minutes for which an incident collects names"),
        "mail_body": lambda: gettext("Text"),
        "mail_sample": lambda: gettext("Preview with"),
        "mail_subject": lambda: gettext("Subject"),
        "mails_to_clients": lambda: gettext("Mails to clients"),
        "name": lambda: gettext("Name"),
        "new_client": lambda: gettext("Create it if it doesn’t exist"),
        "new_password": lambda: gettext("New password"),
        "next_due": lambda: gettext("Next due"),
        "note": lambda: gettext("Note"),
        "password": lambda: gettext("Password"),
        "product": lambda: gettext("Product"),
        "quiet_from": lambda: gettext("Quiet hours from"),
        "quiet_until": lambda: gettext("Quiet hours until"),
        "reference": lambda: gettext("Reference"),
        "registered": lambda: gettext("Registered"),
        "registered_until": lambda: gettext("Registered until"),
        "remove_tags": lambda: gettext("Remove tags"),
        "role": lambda: gettext("Role"),
        "server": lambda: gettext("Server"),
        "service_status": lambda: gettext("Status of the services"),
        "snoozed_until": lambda: gettext("Snooze until"),
        "status": lambda: gettext("Status"),
        "subject": lambda: gettext("Subject"),
        "tags": lambda: gettext("Tags"),
        "text": lambda: gettext("Text"),
        "to": lambda: gettext("To"),
        "token_ends_on": lambda: gettext("Expires on"),
        "token_name": lambda: gettext("Name"),
        "token_owner": lambda: gettext("User or client"),
        "token_scope": lambda: gettext("Access"),
        "unknown_days": lambda: gettext("Days without an answer"),
        "urgent_days": lambda: gettext("Urgent warning, days left"),
        "urgent_share": lambda: gettext("Urgent warning, % of the lifetime left"),
        "warnings_by_mail": lambda: gettext("Warnings by mail"),
        "zone": lambda: gettext("Time zone"),
        "who_renews": lambda: gettext("Who renews the certificate"),
        "your_name": lambda: gettext("Your name"),
    }
)


def label(field: str) -> LazyText:
    """The label of this field, for a form that is defined before there is a reader."""
    return LazyText(LABELS.__getitem__, field)
