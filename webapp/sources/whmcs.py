"""WHMCS: its external API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any

from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.sources.fault import Fault
from webapp.sources.http import SourceAnswer
from webapp.sources.panel import ALL_COLUMNS, Panel, Progressing, listed
from webapp.sources.rows import Record, Row, id_of, nested

PATH = "/includes/api.php"
PAGE_ROWS = 250
_SERVICES = MappingProxyType({status.lower(): status.value for status in ServiceStatus})
_DOMAINS = MappingProxyType(
    {status.lower(): status.value for status in DomainStatus}
    | dict.fromkeys(("grace", "grace period (expired)"), DomainStatus.GRACE_PERIOD.value)
    | dict.fromkeys(
        ("redemption", "redemption period (expired)"), DomainStatus.REDEMPTION_PERIOD.value
    )
)
_CALLS = {
    "client": ("GetClients", "clients", "client"),
    "service": ("GetClientsProducts", "products", "product"),
    "domain": ("GetClientsDomains", "domains", "domain"),
}
_ADDRESS = re.compile(r"Invalid IP:? ([0-9A-Fa-f.:]{2,45})")


class Whmcs(Panel):
    columns = ALL_COLUMNS

    def pages(self, kind: str) -> Iterator[list[Row]]:
        others = self._others() if kind == "service" and not self.access.watch_other else set()
        call, outer, inner = _CALLS[kind]
        order = {"orderby": "id"} if kind == "client" else {}
        progressing = Progressing(call)
        start = 0
        while True:
            paging = {"limitstart": str(start), "limitnum": str(PAGE_ROWS)}
            found = self._list(call, outer, inner, paging | order)
            if not found:
                return
            progressing.page({id_of(one.get("id")) for one in found if isinstance(one, Mapping)})
            yield [_row(kind, one, others) for one in found]
            # A panel may send fewer than it was asked for: what came counts
            start += len(found)

    def _others(self) -> set[str]:
        """The ids of the products that are no hosting."""
        found = self._list("GetProducts", "products", "product", {})
        return {
            id_of(one.get("pid"))
            for one in found
            if isinstance(one, Mapping) and one.get("type") == "other"
        } - {""}

    def _list(self, call: str, outer: str, inner: str, asked: Mapping[str, str]) -> list[Any]:
        found = nested(self._call(call, asked)).get(outer)
        if isinstance(found, Mapping):
            # Nothing found: the inner list is missing, or empty in one of many ways
            return listed(found.get(inner) if inner in found or not found else found, call)
        return listed(found, call)

    def _call(self, call: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        """The answer to one call. Raises `Fault`."""
        credentials = self.access.credentials
        form = {
            "identifier": credentials["identifier"],
            "secret": credentials["secret"],
            "action": call,
            "responsetype": "json",
            **asked,
        }
        if credentials.get("access_key"):
            form["accesskey"] = credentials["access_key"]
        url = self.access.url
        url = url if url.endswith(".php") else url + PATH
        answer = self.http.ask("POST", url, form=form)
        found = answer.json(call)
        if not isinstance(found, Mapping) or "result" not in found:
            raise _without_result(answer, call)
        if found["result"] != "success":
            raise _refusal(found.get("message"), call)
        if answer.status != 200:
            raise Fault("status", status=answer.status, call=call)
        return found


def _without_result(answer: SourceAnswer, call: str) -> Fault:
    if answer.status != 200:
        return Fault("status", status=answer.status, call=call)
    return Fault("other product", call=call)


def _refusal(message: Any, call: str) -> Fault:
    """What the message of an error means; it may hold anything, and is not shown itself."""
    text = message if isinstance(message, str) else ""
    if found := _ADDRESS.search(text):
        try:
            return Fault("address", address=str(ip_address(found[1])))
        except ValueError:
            return Fault("address unknown")
    lower = text.lower()
    if "invalid ip" in lower:
        return Fault("address unknown")
    if "authentication failed" in lower or "invalid or missing credentials" in lower:
        return Fault("secret")
    if "permission" in lower:
        return Fault("permission", call=call)
    return Fault("panel error", call=call)


def _row(kind: str, sent: Any, others: set[str]) -> Row:
    record = Record(kind, sent)
    row = record.row
    if row.problems:
        return row
    row.key = record.id("id")
    if kind == "client":
        row.cells = {
            "client_name": record.name("companyname", "firstname", "lastname", decode=True),
            "contact_email": record.text("email", "contact_email"),
        }
    elif kind == "service":
        row.client = record.id("clientid", "client")
        row.watched = id_of(record.get("pid")) not in others
        row.cells = {
            "product": record.text("name", "product", decode=True),
            "domain": record.text("domain", "domain", decode=True),
            "status": record.status("status", _SERVICES),
            "next_due": record.day("nextduedate", "next_due"),
            "server": record.address("dedicatedip") or record.address("serverip"),
        }
    else:
        row.client = record.id("userid", "client")
        row.cells = {
            "domain": record.text("domainname", "domain", decode=True),
            "status": record.status("status", _DOMAINS),
            "registered": record.day("regdate", "registered"),
            "expires": record.day("expirydate", "expires"),
        }
    return row
