"""Paymenter is read as its source says it answers, with its traps."""

import pytest

from tests.sources.conftest import clients, counts, services
from tests.sources.panels import PLANTED, SECRET, Panel, as_json, page


class Paymenter(Panel):
    """The admin API, from 1.2.0."""

    def __init__(self):
        super().__init__()
        self.credentials = {"token": SECRET}
        self.users, self.services = [], []
        self.most = 100

    def answer(self, asked):
        headers = {name.lower(): value for name, value in asked.headers.items()}
        if headers.get("authorization") != f"Bearer {SECRET}":
            return as_json(
                {"message": "The provided API key is invalid or has been disabled."}, 401
            )
        if headers.get("accept") != "application/json" or not asked.path.startswith(
            "/api/v1/admin/"
        ):
            return page(404)
        rows = {"users": self.users, "services": self.services}[asked.path.rpartition("/")[2]]
        number, most = int(asked.fields["page"]), min(self.most, int(asked.fields["per_page"]))
        assert asked.fields["sort"] == "id"
        found = rows[(number - 1) * most : number * most]
        more = f"http://wrong.example/?page={number + 1}" if number * most < len(rows) else None
        included = [
            {"type": "products", "id": "5", "attributes": {"name": "Hosting & mail"}},
            *(one for row in found for one in row.pop("with", row.get("kept", []))),
        ]
        return as_json(
            {
                "data": [{k: v for k, v in row.items() if k != "kept"} for row in found],
                "links": {"first": "x", "last": None, "prev": None, "next": more},
                "meta": {"current_page": number, "per_page": most},
                **({"included": included} if asked.fields.get("include") else {}),
            }
        )

    def user(self, number, first, last, email):
        facts = {"id": number, "first_name": first, "last_name": last, "email": email}
        meta = {"directadmin_password": PLANTED}
        self.users.append({"id": str(number), "type": "users", "attributes": facts, "meta": meta})

    def service(self, number, user, domain, **facts):
        properties = [
            {"type": "properties", "id": f"{number}1", "attributes": {"key": key, "value": value}}
            for key, value in (("directadmin_password", PLANTED), ("domain", domain))
            if value
        ]
        for offset, one in enumerate(properties):
            one["id"] = f"{number}{offset}"
        named = [{"type": "properties", "id": one["id"]} for one in properties]
        attributes = {"id": number, "status": "active", "price": "10.00"}
        attributes |= {"expires_at": "2027-01-30T23:00:00.000000Z"}
        self.services.append(
            {
                "id": str(number),
                "type": "services",
                "attributes": attributes | facts,
                "relationships": {
                    "user": {"data": {"type": "users", "id": str(user)}},
                    "product": {"data": {"type": "products", "id": "5"}},
                    "properties": {"data": named},
                },
                "kept": properties,
            }
        )


@pytest.fixture
def panel():
    made = Paymenter()
    made.user(1, "Alice", "Baker", "alice@example.com")
    made.user(2, None, None, "bob@example.com")
    made.service(11, 1, "alice.example")
    made.service(12, 2, "", status="cancelled", expires_at=None)
    with made.running() as panel:
        yield panel


@pytest.fixture
def source(panel, add):
    return add(panel, "paymenter", path="")


def test_users_and_services_come_in(panel, source, run):
    found = run(source)
    assert (found.stopped, found.problems) == (None, [])
    assert counts(found) == {"client added": 2, "service added": 2}
    assert clients(source)["2"].name == "bob@example.com"
    one, other = services(source)["11"], services(source)["12"]
    assert (one.product, one.domain, str(one.next_due_on)) == (
        *("Hosting & mail", "alice.example"),
        "2027-01-31",
    )
    assert (other.domain, other.status, other.next_due_on) == ("", "Cancelled", None)
    assert counts(run(source)) == {}


def test_pages_are_counted_up_wherever_the_link_leads(panel, source, run):
    panel.most = 2
    for number in range(20, 29):
        panel.service(number, 1, f"s{number}.example")
    assert counts(run(source))["service added"] == 11


def test_what_it_refuses_is_told(panel, source, run):
    message = "Requested include(s) `properties` are not allowed"
    cases = {
        "accept the credentials": as_json({"error": "missing a valid bearer token."}, 401),
        "key of type admin": as_json(
            {"message": "You do not have permission to access this resource."}, 403
        ),
        "admin.services.view": as_json({"message": "This action is unauthorized."}, 403),
        "admin.properties.view": as_json({"message": message}, 400),
        "status 500": as_json({"message": f"Server Error {PLANTED}"}, 500),
        "as Paymenter does": as_json({"result": "success"}),
        "web page": page(),
        "no list": as_json({"data": PLANTED}),
        "where one belongs": as_json({"data": []}),
        "again and again": as_json({"data": [], "links": {"next": "x"}}),
    }
    for words, answer in cases.items():
        panel.trap = lambda asked, answer=answer: answer if "services" in asked.path else None
        found = run(source)
        assert words in found.stopped
        assert PLANTED not in found.stopped
    assert clients(source) == {}
