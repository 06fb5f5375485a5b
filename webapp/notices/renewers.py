"""Who renews the certificate of a service or domain."""

from __future__ import annotations

from webapp.alerts.rules import RuleBook
from webapp.customers.access import Item
from webapp.customers.models import Service
from webapp.renewer import Renewer


def who_renews(item: Item, book: RuleBook) -> Renewer | None:
    """What is said of a service itself; else by the most specific rule: a domain has no product.
    None where nothing is said."""
    if isinstance(item, Service) and item.who_renews is not None:
        return item.who_renews
    name, issuer = (item.target.authority, item.target.issuer) if item.target else ("", "")
    product = item.product if isinstance(item, Service) else None
    return book.rule_for(name, str(item.client_id), product, issuer or "").who_renews
