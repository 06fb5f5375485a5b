import pytest

from tests.conftest import NOW
from webapp.accounts import users
from webapp.customers.models import Activity, User
from webapp.extensions import db, writing


@pytest.fixture
def ada(visit):
    """Ada, who looks at the site as Alice."""
    browser = visit("ada")
    assert browser.post("/admin/users/1/view-as").headers["Location"] == "/"
    return browser


def banner(page):
    box = page.find(class_="viewing")
    return box.p.text if box else None


def test_the_banner_says_whose_eyes_on_every_page(ada):
    for path in ("/services", "/services/1", "/domains", "/profile"):
        assert banner(ada.get(path)) == "You are viewing Padlock as alice@example.com."
    assert banner(ada.get("/nope", 404)) == "You are viewing Padlock as alice@example.com."


def test_nobody_else_sees_a_banner(visit):
    assert banner(visit("ada").get("/admin/services")) is None
    assert banner(visit().get("/sign-in")) is None


def test_admin_rights_do_not_come_along(ada):
    for path in ("/admin/services", "/admin/users", "/admin/users/1", "/admin/users/new"):
        ada.get(path, 403)
    assert ada.post("/admin/users/2/view-as").status_code == 403
    assert ada.post("/admin/users/1/disable").status_code == 403
    ada.get("/services/2", 404)
    ada.get("/probe/service/2", 404)
    assert ada.get("/services/1").find(class_="ssl-staff") is None


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/profile", {"name": "X", "email": "alice@example.com"}),
        ("/profile/password", {"current": "x", "new": "another horse battery"}),
        ("/profile/sign-out-everywhere", {}),
        ("/forgot-password", {"email": "alice@example.com"}),
        ("/reset/x", {"password": "another horse battery"}),
    ],
)
def test_what_is_alices_own_stays_as_it_is(ada, visit, path, form):
    alice = visit("alice")
    assert ada.post(path, form).status_code == 403
    alice.get("/services")
    assert ada.get("/profile").find("input", attrs={"name": "name"}) is None


def test_ending_leads_back_to_the_users_page(ada):
    answer = ada.post("/view-as/end")
    assert answer.headers["Location"] == "/admin/users/1"
    assert banner(ada.get("/admin/users/1")) is None
    ada.get("/services", 403)


def test_start_and_end_are_written_down(ada, app):
    ada.post("/view-as/end")
    with app.app_context():
        rows = db.session.execute(db.select(Activity.who, Activity.action, Activity.item)).all()
    assert [tuple(row) for row in rows] == [
        ("ada@example.com", "viewed as", "alice@example.com"),
        ("ada@example.com", "ended viewing as", "alice@example.com"),
    ]


def test_signing_out_ends_both_and_is_written_down(ada, app):
    ada.post("/sign-out")
    assert ada.client.get("/services").status_code == 302
    with app.app_context():
        assert db.session.scalars(db.select(Activity.action).order_by(Activity.id)).all() == [
            "viewed as",
            "ended viewing as",
        ]


@pytest.mark.parametrize("path", ["/admin/users/1/view-as", "/view-as/end"])
def test_the_cookie_changes_with_the_view(visit, ada, path):
    browser = ada if path == "/view-as/end" else visit("ada")
    old = visit()
    old.client.set_cookie("padlock", browser.client.get_cookie("padlock").value)
    browser.post(path)
    assert old.client.get("/").headers["Location"] == "/sign-in"


@pytest.mark.parametrize("name", ["alice", "bob", "sam"])
def test_only_administrators_view_as(visit, name):
    browser = visit(name)
    assert browser.post("/admin/users/1/view-as").status_code == 403
    assert banner(browser.get("/profile")) is None


@pytest.mark.parametrize("values", [{"role": "staff"}, {"role": "admin"}, {"active": False}])
def test_only_active_users_of_clients_are_looked_at(visit, app, values):
    with app.app_context(), writing():
        db.session.execute(db.update(User).values(values).where(User.id == 1))
    ada = visit("ada")
    assert ada.post("/admin/users/1/view-as").headers["Location"] == "/admin/users/1"
    assert banner(ada.get("/admin/users")) is None


@pytest.mark.parametrize("what", ["disable", "role"])
def test_the_view_ends_with_the_user_and_does_not_come_back(visit, ada, app, what):
    with app.app_context():
        admin = db.session.get(User, 3)
        if what == "disable":
            users.set_active(admin, 1, False, NOW)
            users.set_active(admin, 1, True, NOW)
        else:
            version = db.session.get(User, 1).version
            users.change(
                admin,
                1,
                version,
                users.UserDetails("A", "alice@example.com", users.Role.STAFF),
                NOW,
            )
    assert banner(ada.get("/admin/services")) is None


def test_an_admin_who_is_disabled_sees_nothing_through_anybody(ada, app):
    with app.app_context(), writing():
        db.session.get(User, 3).active = False
    assert ada.client.get("/services").status_code == 302


def test_alice_does_not_notice(visit, ada):
    alice = visit("alice")
    assert banner(alice.get("/services")) is None
    alice.post("/profile/sign-out-everywhere")
    assert banner(ada.get("/services")) is not None


def test_who_looks_as_somebody_else_is_told_why_that_is_not_theirs_to_change(ada):
    answer = ada.post("/profile", {"name": "X", "email": "alice@example.com"})
    assert (answer.status_code, "go back to your own view first" in answer.text) == (403, True)
