"""The exports of billing systems and control panels, and our own lists, and how each is read."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.imports.mapping import Mapping


@dataclass(frozen=True)
class Export:
    """A billing system's export: the headings that it is recognised by (of each group at least
    one), and what they hold."""

    source: str
    kind: str
    needs: str  # groups apart by blanks, alternatives by "|"
    columns: Dict[str, str]
    name_parts: str = ""

    def mapping_of(self, keys: Sequence[str]) -> Mapping | None:
        """How to read a file with these headings; None where it is no such export."""
        there = set(keys)
        if not all(there & set(group.split("|")) for group in self.needs.split()):
            return None
        columns = {
            ours: keys.index(name)
            for ours, names in self.columns.items()
            if (name := next((name for name in names.split("|") if name in there), None))
        }
        parts = [
            keys.index(name) if name in there else len(keys) for name in self.name_parts.split()
        ]
        return Mapping(columns, parts, kind=self.kind, source=self.source)


# Of our own lists. "Expires" is the certificate there, which an import does not set.
_OF_ITEMS = {
    "client": "clientreference",
    "client_name": "client",
    "domain": "domain",
    "status": "status",
    "note": "note",
    "tags": "tags",
}
EXPORTS = (
    Export(
        "padlock_clients",
        "client",
        "name reference contactemail note tags services domains users since",
        {"client": "reference", "client_name": "name", "contact_email": "contactemail"}
        | {"note": "note", "tags": "tags"},
    ),
    Export(
        "padlock_services",
        "service",
        "product domain status nextdue lastchecked client clientreference contactemail reference"
        " server note tags",
        _OF_ITEMS
        | {"product": "product", "next_due": "nextdue", "reference": "reference"}
        | {"server": "server", "who_renews": "whorenews"},
    ),
    Export(
        "padlock_domains",
        "domain",
        "domain status registered registereduntil lastchecked client clientreference contactemail"
        " note tags",
        _OF_ITEMS | {"registered": "registered", "expires": "registereduntil"},
    ),
    Export(
        "whmcs_services",
        "service",
        "userid|clientid id|serviceid productname|product|productservice domainname|domain"
        " nextduedate|billingcycle status",
        {
            "client": "userid|clientid",
            "client_name": "clientname",
            "reference": "id|serviceid",
            "product": "productname|product|productservice",
            "domain": "domainname|domain",
            "status": "status",
            "next_due": "nextduedate",
            "server": "dedicatedip",
        },
    ),
    Export(
        "whmcs_domains",
        "domain",
        "userid|clientid domainname|domain expirydate registrationdate|registrar|regdate status",
        {
            "client": "userid|clientid",
            "client_name": "clientname",
            "domain": "domainname|domain",
            "status": "status",
            "registered": "registrationdate|regdate",
            "expires": "expirydate",
        },
    ),
    Export(
        "whmcs_clients",
        "client",
        "id|clientid|userid firstname lastname companyname",
        {"client": "id|clientid|userid"},
        "companyname firstname lastname email",
    ),
    Export(
        "fossbilling_orders",
        "",
        "id clientid title servicetype status",
        {
            "kind": "servicetype",
            "client": "clientid",
            "reference": "id",
            "product": "title",
            "domain": "domain|title",
            "status": "status",
            "next_due": "expiresat",
            "registered": "activatedat|createdat",
            "expires": "expiresat",
        },
    ),
    Export(
        "fossbilling_clients",
        "client",
        "id email firstname lastname company",
        {"client": "id"},
        "company firstname lastname email",
    ),
    Export(
        "cpanel",
        "service",
        "domain username|user diskpartition|diskspaceused|unixstartdate|theme|diskused",
        {
            "client_name": "username|user",
            "product": "package|plan",
            "domain": "domain",
            "server": "ip|ipaddress",
        },
    ),
    Export(
        "plesk",
        "service",
        "subscription|domainname|domain|name subscriber|hostingtype setupdate|expirationdate|status"
        "|serviceplan",
        {
            "client_name": "subscriber|owner|customer",
            "product": "serviceplan|plan|hostingtype",
            "domain": "subscription|domainname|domain|name",
            "status": "status",
            "next_due": "expirationdate|expirydate",
            "server": "ipaddress",
        },
    ),
)
HEADINGS = frozenset(
    name
    for export in EXPORTS
    for name in f"{export.needs} {export.name_parts}".replace("|", " ").split()
)
