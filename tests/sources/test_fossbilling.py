"""FOSSBilling is read as its source says it answers, with its traps."""

import pytest

from tests.sources.conftest import clients, counts, domains, services
from tests.sources.panels import PLANTED, SECRET, Answer, Panel, as_json, basic, page


class Fossbilling(Panel):
    """The admin API, source of 2026-08."""

    def __init__(self):
        super().__init__()
        self.credentials = {"api_key": SECRET}
        self.clients, self.orders, self.accounts, self.servers = [], [], [], []
        self.names = {}  # of domains that only order/service knows
        self.most = 500

    def answer(self, asked):
        if basic(asked.headers) != f"admin:{SECRET}":
            return self.error(203, "Authentication Failed", 401)
        if not asked.path.startswith("/api/admin/"):
            return page(404)
        call = asked.path.removeprefix("/api/admin/")
        if call == "order/service":
            return self.result({"domain": self.names.get(asked.fields["id"]), "notes": PLANTED})
        if int(asked.fields["per_page"]) > 500:
            return self.error(0, "per_page is too large")
        rows = {
            "client/get_list": self.clients,
            "order/get_list": [o for o in self.orders if not o.get("hidden")],
            "servicehosting/account_get_list": self.accounts,
            "servicehosting/server_get_list": self.servers,
        }[call]
        if wanted := asked.fields.get("type"):
            rows = [row for row in rows if row["service_type"] == wanted]
        number = int(asked.fields["page"])
        # An order with two details counts twice, and a page has one row less for it
        spread = [row for row in rows for _ in range(row.get("details", 1))]
        shown = []
        for row in spread[(number - 1) * self.most : number * self.most]:
            if row not in shown:
                shown.append(row)
        pages = -(-len(spread) // self.most)
        return self.result(
            {"pages": pages, "page": number, "per_page": 500, "total": len(spread), "list": shown}
        )

    def result(self, found):
        return as_json({"result": found, "error": None})

    def error(self, code, message, status=200):
        return as_json({"result": None, "error": {"message": message, "code": code}}, status)

    def cast(self):
        self.clients += [
            {
                "id": 1,
                "company": None,
                "first_name": "Alice",
                "last_name": "Baker",
                "email": "a@b.cc",
            },
            {"id": "2", "company": "Bob & Sons", "first_name": None, "last_name": None},
        ]
        for row in self.clients:
            row |= {"notes": PLANTED, "api_token": PLANTED, "custom_1": PLANTED}
        self.order(11, 1, "hosting", "Web & more", status="failed_renew")
        self.order(12, 2, "custom", "Advice", status="canceled")
        self.order(
            21, 1, "domain", "Domain", config={"register_sld": "alice", "register_tld": ".example"}
        )
        self.order(22, "2", "domain", "Domain", config=[], status="suspended")
        self.names["22"] = "bob.example"
        self.account(11, "alice", ".example", ip="192.0.2.10")
        self.servers.append({"id": 1, "ip": "192.0.2.99", "accesshash": PLANTED})
        return self

    def order(self, number, client, kind, title, **facts):
        row = {"id": number, "client_id": client, "service_type": kind, "title": title}
        row |= {"status": "active", "expires_at": "2027-01-31 00:00:00", "client": []}
        row |= {"activated_at": "2020-01-31 10:00:00", "config": {"transfer_code": PLANTED}}
        self.orders.append(row | {"meta": [], "notes": PLANTED} | facts)
        return self.orders[-1]

    def account(self, order, sld, tld, **facts):
        found = next((one for one in self.orders if one["id"] == order), None)
        row = {"sld": sld, "tld": tld, "ip": None, "server_id": "1", "order": found}
        self.accounts.append(row | {"id": len(self.accounts) + 1, "password": PLANTED} | facts)


@pytest.fixture
def panel():
    with Fossbilling().cast().running() as panel:
        yield panel


@pytest.fixture
def source(panel, add):
    return add(panel, "fossbilling", path="")


def test_orders_become_services_and_domains(panel, source, run):
    found = run(source)
    assert (found.stopped, found.problems) == (None, [])
    assert counts(found) == {"client added": 2, "service added": 2, "domain added": 2}
    assert [one.name for one in clients(source).values()] == ["Alice Baker", "Bob & Sons"]
    web, advice = services(source)["11"], services(source)["12"]
    assert (web.product, web.domain, web.status, web.server_address, str(web.next_due_on)) == (
        *("Web & more", "alice.example", "Active", "192.0.2.10"),
        "2027-01-31",
    )
    assert (advice.domain, advice.status, advice.client.name) == ("", "Cancelled", "Bob & Sons")
    alice, bob = domains(source)["21"], domains(source)["22"]
    assert (alice.name, alice.status, str(alice.registered_on)) == (
        *("alice.example", "Active"),
        "2020-01-31",
    )
    assert (bob.name, bob.status) == ("bob.example", "Grace Period")
    assert counts(run(source)) == {}


def test_a_hidden_order_comes_from_its_account_and_its_server_from_the_list(panel, source, run):
    panel.order(13, 1, "hosting", "Add-on", hidden=True)
    panel.account(13, "more", ".example")
    panel.account(99, "without", ".example")
    panel.accounts[-1]["order"] = None
    found = run(source)
    assert (found.problems, counts(found)["service added"]) == ([], 3)
    assert services(source)["13"].server_address == "192.0.2.99"
    assert services(source)["13"].domain == "more.example"


def test_short_pages_and_orders_on_two_pages(panel, source, run):
    panel.most = 3
    for number in range(30, 50):
        panel.order(number, 1, "license", f"No {number}", details=2 if number % 3 == 0 else 1)
    found = run(source)
    assert (found.problems, counts(found)["service added"]) == ([], 22)


def test_what_it_refuses_is_told(panel, source, run):
    lacks = 'You need the "servicehosting.view_servers" permission to perform this action'
    cases = {
        "accept the credentials": panel.error(204, "Authentication Failed", 401),
        "from this address": panel.error(1002, "Unauthorized IP", 401),
        "referrer": panel.error(1004, "No referrer", 401),
        "permission: servicehosting.view_servers": panel.error(0, lacks, 403),
        "error 815": panel.error(815, f"SQL of {PLANTED}"),
        "status 503": panel.error(503, "Update", 503),
        "no list": panel.result([]),
        "where one": panel.result({"pages": 1, "list": PLANTED}),
        "list where one": panel.result({"pages": "many", "list": []}),
        "again and again": panel.result({"pages": 10**9, "list": []}),
        "not answer as FOSSBilling": as_json({"data": []}),
        "web page": page(),
        "wait for 120 seconds": Answer(status=429, headers={"Retry-After": "120"}),
    }
    for words, answer in cases.items():
        panel.trap = lambda asked, answer=answer: answer if "server_get" in asked.path else None
        found = run(source)
        assert words in found.stopped
        assert PLANTED not in found.stopped
    assert clients(source) == {}
