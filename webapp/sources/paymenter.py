"""Paymenter: its admin API, version 1. It has no domains of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from webapp.customers.models import ServiceStatus
from webapp.sources.fault import Fault
from webapp.sources.panel import Panel, Progressing
from webapp.sources.rows import Record, Row, id_of, records
from webapp.words import sources as say

PATH = "/api/v1/admin"
PAGE_ROWS = 200
# A date is written as the instant at which it begins where the panel is: at most so far from UTC
_HALF_A_DAY = timedelta(hours=12)
_STATUSES = MappingProxyType(
    {
        "pending": ServiceStatus.PENDING.value,
        "active": ServiceStatus.ACTIVE.value,
        "suspended": ServiceStatus.SUSPENDED.value,
        "cancelled": ServiceStatus.CANCELLED.value,
    }
)
_LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {"client": ("users", {}), "service": ("services", {"include": "user,product,properties"})}
)
Included = Mapping[tuple[str, str], Mapping[str, Any]]


class Paymenter(Panel):
    columns = frozenset(("product", "domain", "status", "next_due", "contact_email"))

    def pages(self, kind: str) -> Iterator[list[Row]]:
        if kind not in _LISTS:
            return
        call, asked = _LISTS[kind]
        progressing = Progressing(call)
        number = 1
        while True:
            paging = {"page": str(number), "per_page": str(PAGE_ROWS), "sort": "id"}
            found = self._call(call, {**asked, **paging})
            sent = found.get("data")
            links = found.get("links")
            # Without "next" it is not known where the list ends
            if not (isinstance(sent, list) and isinstance(links, Mapping) and "next" in links):
                raise Fault("no list", call=call)
            progressing.page({id_of(one.get("id")) for one in sent if isinstance(one, Mapping)})
            included = self._included(found)
            yield [
                _client(one) if kind == "client" else self._service(one, included) for one in sent
            ]
            if links["next"] is None:
                return
            number += 1  # where the link itself leads is not ours to trust

    def _included(self, found: Mapping[str, Any]) -> Included:
        """What came along, by type and id: of properties the one with the domain only."""
        kept: dict[tuple[str, str], Mapping[str, Any]] = {}
        for one in records(found.get("included")):
            if not isinstance(one, Mapping) or not isinstance(one.get("attributes"), Mapping):
                continue
            kind = str(one.get("type"))
            facts = one["attributes"]
            if kind == "products" or facts.get("key") == self.access.property_key:
                names = ("name", "value")
                kept[kind, id_of(one.get("id"))] = {n: facts[n] for n in names if n in facts}
        return kept

    def _service(self, sent: Any, included: Included) -> Row:
        record = Record("service", sent)
        row = record.row
        if row.problems:
            return row
        facts = record.part("attributes")
        related = record.part("relationships")
        row.key = id_of(record.get("id")) or facts.id("id")
        row.client = related.part("user").part("data").id("id", "client")
        product = id_of(related.part("product").part("data").get("id"))
        title = Record("service", included.get(("products", product), {}))
        title.row = row
        row.cells = {
            "product": title.text("name", "product") or (f"#{product}" if product else ""),
            "domain": _domain(related, included, row),
            "status": facts.status("status", _STATUSES),
            "next_due": _day(facts, row),
        }
        return row

    def _call(self, call: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        url = self.access.url
        for end in (PATH, "/api/v1", "/api"):
            url = url.removesuffix(end)
        headers = {
            "authorization": f"Bearer {self.access.credentials['token']}",
            "accept": "application/json",
        }
        answer = self.http.ask("GET", f"{url}{PATH}/{call}", params=asked, headers=headers)
        found = answer.json(call)
        if answer.status != 200:
            raise _refusal(found, answer.status, call, asked.get("include", ""))
        if not isinstance(found, Mapping) or "data" not in found:
            raise Fault("other product", call=call)
        return found


def _refusal(found: Any, status: int, call: str, include: str) -> Fault:
    """What an error means; its message may hold anything, and is not shown itself."""
    message = str(found.get("message")) if isinstance(found, Mapping) else ""
    if status == 401:
        return Fault("secret")
    if status == 403 and "unauthorized" in message.lower():
        return Fault("permission", call=f"admin.{call}.view")
    if status == 403:
        return Fault("no access")
    if status == 400 and "include" in message.lower():
        lacking = [permission for name, permission in _PERMISSIONS.items() if name in message]
        return Fault("permission", call=", ".join(lacking) or include)
    return Fault("status", status=status, call=call)


_PERMISSIONS = MappingProxyType(
    {
        "user": "admin.users.view",
        "product": "admin.products.view",
        "properties": "admin.properties.view",
    }
)


def _client(sent: Any) -> Row:
    record = Record("client", sent)
    row = record.row
    if not row.problems:
        facts = record.part("attributes")
        row.key = id_of(record.get("id")) or facts.id("id")
        row.cells = {
            "client_name": facts.name("", "first_name", "last_name"),
            "contact_email": facts.text("email", "contact_email"),
        }
    return row


def _domain(related: Record, included: Included, row: Row) -> str:
    """The property with the domain; empty where there is none."""
    for one in records(related.part("properties").get("data")):
        key = id_of(one.get("id")) if isinstance(one, Mapping) else ""
        if found := included.get(("properties", key)):
            record = Record("service", found)
            record.row = row
            return record.text("value", "domain")
    return ""


def _day(facts: Record, row: Row) -> str:
    text = facts.text("expires_at", "next_due")
    if not text:
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        row.wrong("next_due", say.no_instant())
        return ""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return (at + _HALF_A_DAY).date().isoformat()
