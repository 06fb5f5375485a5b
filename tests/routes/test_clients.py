import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser import looked_at
from tests.conftest import NOW
from webapp.customers import catalog, clients
from webapp.customers.models import Activity, Client, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Reason


def shown(page):
    return [row.find("td").text.strip() for row in page.select("tbody tr")]


def hidden(page):
    return {box["name"]: box["value"] for box in page.select("main input[type=hidden]")}


def everything(model):
    return db.session.scalars(db.select(model).order_by(model.id)).all()


@pytest.fixture
def many(app):
    """Thirty clients more."""
    with app.app_context(), writing():
        for number in range(30):
            catalog.add_client(f"Client {number:02}", NOW).reference = str(900 - number)


@pytest.mark.parametrize(
    ("query", "first", "total"),
    [
        ("", "Alice’s Bakery", 25),
        ("q=SONS", "Bob & Sons", 1),
        ("q=%23" + "2", "Bob & Sons", 1),
        ("q=871", "Client 29", 1),
        ("sort=reference", "Client 29", 25),
        ("sort=-name", "Client 29", 25),
        ("sort=-services&size=50", "Bob & Sons", 32),
        ("page=last", "Client 23", 7),
        ("page=2", "Alice’s Bakery", 25),
        ("sort=password_hash&page=x&size=10000", "Alice’s Bakery", 25),
    ],
)
def test_the_list_is_searched_sorted_and_paged(visit, many, query, first, total):
    rows = shown(visit("sam").get(f"/admin/clients?{query}"))
    assert (rows[0], len(rows)) == (first, total)


@pytest.mark.parametrize("search", ["%", "_", "\\", "''", "#", "#x", "#" + "9" * 30, "<script>"])
def test_a_search_is_no_pattern(visit, search):
    page = visit("ada").get("/admin/clients", query_string={"q": search})
    assert (shown(page), "Nothing matches" in page.main.text) == ([], True)


def test_the_list_costs_three_queries_however_long(visit, many, app):
    ada = visit("ada")
    queries = []
    with app.app_context():
        db.event.listen(db.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    ada.get("/admin/clients?size=100")
    told = [text for text in queries if "sign_in" not in text and "client_tag" not in text]
    assert len([text for text in told if "FROM client" in text]) == 3


def test_a_client_is_shown_with_all_that_is_theirs(visit):
    page = visit("sam").get("/admin/clients/1")
    assert "alice@example.com" in page.main.text
    assert [link["href"] for link in page.select(".attention .row-link")] == [
        "/admin/services/1",
        "/admin/domains/1",
    ]
    for tab in ("services", "domains"):
        assert shown(visit("sam").get(f"/admin/clients/1/{tab}"))[0] in (
            "Starter Hosting",
            "alice.example",
        )
        assert len(shown(visit("sam").get(f"/admin/clients/1/{tab}"))) == 1


def test_staff_look_and_find_no_button(visit):
    page = visit("sam").get("/admin/clients/1")
    assert page.select("main a[href*=edit], main a[href*=delete], main a[href*=new]") == []


def test_an_admin_adds_a_client(visit, app):
    form = {"name": " New Client ", "reference": "", "note": "\u200b"}
    answer = visit("ada").post("/admin/clients/new", form)
    page = visit("ada").get(answer.headers["Location"])
    assert (page.h1.text, "No services or domains yet" in page.main.text) == ("New Client", True)
    with app.app_context():
        added = db.session.get(Client, 3)
        assert (added.reference, added.note) == (None, None)


def test_a_double_click_adds_one_client(visit, app):
    ada = visit("ada")
    places = {ada.post("/admin/clients/new", {"name": "New"}).headers["Location"] for _ in range(2)}
    assert places == {"/admin/clients/3"}
    for number, other in enumerate(({"reference": "another one"}, {"note": "Another one"}), 4):
        answer = ada.post("/admin/clients/new", {"name": "New"} | other)
        assert answer.headers["Location"] == f"/admin/clients/{number}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"reference": "x" * 65},
        {"reference": "taken"},
        {"name": "\t "},
        {"contact_email": "alice at example"},
        {"note": "x" * 2001},
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_the_input_kept(visit, app, wrong):
    with app.app_context(), writing():
        db.session.get(Client, 2).reference = "taken"
    for path in ("/admin/clients/new", "/admin/clients/1/edit"):
        version = hidden(visit("ada").get(path)).get("version", "")
        answer = visit("ada").post(
            path, {"name": "Kept", "reference": "new", "version": version} | wrong
        )
        page = looked_at(answer)
        assert (answer.status_code, len(page.select(".is-invalid"))) == (422, 1)
        assert page.find("input", attrs={"name": "reference"})["value"] == wrong.get(
            "reference", "new"
        )


def test_an_admin_changes_a_client(visit, app):
    ada = visit("ada")
    version = hidden(ada.get("/admin/clients/1/edit"))["version"]
    ada.post(
        "/admin/clients/1/edit", {"name": "Alice’s Café", "reference": "17", "version": version}
    )
    assert "Reference 17" in ada.get("/admin/clients/1").main.text


def test_the_log_says_what_was_changed_and_nothing_where_nothing_was(visit, app):
    ada = visit("ada")
    for _ in range(2):
        version = hidden(ada.get("/admin/clients/1/edit"))["version"]
        ada.post(
            "/admin/clients/1/edit", {"name": "Alice’s Café", "reference": "17", "version": version}
        )
    with app.app_context():
        (line,) = everything(Activity)
        assert line.detail == "name Alice’s Bakery → Alice’s Café, reference – → 17"


def test_a_client_has_a_contact_and_a_note_and_the_log_says_what_changed(visit, app):
    ada = visit("ada")
    told = {
        "name": "Alice’s Bakery",
        "contact_email": "desk@alice.example",
        "note": " One\r\ntwo\t",
    }
    form = hidden(ada.get("/admin/clients/1/edit")) | told
    assert ada.post("/admin/clients/1/edit", form).status_code == 303
    page = visit("sam").get("/admin/clients/1")
    assert page.select_one(".note-text").text == "One\ntwo"
    assert page.find("a", href="mailto:desk@alice.example").text == "desk@alice.example"
    assert shown(ada.get("/admin/clients?q=desk@")) == ["Alice’s Bakery"]
    with app.app_context():
        (line,) = everything(Activity)
        assert line.detail == "contact e-mail – → desk@alice.example, note – → One two"
    row = next(csv.DictReader(io.StringIO(ada.client.get("/admin/reports/ssl-status.csv").text)))
    assert (row["Contact e-mail"], row["Client note"]) == ("desk@alice.example", "One\ntwo")


def test_the_list_has_the_worst_padlock_of_each_client_and_how_many_of_each(visit, app):
    with app.app_context(), writing():
        alice = db.session.get(Client, 1)
        alices = db.session.get(Service, 1).target
        alices.reason, alices.not_after = Reason.OK, datetime.now(UTC) + timedelta(days=3)
        catalog.add_service(alice, "Old", "", ServiceStatus.CANCELLED)
        catalog.add_client("Carol", NOW)
    page = visit("sam").get("/admin/clients")
    cells = page.select(".cell-states")
    assert [" ".join(cell.text.split()) for cell in cells] == [
        "2 expire soon, 1 inactive",
        "2 not checked yet",
        "–",
    ]
    link = cells[0].a["href"]
    assert len(visit("sam").get(link).select(".report-table tbody tr")) == 3


def test_the_second_of_two_who_edit_is_told_and_nothing_is_lost(visit):
    first = visit("ada")
    second = visit("ada")
    version = hidden(second.get("/admin/clients/1/edit"))["version"]
    first.post("/admin/clients/1/edit", {"name": "First", "version": version})
    answer = second.post("/admin/clients/1/edit", {"name": "Second", "version": version})
    page = looked_at(answer)
    assert (answer.status_code, "First" in page.main.find(role="alert").text) == (409, True)
    assert page.find("input", attrs={"name": "name"})["value"] == "Second"
    assert (
        second.post("/admin/clients/1/edit", {"name": "Second"} | hidden(page)).status_code == 303
    )


def test_deleting_a_client_takes_all_that_is_theirs_and_nothing_else(visit, app):
    alice = visit("alice")
    bob = visit("bob")
    ada = visit("ada")
    page = ada.get("/admin/clients/1/delete")
    assert "with 1 service, 1 domain and 1 user" in page.main.text
    assert page.select_one("label[for=typed]").text == "Name of the client"
    for typed in ("", "Alice", "Bob & Sons"):
        answer = ada.post("/admin/clients/1/delete", hidden(page) | {"typed": typed})
        (field,) = looked_at(answer).select(".is-invalid")
        assert (answer.status_code, field["value"]) == (422, typed)
    named = hidden(page) | {"typed": "alice's  bakery"}
    assert ada.post("/admin/clients/1/delete", named).status_code == 303
    assert alice.client.get("/services").status_code == 302
    assert len(shown(bob.get("/services"))) == 1
    with app.app_context():
        assert [user.email for user in everything(User)] == [
            "bob@example.com",
            "ada@example.com",
            "sam@example.com",
        ]
        assert [host.hostname for host in everything(Target)] == ["bob.example"]
        assert everything(Activity)[-1].detail == "with 1 service, 1 domain and 1 user"


def test_a_client_is_deleted_by_the_name_that_is_shown(visit, app):
    ada = visit("ada")
    with app.app_context(), writing():
        db.session.get(Client, 1).name = "Ali\u200cce \u202eBakery"
    page = ada.get("/admin/clients/1/delete")
    assert (
        ada.post("/admin/clients/1/delete", hidden(page) | {"typed": "\u200b"}).status_code == 422
    )
    named = hidden(page) | {"typed": "Alice Bakery"}
    assert ada.post("/admin/clients/1/delete", named).status_code == 303


def test_a_name_of_invisible_characters_is_none(visit):
    answer = visit("ada").post("/admin/clients/new", {"name": "\u200b\u2060"})
    assert answer.status_code == 422


def test_a_client_without_items_is_deleted_without_typing_its_name(visit):
    ada = visit("ada")
    ada.post("/admin/clients/new", {"name": "Carol"})
    page = ada.get("/admin/clients/3/delete")
    assert page.find(id="typed") is None
    assert ada.post("/admin/clients/3/delete", hidden(page)).status_code == 303


def test_nobody_deletes_more_than_they_have_seen(visit, app):
    ada = visit("ada")
    seen = hidden(ada.get("/admin/clients/1/delete"))
    with app.app_context(), writing():
        catalog.add_service(db.session.get(Client, 1), "New", "new.example", ServiceStatus.ACTIVE)
    answer = ada.post("/admin/clients/1/delete", seen)
    assert (answer.status_code, b"2 services" in answer.data) == (409, True)
    with app.app_context():
        assert len(everything(Service)) == 3


def test_nobody_deletes_something_else_than_they_have_seen(visit, app):
    ada = visit("ada")
    seen = hidden(ada.get("/admin/clients/1/delete"))
    with app.app_context(), writing():
        db.session.get(Service, 1).client_id = 2
        db.session.get(Service, 2).client_id = 1
    answer = ada.post("/admin/clients/1/delete", seen)
    assert (answer.status_code, b"1 service" in answer.data) == (409, True)
    with app.app_context():
        assert len(everything(Service)) == 2


@pytest.mark.parametrize(
    ("name", "text"), [("ÖKO Strom", "ÖKO Strom"), ("ÖKO Strom", "ÖKO sTROM"), ("öko", "ÖKO")]
)
def test_a_name_is_found_whatever_its_letters(in_app, name, text):
    with writing():
        client = catalog.add_client(name, NOW)
    assert clients.find_client(text) is client


def test_suggestions_cost_two_queries_however_many(visit, many, app):
    ada = visit("ada")
    queries = []
    with app.app_context():
        db.event.listen(db.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    assert len(ada.get("/admin/clients/suggestions?client=client").find_all("option")) == 10
    assert len([text for text in queries if "FROM client" in text and "sign_in" not in text]) == 2


def test_one_clients_services_are_not_filtered_by_another(visit):
    page = visit("ada").get("/admin/clients/1/services?client=2")
    assert shown(page) == ["Starter Hosting"]


def test_suggestions_are_what_the_field_takes(visit, app):
    with app.app_context(), writing():
        catalog.add_client("Bob & Sons", NOW)
    page = visit("ada").get("/admin/clients/suggestions?client=b")
    assert [option["value"] for option in page.find_all("option")] == ["#2", "#3", "Alice’s Bakery"]


@pytest.mark.parametrize("path", ["", "/services", "/domains", "/edit", "/delete"])
@pytest.mark.parametrize("client_id", ["99", "0", "-1", "1e9", "9223372036854775808"])
def test_a_client_that_is_not_there(visit, client_id, path):
    visit("ada").get(f"/admin/clients/{client_id}{path}", 404)


def test_a_client_is_found_by_the_address_of_its_users(visit):
    assert shown(visit("sam").get("/admin/clients?q=bob@example")) == ["Bob & Sons"]
