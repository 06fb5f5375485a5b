"""What the statuses of services and domains are called."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.words.translation import Table, gettext

STATUSES: Mapping[str, str] = Table(
    {
        "Active": lambda: gettext("Active"),
        "Cancelled": lambda: gettext("Cancelled"),
        "Closed": lambda: gettext("Closed"),
        "Completed": lambda: gettext("Completed"),
        "Expired": lambda: gettext("Expired"),
        "Fraud": lambda: gettext("Fraud"),
        "Grace Period": lambda: gettext("Grace Period"),
        "Pending": lambda: gettext("Pending"),
        "Pending Registration": lambda: gettext("Pending Registration"),
        "Pending Transfer": lambda: gettext("Pending Transfer"),
        "Redemption Period": lambda: gettext("Redemption Period"),
        "Suspended": lambda: gettext("Suspended"),
        "Terminated": lambda: gettext("Terminated"),
        "Transferred Away": lambda: gettext("Transferred Away"),
    }
)
