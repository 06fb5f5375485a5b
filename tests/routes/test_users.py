import pytest

from tests.browser import looked_at
from tests.conftest import NOW, PASSWORD
from webapp.accounts import impersonation, password_resets, sign_ins
from webapp.customers import catalog
from webapp.customers.models import Activity, Client, Role, User
from webapp.errors import NotAllowed
from webapp.extensions import db, writing

ALICE = {"name": "Alice Baker", "email": "alice@example.com", "role": "client", "client": "#1"}


def user(name):
    return db.session.scalar(db.select(User).filter_by(email=f"{name}@example.com"))


def save(browser, path="/admin/users/1", **changes):
    version = looked_at(browser.client.get(path)).find("input", attrs={"name": "version"})
    return browser.post(path, ALICE | {"version": version["value"] if version else ""} | changes)


def shown(page):
    return [row.find("td").text.strip() for row in page.select("tbody tr")]


def test_the_list_shows_everybody(visit):
    assert shown(visit("ada").get("/admin/users")) == [
        "Ada Admin",
        "Alice Baker",
        "Bob Plumber",
        "Sam Staff",
    ]


def test_staff_read_the_list_and_nothing_else(visit):
    page = visit("sam").get("/admin/users")
    assert shown(page) == ["Ada Admin", "Alice Baker", "Bob Plumber", "Sam Staff"]
    assert page.select("main a[href*='/admin/users/']") == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=ALICE", ["Alice Baker"]),
        ("q=Sons", ["Bob Plumber"]),
        ("role=staff", ["Sam Staff"]),
        ("role=client&sort=-email", ["Bob Plumber", "Alice Baker"]),
        ("q=%25", []),
        ("q=_", []),
        ("q={{7*7}}", []),
        ("q=<script>", []),
    ],
)
def test_the_list_is_searched_and_filtered(visit, query, names):
    assert shown(visit("ada").get(f"/admin/users?{query}")) == names


@pytest.mark.parametrize(
    "query",
    [
        "role=root",
        "sort=password_hash",
        "sort=1;DROP",
        "page=-1",
        "page=NaN",
        "page=9" * 30,
        "role=&role=x",
    ],
)
def test_what_is_not_understood_means_the_default(visit, query):
    assert len(shown(visit("ada").get(f"/admin/users?{query}"))) == 4


def test_the_list_has_pages(visit, app):
    with app.app_context(), writing():
        for number in range(30):
            sign_ins.add_user(
                f"u{number}@example.com", f"U {number:02}", PASSWORD, NOW, role=Role.STAFF
            )
    browser = visit("ada")
    first = browser.get("/admin/users?role=staff&sort=-name")
    assert (len(shown(first)), shown(first)[0]) == (25, "U 29")
    assert shown(browser.get(first.find(id="page-next")["href"])) == [
        *(f"U 0{number}" for number in (4, 3, 2, 1, 0)),
        "Sam Staff",
    ]


@pytest.mark.parametrize(
    "details",
    [
        {"role": "client", "client": "bob & sons"},
        {"role": "staff", "client": ""},
        {"role": "admin", "client": "is not looked at"},
    ],
)
def test_an_admin_adds_a_user(visit, app, details):
    answer = visit("ada").post(
        "/admin/users/new", {"name": "New", "email": "New@Example.com"} | details
    )
    assert answer.status_code == 303
    with app.app_context():
        new = user("new")
        assert (new.role, new.client_id) == (
            details["role"],
            2 if details["role"] == "client" else None,
        )
    visit("ada").get(answer.headers["Location"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "BOB@example.com"},
        {"email": "x"},
        {"name": ""},
        {"client": ""},
        {"client": "nobody"},
        {"role": "root"},
    ]
    + [{"client": text} for text in ("#0", "#999999999999999999", "#x", "#", "x" * 5000)],
)
def test_what_cannot_be_is_said_beside_its_field_and_the_input_kept(visit, app, wrong):
    for path in ("/admin/users/new", "/admin/users/1"):
        answer = save(visit("ada"), path, **({"email": "new@example.com"} | wrong))
        assert (answer.status_code, b"is-invalid" in answer.data) == (422, True)
    with app.app_context():
        assert (user("alice").name, user("new")) == ("Alice Baker", None)


def test_of_two_clients_with_one_name_none_is_guessed(visit, app):
    with app.app_context(), writing():
        catalog.add_client("Bob & Sons", NOW)
    assert b"Several clients" in save(visit("ada"), client="Bob & Sons").data


def test_an_admin_changes_a_user(visit, app):
    assert save(visit("ada"), name="Alice B.", email="ab@example.com").status_code == 303
    with app.app_context():
        assert user("ab").name == "Alice B."


@pytest.mark.parametrize("name", ["Alice’s Bakery", "Bob & Sons", "#2", "2"])
def test_saving_a_form_as_it_was_opened_changes_nothing(visit, app, name):
    with app.app_context(), writing():
        db.session.get(Client, 1).name = name
        db.session.get(Client, 2).reference = "2"
    alice = visit("alice")
    ada = visit("ada")
    page = ada.get("/admin/users/1")
    form = {
        box["name"]: box["value"]
        for box in page.select("main form")[0].select("input:not([type=radio])")
    }
    assert (
        ada.post(
            "/admin/users/1", form | {"role": page.select_one("input:checked")["value"]}
        ).status_code
        == 303
    )
    alice.get("/services")


def test_the_second_of_two_who_edit_is_told_and_nothing_is_lost(visit, app):
    first = visit("ada")
    second = visit("ada")
    opened = looked_at(second.client.get("/admin/users/1")).find(
        "input", attrs={"name": "version"}
    )["value"]
    save(first, name="First")
    answer = second.post("/admin/users/1", ALICE | {"name": "Second", "version": opened})
    page = looked_at(answer)
    assert answer.status_code == 409
    assert page.find("input", attrs={"name": "name"})["value"] == "Second"
    assert "First" in page.main.find(role="alert").text
    again = page.find("input", attrs={"name": "version"})["value"]
    assert (
        second.post("/admin/users/1", ALICE | {"name": "Second", "version": again}).status_code
        == 303
    )


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "9" * 400])
def test_a_version_that_was_made_up_saves_nothing(visit, version):
    assert visit("ada").post("/admin/users/1", ALICE | {"version": version}).status_code == 409


@pytest.mark.parametrize("changes", [{"role": "staff"}, {"client": "#2"}])
def test_other_rights_take_a_new_sign_in(visit, changes):
    alice = visit("alice")
    save(visit("ada"), **changes)
    assert alice.client.get("/services").status_code == 302


def test_another_name_takes_none(visit):
    alice = visit("alice")
    save(visit("ada"), name="Alice B.")
    alice.get("/services")


def test_a_disabled_user_is_out_with_the_next_request_and_can_be_let_in_again(visit):
    alice = visit("alice")
    ada = visit("ada")
    ada.post("/admin/users/1/disable")
    assert alice.client.get("/services").status_code == 302
    assert visit().sign_in("alice@example.com", PASSWORD).status_code == 422
    ada.post("/admin/users/1/enable")
    assert alice.client.get("/services").status_code == 302
    assert visit().sign_in("alice@example.com", PASSWORD).status_code == 303


def test_an_admin_signs_somebody_out_everywhere(visit):
    alice = visit("alice")
    bob = visit("bob")
    visit("ada").post("/admin/users/1/sign-out")
    assert [browser.client.get("/services").status_code for browser in (alice, bob)] == [302, 200]


@pytest.mark.parametrize("path", ["", "/disable", "/sign-out", "/reset-link", "/view-as"])
def test_oneself_is_in_the_profile(visit, app, path):
    form = ALICE | {"email": "ada@example.com", "role": "client", "version": "1"}
    answer = visit("ada").post(f"/admin/users/3{path}", form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/profile")
    with app.app_context():
        assert (user("ada").active, user("ada").role) == (True, Role.ADMIN)


@pytest.mark.parametrize("user_id", ["99", "0", "-1", "1e9", "9223372036854775808", "١"])
def test_a_user_that_is_not_there(visit, user_id):
    ada = visit("ada")
    ada.get(f"/admin/users/{user_id}", 404)
    for what in ("", "/disable", "/enable", "/sign-out", "/reset-link", "/view-as"):
        assert ada.post(f"/admin/users/{user_id}{what}", ALICE).status_code == 404


def test_hostile_names_are_shown_as_text(visit, app):
    name = "<script>alert(1)</script>{{7*7}}\u202e"
    save(visit("ada"), name=name)
    for path in ("/admin/users", "/admin/users/1"):
        page = visit("ada").get(path)
        assert "<script>alert(1)</script>{{7*7}}" in page.main.text
        assert "\u202e" not in page.main.text


def test_a_double_click_adds_one_user(visit, app):
    ada = visit("ada")
    form = ALICE | {"email": "new@example.com"}
    assert [ada.post("/admin/users/new", form).status_code for _ in range(2)] == [303, 422]


def test_every_change_is_written_down(visit, app):
    ada = visit("ada")
    ada.post("/admin/users/new", ALICE | {"email": "new@example.com"})
    save(ada, name="Alice B.")
    for what in ("disable", "enable", "sign-out", "reset-link"):
        ada.post(f"/admin/users/1/{what}")
    with app.app_context():
        actions = db.session.scalars(
            db.select(Activity.action).where(Activity.who == "ada@example.com")
        ).all()
    expected = [
        "created",
        "changed",
        "disabled",
        "enabled",
        "signed out everywhere",
        "handed out a reset link",
    ]
    assert actions == expected


def test_what_was_done_is_said_on_the_next_page_and_only_there(visit):
    ada = visit("ada")
    ada.post("/admin/users/1/sign-out")
    assert "was signed out in every browser" in ada.get("/admin/users").main.text
    assert "was signed out in every browser" not in ada.get("/admin/users").main.text


@pytest.mark.parametrize(
    "what",
    [
        lambda ada: impersonation.start(ada, 1, NOW),
        lambda ada: password_resets.hand_out(ada, 1, "x", NOW),
    ],
)
def test_whoever_has_just_lost_the_right_hands_out_and_looks_at_nothing(in_app, what):
    ada = user("ada")
    with db.engine.begin() as another:
        another.execute(db.update(User).where(User.id == ada.id).values(role=Role.STAFF))
    with pytest.raises(NotAllowed):
        what(ada)


def test_saving_a_user_as_they_were_leaves_no_line_in_the_log(visit, app):
    assert save(visit("ada")).status_code == 303
    with app.app_context():
        assert db.session.scalars(db.select(Activity)).all() == []
