"""FOSSBilling: its admin API.

Every order that is no domain is a service. Its domain and its server are those of its hosting
account, and orders that the panel leaves out of its list, as it does with add-ons, are taken from
their accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from webapp.customers.models import DomainStatus, ServiceStatus
from webapp.sources.fault import Fault
from webapp.sources.panel import ALL_COLUMNS, Panel, Progressing, listed
from webapp.sources.rows import Record, Row, id_of, records

PATH = "/api/admin"
PAGE_ROWS = 500  # more is an error there
_SERVICES = MappingProxyType(
    dict.fromkeys(("pending_setup", "failed_setup"), ServiceStatus.PENDING.value)
    | dict.fromkeys(("active", "failed_renew"), ServiceStatus.ACTIVE.value)
    | {"suspended": ServiceStatus.SUSPENDED.value, "canceled": ServiceStatus.CANCELLED.value}
)
_DOMAINS = MappingProxyType(
    dict.fromkeys(("pending_setup", "failed_setup"), DomainStatus.PENDING.value)
    | dict.fromkeys(("failed_renew", "suspended"), DomainStatus.GRACE_PERIOD.value)
    | {"active": DomainStatus.ACTIVE.value, "canceled": DomainStatus.CANCELLED.value}
)
_PERMISSION = re.compile(r'the "([a-z_.]{1,60})" permission')
_NAMES = ("register", "transfer", "owndomain")  # what is done with a domain
_WRONG_KEY = range(201, 207)
_UNAUTHORIZED_ADDRESS = 1002
_REFERRER = 1004


class Fossbilling(Panel):
    columns = ALL_COLUMNS

    def pages(self, kind: str) -> Iterator[list[Row]]:
        if kind == "client":
            yield from self._clients()
        elif kind == "service":
            yield from self._services()
        else:
            for page in self._lists("order/get_list", {"type": "domain"}):
                yield [self._domain(sent) for sent in page if _type_of(sent) == "domain"]

    def _clients(self) -> Iterator[list[Row]]:
        """Clients of one second come in any order: where some were missed, all are read again."""
        ids: set[str] = set()
        for _ in range(2):
            total = 0
            for found in self._answers("client/get_list", {}):
                page = [_client(sent) for sent in records(found.get("list"))]
                ids.update(row.key for row in page)
                total = int(id_of(found.get("total")) or 0)
                yield page
            if len(ids) >= total:
                return

    def _services(self) -> Iterator[list[Row]]:
        servers = {
            id_of(sent.get("id")): sent.get("ip")
            for page in self._lists("servicehosting/server_get_list", {})
            for sent in page
            if isinstance(sent, Mapping)
        }
        accounts: dict[str, dict[str, Any]] = {}
        for page in self._lists("servicehosting/account_get_list", {}):
            for sent in page:
                order = sent.get("order") if isinstance(sent, Mapping) else None
                if isinstance(order, Mapping) and (key := id_of(order.get("id"))):
                    accounts[key] = _kept(sent, order, servers)
        for page in self._lists("order/get_list", {}):
            others = [sent for sent in page if _type_of(sent) != "domain"]
            yield [_service(sent, accounts) for sent in others]
            for sent in others:
                if isinstance(sent, Mapping):
                    accounts.pop(id_of(sent.get("id")), None)
        hidden = [account["order"] for account in accounts.values()]
        for start in range(0, len(hidden), PAGE_ROWS):
            yield [_service(sent, accounts) for sent in hidden[start : start + PAGE_ROWS]]

    def _domain(self, sent: Any) -> Row:
        record = Record("domain", sent)
        row = record.row
        if row.problems:
            return row
        row.key = record.id("id")
        row.client = record.id("client_id", "client")
        config = record.part("config")
        name = next(
            (found for word in _NAMES if (found := _joined(config, f"{word}_sld", f"{word}_tld"))),
            "",
        )
        if not name and row.key and not sent.get("config"):
            name = self._set_up_name(row.key)
        row.cells = {
            "domain": name,
            "status": record.status("status", _DOMAINS),
            "registered": record.day("activated_at", "registered"),
            "expires": record.day("expires_at", "expires"),
        }
        return row

    def _set_up_name(self, order: str) -> str:
        found = self._call("order/service", {"id": order})
        return Record("domain", found if isinstance(found, Mapping) else {}).text(
            "domain", "domain"
        )

    def _lists(self, call: str, asked: Mapping[str, str]) -> Iterator[list[Any]]:
        for found in self._answers(call, asked):
            yield records(found.get("list"))

    def _answers(self, call: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """The pages of a list. A short one is not the last: orders with several details count
        several times."""
        progressing = Progressing(call)
        number = 1
        while True:
            found = self._call(call, {**asked, "page": str(number), "per_page": str(PAGE_ROWS)})
            if not isinstance(found, Mapping) or "list" not in found:
                raise Fault("no list", call=call)
            page = listed(found["list"], call)
            progressing.page({id_of(one.get("id")) for one in page if isinstance(one, Mapping)})
            yield found
            pages = id_of(found.get("pages"))
            if not pages and found.get("pages") not in (0, "0"):
                raise Fault("no list", call=call)  # where it ends is not known
            if number >= int(pages or 0):
                return
            number += 1

    def _call(self, call: str, asked: Mapping[str, str]) -> Any:
        """The result of one call. Raises `Fault`."""
        url = self.access.url.removesuffix(PATH).removesuffix("/api")
        auth = ("admin", self.access.credentials["api_key"])
        answer = self.http.ask("GET", f"{url}{PATH}/{call}", params=asked, auth=auth)
        found = answer.json(call)
        if not isinstance(found, Mapping) or not {"result", "error"} <= found.keys():
            if answer.status != 200:
                raise Fault("status", status=answer.status, call=call)
            raise Fault("other product", call=call)
        if found["error"] is not None:
            raise _refusal(found["error"], answer.status, call)
        if answer.status != 200:
            raise Fault("status", status=answer.status, call=call)
        return found["result"]


def _refusal(error: Any, status: int, call: str) -> Fault:
    """What an error means; its message may hold anything, and is not shown itself."""
    sent = error if isinstance(error, Mapping) else {}
    code = int(id_of(sent.get("code")) or 0)
    message = str(sent.get("message"))
    if code == _UNAUTHORIZED_ADDRESS:
        return Fault("address unknown")
    if code == _REFERRER:
        return Fault("referrer")
    if code in _WRONG_KEY or status == 401:
        return Fault("secret")
    if status == 403:
        named = _PERMISSION.search(message)
        return Fault("permission", call=named[1] if named else call)
    if status != 200:
        return Fault("status", status=status, call=call)
    return Fault("panel code", number=code, call=call)


def _type_of(sent: Any) -> str:
    return str(sent.get("service_type")) if isinstance(sent, Mapping) else ""


def _kept(
    sent: Mapping[str, Any], order: Mapping[str, Any], servers: dict[str, Any]
) -> dict[str, Any]:
    """What is needed of an account, and nothing else of it."""
    client = sent.get("client")
    own = {"client_id": client.get("id")} if isinstance(client, Mapping) else {}
    wanted = ("id", "client_id", "service_type", "title", "status", "expires_at")
    return {
        "sld": sent.get("sld"),
        "tld": sent.get("tld"),
        "ip": sent.get("ip") or servers.get(id_of(sent.get("server_id"))),
        "order": own | {name: order[name] for name in wanted if name in order},
    }


def _client(sent: Any) -> Row:
    record = Record("client", sent)
    row = record.row
    if not row.problems:
        row.key = record.id("id")
        row.cells = {
            "client_name": record.name("company", "first_name", "last_name"),
            "contact_email": record.text("email", "contact_email"),
        }
    return row


def _service(sent: Any, accounts: Mapping[str, dict[str, Any]]) -> Row:
    record = Record("service", sent)
    row = record.row
    if row.problems:
        return row
    row.key = record.id("id")
    row.client = record.id("client_id", "client")
    account = Record("service", accounts.get(row.key, {}))
    account.row = row
    row.cells = {
        "product": record.text("title", "product"),
        "domain": _joined(account, "sld", "tld"),
        "status": record.status("status", _SERVICES),
        "next_due": record.day("expires_at", "next_due"),
        "server": account.address("ip"),
    }
    return row


def _joined(record: Record, sld: str, tld: str) -> str:
    name = record.text(sld, "domain")
    end = record.text(tld, "domain")
    if not name:
        return ""
    return f"{name}{end if not end or end.startswith('.') else '.' + end}"
