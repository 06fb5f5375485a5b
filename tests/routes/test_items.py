import pytest

from tests.browser import looked_at
from tests.routes.test_clients import everything, hidden, shown
from webapp.customers import catalog
from webapp.customers.models import Activity, Client, Service, ServiceStatus
from webapp.customers.www_name import www_name
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Refusal
from webapp.words import hostnames

SERVICE = {
    "client": "Alice’s Bakery",
    "product": "Shop",
    "domain": "shop.example",
    "status": "Active",
}
DOMAIN = {"client": "Alice’s Bakery", "name": "shop.example", "status": "Active"}
NEW = [("services", SERVICE), ("domains", DOMAIN)]


def names(app):
    with app.app_context():
        return [row.hostname for row in everything(Target)]


@pytest.mark.parametrize(("place", "form"), NEW)
def test_an_admin_adds_an_item_and_its_client_sees_it(visit, place, form):
    answer = visit("ada").post(f"/admin/{place}/new", form)
    assert visit("ada").get(answer.headers["Location"]).h1.text == "shop.example"
    assert len(shown(visit("alice").get(f"/{place}"))) == 2
    assert len(shown(visit("bob").get(f"/{place}"))) == 1


@pytest.mark.parametrize(("place", "form"), NEW)
def test_a_double_click_adds_one(visit, place, form):
    ada = visit("ada")
    assert [ada.post(f"/admin/{place}/new", form).status_code for _ in range(2)] == [303, 303]
    assert len(shown(ada.get(f"/admin/{place}?q=shop.example"))) == 1


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        *(
            (place, {"client": text})
            for place in ("services", "domains")
            for text in ("", "nobody", "#99")
        ),
        *(
            (place, {"status": text})
            for place in ("services", "domains")
            for text in ("", "active", "Gone")
        ),
        ("services", {"product": " "}),
        ("services", {"next_due_on": "23.11.2026"}),
        ("services", {"next_due_on": "2026-02-30"}),
        ("services", {"domain": "x" * 256}),
        ("domains", {"name": ""}),
        ("domains", {"name": "alice.example"}),
        ("domains", {"name": "https://ALICE.example./"}),
        ("domains", {"expires_on": "soon"}),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_the_input_kept(visit, place, wrong):
    answer = visit("ada").post(f"/admin/{place}/new", dict(NEW)[place] | wrong)
    page = looked_at(answer)
    name, text = next(iter(wrong.items()))
    assert answer.status_code == 422
    (field,) = page.select(".is-invalid")
    assert field["name"] == name
    assert field.name == "select" or field["value"].strip() == text.strip()


def test_what_is_no_host_name_is_saved_and_said(visit):
    ada = visit("ada")
    answer = ada.post("/admin/services/new", SERVICE | {"domain": "see ticket 4711"})
    assert (
        hostnames.REFUSALS[Refusal.SPACE]
        in ada.get(answer.headers["Location"]).select(".alert-warning")[0].text
    )


def test_saving_a_form_as_it_was_opened_changes_nothing(visit, app):
    ada = visit("ada")
    for place in ("services", "domains"):
        page = ada.get(f"/admin/{place}/1/edit")
        form = {box["name"]: box["value"] for box in page.select("main form input")}
        form["status"] = page.select_one("option[selected]")["value"]
        assert ada.post(f"/admin/{place}/1/edit", form).status_code == 303
    with app.app_context():
        assert everything(Activity) == []
    assert names(app) == ["alice.example", "bob.example"]


def test_another_domain_is_another_host_name_and_the_old_one_is_forgotten(visit, app):
    ada = visit("ada")
    form = SERVICE | hidden(ada.get("/admin/services/1/edit"))
    ada.post("/admin/services/1/edit", form)
    # It is the domain's as well
    assert names(app) == ["alice.example", "bob.example", "shop.example"]
    form = {"name": "other.example", "status": "Expired"} | hidden(ada.get("/admin/domains/1/edit"))
    ada.post("/admin/domains/1/edit", form)
    assert sorted(names(app)) == ["bob.example", "other.example", "shop.example"]
    with app.app_context():
        assert everything(Activity)[-1].detail.startswith(
            "domain alice.example → other.example, status Active → Expired"
        )


@pytest.mark.parametrize(("place", "form"), NEW)
def test_the_second_of_two_who_edit_is_told_and_nothing_is_lost(visit, place, form):
    first = visit("ada")
    second = visit("ada")
    opened = hidden(second.get(f"/admin/{place}/1/edit"))
    first.post(f"/admin/{place}/1/edit", form | {"status": "Fraud", "reference": "S-7"} | opened)
    answer = second.post(f"/admin/{place}/1/edit", form | {"status": "Cancelled"} | opened)
    page = looked_at(answer)
    assert (answer.status_code, "Fraud" in page.main.find(role="alert").text) == (409, True)
    assert ("reference S-7" in page.main.find(role="alert").text) is (place == "services")
    assert page.select_one("option[selected]")["value"] == "Cancelled"
    assert (
        second.post(
            f"/admin/{place}/1/edit", form | {"status": "Cancelled"} | hidden(page)
        ).status_code
        == 303
    )


@pytest.mark.parametrize("place", ["services", "domains"])
def test_moving_takes_it_from_one_client_to_another(visit, app, place):
    alice = visit("alice")
    bob = visit("bob")
    ada = visit("ada")
    found = ada.get(f"/admin/{place}/1/move?q=sons").select_one(".choice")["href"]
    page = ada.get(found)
    for words in (
        "Alice Baker of Alice’s Bakery can no longer",
        "Bob Plumber of Bob & Sons can see it",
    ):
        assert words in " ".join(page.main.text.split())
    assert ada.post(f"/admin/{place}/1/move", hidden(page)).status_code == 303
    alice.get(f"/{place}/1", 404)
    bob.get(f"/{place}/1")
    with app.app_context():
        line = everything(Activity)[-1]
        assert (line.action, line.detail) == ("moved", "from Alice’s Bakery to Bob & Sons")


@pytest.mark.parametrize("place", ["services", "domains"])
def test_nothing_moves_to_whom_it_belongs_to(visit, app, place):
    ada = visit("ada")
    answer = ada.post(f"/admin/{place}/1/move", {"version": "1", "to": "1"})
    assert (
        answer.status_code,
        "It already belongs to this client." in looked_at(answer).main.text,
    ) == (422, True)
    with app.app_context():
        assert everything(Activity) == []


def test_a_domain_does_not_move_to_whoever_has_it_already(visit, app):
    ada = visit("ada")
    ada.post("/admin/domains/new", DOMAIN | {"client": "#2", "name": "ALICE.example"})
    answer = ada.post("/admin/domains/1/move", hidden(ada.get("/admin/domains/1/move?to=2")))
    assert (answer.status_code, b"This client already has this domain." in answer.data) == (
        422,
        True,
    )
    visit("alice").get("/domains/1")


@pytest.mark.parametrize("what", ["move", "delete"])
def test_what_was_agreed_to_has_changed_meanwhile(visit, what):
    ada = visit("ada")
    agreed = hidden(ada.get(f"/admin/services/1/{what}?to=2"))
    ada.post("/admin/services/1/edit", SERVICE | hidden(ada.get("/admin/services/1/edit")))
    assert ada.post(f"/admin/services/1/{what}", agreed).status_code == 409
    visit("alice").get("/services/1")
    assert (
        ada.post(
            f"/admin/services/1/{what}", hidden(ada.get(f"/admin/services/1/{what}?to=2"))
        ).status_code
        == 303
    )


def test_deleting_an_item_forgets_its_host_name_with_the_last_of_them(visit, app):
    ada = visit("ada")
    for place, left in (
        ("services", ["alice.example", "bob.example"]),
        ("domains", ["bob.example"]),
    ):
        answer = ada.post(f"/admin/{place}/1/delete", hidden(ada.get(f"/admin/{place}/1/delete")))
        assert answer.headers["Location"] == f"/admin/{place}"
        assert names(app) == left
        ada.get(f"/admin/{place}/1", 404)


@pytest.mark.parametrize(("place", "form"), NEW)
def test_a_page_about_what_is_gone_deletes_nothing_that_came_after_it(visit, place, form):
    ada = visit("ada")
    first = ada.post(f"/admin/{place}/new", form).headers["Location"]
    agreed = hidden(ada.get(f"{first}/delete"))
    ada.post(f"{first}/delete", agreed)
    second = ada.post(f"/admin/{place}/new", form | {"status": "Cancelled"}).headers["Location"]
    assert ada.post(f"{first}/delete", agreed).status_code == 404
    ada.get(second)


def test_the_padlock_is_beside_the_move_button(visit):
    for place in ("services", "domains"):
        actions = visit("ada").get(f"/admin/{place}/1").select_one(".details-actions")
        assert [
            bool(actions.select(".padlock")),
            *(a.text.strip() for a in actions.select(".btn")),
        ] == [
            True,
            "Move",
            "Edit",
            "Delete",
        ]
        assert visit("sam").get(f"/admin/{place}/1").select(".details-actions .btn") == []


def test_nothing_else_of_an_item_can_be_set(visit, app):
    ada = visit("ada")
    form = SERVICE | hidden(ada.get("/admin/services/1/edit"))
    ada.post(
        "/admin/services/1/edit",
        form | {"client": "#2", "client_id": "2", "id": "77", "target_id": "2"},
    )
    with app.app_context():
        assert db.session.get(Service, 1).client_id == 1


@pytest.mark.parametrize("place", ["services", "domains", "users", "probes"])
@pytest.mark.parametrize("what", ["edit", "move", "move?to=1", "delete"])
def test_an_item_that_is_not_there(visit, place, what):
    visit("ada").get(f"/admin/{place}/99/{what}", 404)
    visit("ada").get("/admin/services/1/move?to=99", 404)


def test_hostile_names_stay_text(visit, app):
    name = "<script>alert(1)</script>{{7*7}}\u202e"
    ada = visit("ada")
    ada.post("/admin/clients/new", {"name": name})
    place = ada.post(
        "/admin/services/new", {"client": "#3", "product": name, "domain": name, "status": "Active"}
    ).headers["Location"]
    for path in (
        place,
        f"{place}/edit",
        f"{place}/move?q=script",
        f"{place}/move?to=1",
        f"{place}/delete",
        "/admin/clients/3",
    ):
        page = ada.get(path)
        assert "<script>alert(1)</script>{{7*7}}" in str(page.main.text) + str(
            [box.get("value") for box in page.select("input")]
        )
        assert "\u202e" not in page.main.text


@pytest.mark.parametrize(("place", "form"), NEW)
def test_all_that_is_wrong_is_said_at_once(visit, place, form):
    answer = visit("ada").post(
        f"/admin/{place}/new", dict.fromkeys(form, "") | {"client": "nobody"}
    )
    wrong = {field["name"] for field in looked_at(answer).select(".is-invalid")}
    assert wrong == {"client", "status", "product" if place == "services" else "name"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"registered_on": "2026-02-02", "expires_on": "2026-02-01"}, "cannot be before"),
        ({"name": "not a domain"}, hostnames.REFUSALS[Refusal.SPACE]),
    ],
)
def test_a_domain_that_cannot_be_is_refused(visit, wrong, words):
    answer = visit("ada").post("/admin/domains/new", DOMAIN | wrong)
    assert answer.status_code == 422
    assert words in looked_at(answer).select_one(".invalid-feedback").text


def test_a_new_item_of_a_client_names_that_client(visit):
    field = (
        visit("ada").get("/admin/services/new?client=%231").find("input", attrs={"name": "client"})
    )
    assert field["value"] == "Alice’s Bakery"


@pytest.mark.parametrize("what", ["1/edit", "1/move", "1/delete", "new"])
def test_the_place_where_one_works_is_marked(visit, what):
    active = visit("ada").get(f"/admin/domains/{what}").select(".place.active")
    assert [place.text.strip() for place in active] == ["Domains"]


def test_the_address_keeps_the_search_of_a_move(visit):
    answer = visit("ada").client.get("/admin/services/1/move/clients?q=bob")
    assert answer.headers["HX-Replace-Url"] == "/admin/services/1/move?q=bob"


@pytest.mark.parametrize(("place", "form"), NEW)
def test_what_was_left_out_of_a_name_is_told_after_saving(visit, place, form):
    field = "domain" if place == "services" else "name"
    answer = visit("ada").post(
        f"/admin/{place}/new",
        form | {field: "http://shop.example:80/cart"},
        follow_redirects=True,
    )
    told = looked_at(answer).select_one(".alert-info").text
    assert "Checked on port 443, not 80." in told
    assert "/cart" in told


@pytest.mark.parametrize(("place", "form"), NEW)
def test_a_new_client_is_made_on_the_way(visit, app, place, form):
    ada = visit("ada")
    new = form | {"client": "Carol’s Garage"}
    answer = ada.post(f"/admin/{place}/new", new)
    assert answer.status_code == 422
    told = looked_at(answer).select_one(".invalid-feedback").text
    assert told.endswith("Tick “Create it if it doesn’t exist” to add one.")
    for _ in range(2):  # pressed twice
        assert ada.post(f"/admin/{place}/new", new | {"new_client": "y"}).status_code == 303
    ada.post(f"/admin/{place}/new", form | {"new_client": "y", "client": "ALICE'S bakery"})
    with app.app_context():
        names = ["Alice’s Bakery", "Bob & Sons", "Carol’s Garage"]
        assert [client.name for client in everything(Client)] == names
        assert [line.kind for line in everything(Activity)][:2] == ["client", place[:-1]]


@pytest.mark.parametrize("text", ["", "#99", "x" * 201])
def test_what_names_no_client_makes_none(visit, text):
    answer = visit("ada").post("/admin/domains/new", DOMAIN | {"client": text, "new_client": "y"})
    assert looked_at(answer).select_one(".is-invalid")["name"] == "client"


@pytest.mark.parametrize(("place", "form"), NEW)
def test_the_www_name_is_offered_once_and_added_beside_it(visit, place, form):
    ada = visit("ada")
    added = ada.post(f"/admin/{place}/new", form).headers["Location"]
    offer = ada.get(added).select_one(".offer")
    assert offer.button.text.strip() == "Add www.shop.example"
    assert ada.get(added).select(".offer") == []
    page = ada.get(ada.post(offer["action"]).headers["Location"])
    assert (page.h1.text, "Alice’s Bakery" in page.main.text) == ("www.shop.example", True)
    assert ada.post(offer["action"]).headers["Location"] == added  # it is there by now


@pytest.mark.parametrize(
    ("entered", "offered"),
    [
        ("example.co.uk", "www.example.co.uk"),
        ("bücher.example", "www.xn--bcher-kva.example"),
        ("www.shop.example", None),
        ("mail.shop.example", None),
        ("*.shop.example", None),
        ("shop.example:8443", None),
        ("192.0.2.1", None),
        ("see ticket 4711", None),
        ("BOB.example", None),  # there is www.bob.example already
    ],
)
def test_a_www_name_is_offered_where_it_makes_sense(in_app, now, entered, offered):
    with writing():
        bob = db.session.get(Client, 2)
        catalog.add_service(bob, "Shop", "www.bob.example", ServiceStatus.ACTIVE)
        item = catalog.add_service(bob, "Shop", entered, ServiceStatus.ACTIVE)
    assert www_name(item) == offered
    item.status = ServiceStatus.CANCELLED
    assert www_name(item) is None


@pytest.mark.parametrize("place", ["services", "domains"])
def test_staff_write_a_note_that_clients_do_not_see(visit, app, place):
    sam = visit("sam")
    path = f"/admin/{place}/1"
    note = {"version": hidden(sam.get(path))["version"], "note": "Moves in May.\r\nAsk Bob."}
    assert sam.post(f"{path}/note", note).status_code == 303
    page = visit("ada").get(path)
    assert page.find(id="note").text.strip() == "Moves in May.\nAsk Bob."
    assert "Clients don’t." in page.find(id="note-help").text
    assert "Moves in May" not in visit("alice").get(f"/{place}/1?tab=domain").text
    with app.app_context():
        (line,) = everything(Activity)
        assert (line.who, line.detail) == (
            "sam@example.com",
            "note – → Moves in May. Ask Bob.",
        )
    second = sam.post(f"{path}/note", note | {"note": "Mine"})
    told = looked_at(second)
    assert (second.status_code, told.find(id="note").text.strip()) == (409, "Mine")
    assert "Moves in May." in told.main.find(role="alert").text
    assert sam.post(f"{path}/note", hidden(told) | {"note": "Mine"}).status_code == 303
    assert sam.post(f"{path}/note", {"note": "x" * 2001}).status_code == 422
