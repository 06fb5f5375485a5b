import pytest

from tests.browser import looked_at
from tests.conftest import PASSWORD
from webapp.config.mail import mail_server
from webapp.customers.models import Activity, User
from webapp.extensions import db

NEW = "another horse battery"


def save(browser, **changes):
    return browser.post("/profile", {"name": "Alice Baker", "email": "alice@example.com"} | changes)


def change_password(browser, current=PASSWORD, new=NEW):
    return browser.post("/profile/password", {"current": current, "new": new})


def stored(app, name="alice"):
    with app.app_context():
        return db.session.get(User, {"alice": 1, "bob": 2}[name])


def said(answer, field):
    page = looked_at(answer)
    box = page.find("input", attrs={"name": field})
    assert box["aria-invalid"] == "true"
    return page.find(id=box["aria-describedby"]).text


@pytest.mark.parametrize("name", ["alice", "bob", "sam", "ada"])
def test_everybody_finds_their_profile_in_the_menu(visit, name):
    browser = visit(name)
    link = browser.get("/", follow_redirects=True).find(
        "a", string=lambda text: text and "Profile" in text
    )
    assert (
        browser.get(link["href"] if link else "/profile")
        .find("input", attrs={"name": "email"})["value"]
        .startswith(name)
    )


def test_a_new_name_needs_no_password(visit, app):
    assert save(visit("alice"), name="  Alice B. ").headers["Location"] == "/profile"
    assert stored(app).name == "Alice B."


def test_a_name_is_one_line(visit, app):
    save(visit("alice"), name="Alice\r\n\r\nClick\there:\x1b \u2028evil")
    assert stored(app).name == "Alice Click here: evil"


@pytest.mark.parametrize("password", ["", "wrong", "x" * 5000])
def test_a_new_address_needs_the_current_password(visit, app, password):
    answer = save(visit("alice"), name="Alice B.", email="new@example.com", password=password)
    assert answer.status_code == 422
    assert "password" in said(answer, "password") or len(password) > 1024
    assert b'value="new@example.com"' in answer.data
    assert (stored(app).name, stored(app).email) == ("Alice Baker", "alice@example.com")


def test_with_the_current_password_the_address_changes(visit, app):
    assert save(visit("alice"), email="New@Example.com", password=PASSWORD).status_code == 303
    assert visit().sign_in("new@example.com", PASSWORD).status_code == 303
    assert visit().sign_in("alice@example.com", PASSWORD).status_code == 422


def test_an_address_that_another_has_is_refused_without_saying_whose(visit, app):
    answer = save(visit("alice"), email="BOB@example.com", password=PASSWORD)
    assert said(answer, "email") == "This address cannot be used. Choose another one."
    assert stored(app).email == "alice@example.com"


def test_whether_an_address_is_taken_is_told_only_with_the_password(visit):
    answers = [
        save(visit("alice"), email=email, password="wrong").data
        for email in ("bob@example.com", "x@example.com")
    ]
    assert [b"cannot be used" in answer for answer in answers] == [False, False]


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("name", "  "), ("name", "x" * 201), ("email", "alice")]
)
def test_what_cannot_be_is_said_beside_its_field(visit, field, value):
    assert said(save(visit("alice"), **{field: value}), field)


def test_fields_that_are_not_asked_for_change_nothing(visit, app):
    save(visit("alice"), role="admin", is_admin="1", client_id="2", active="0", id="2", version="9")
    assert (stored(app).role, stored(app).client_id, stored(app).active) == ("client", 1, True)


def test_a_new_password_keeps_this_browser_and_ends_the_others(visit):
    here = visit("alice")
    there = visit("alice")
    thief = visit()
    thief.client.set_cookie("padlock", here.client.get_cookie("padlock").value)
    assert change_password(here).status_code == 303
    here.get("/services")
    assert there.client.get("/services").status_code == 302
    assert thief.client.get("/services").status_code == 302
    assert visit().sign_in("alice@example.com", PASSWORD).status_code == 422
    assert visit().sign_in("alice@example.com", NEW).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("wrong", NEW, "current"), ("", NEW, "current"), ("x" * 5000, NEW, "current")]
    + [(PASSWORD, new, "new") for new in ("", "x" * 11, "x" * 1025, "x" * 40_000)],
)
def test_a_password_that_cannot_be_is_said(visit, current, new, field):
    browser = visit("alice")
    assert said(change_password(browser, current, new), field)
    assert visit().sign_in("alice@example.com", PASSWORD).status_code == 303


def test_a_stolen_cookie_is_not_good_for_guessing(visit):
    browser = visit("alice")
    answers = [change_password(browser, "wrong").status_code for _ in range(5)]
    answers += [
        save(browser, email="x@example.com", password="wrong").status_code for _ in range(6)
    ]
    assert answers == [422] * 10 + [429]


def test_signing_out_everywhere_ends_every_sign_in(visit):
    here = visit("alice")
    there = visit("alice")
    bob = visit("bob")
    assert here.post("/profile/sign-out-everywhere").headers["Location"] == "/sign-in"
    assert [browser.client.get("/services").status_code for browser in (here, there, bob)] == [
        302,
        302,
        200,
    ]


def test_what_somebody_changes_of_themselves_is_written_down(visit, app):
    browser = visit("alice")
    save(browser, email="new@example.com", password=PASSWORD)
    change_password(browser)
    browser.post("/profile/sign-out-everywhere")
    with app.app_context():
        rows = [(row.action, row.detail) for row in db.session.scalars(db.select(Activity))]
    assert [action for action, _ in rows] == [
        "changed own profile",
        "changed own password",
        "signed out everywhere",
    ]
    assert not [detail for _, detail in rows if NEW in detail or PASSWORD in detail]


def test_staff_switch_warnings_by_mail_off_and_clients_where_they_get_any(visit):
    sam = visit("sam")
    for sent, wanted in (({}, False), ({"by_mail": "y"}, True)):
        assert sam.post("/profile/warnings", sent).headers["Location"] == "/profile"
        assert sam.get("/profile").find(id="warnings").has_attr("checked") is wanted
    assert visit("alice").get("/profile").find(id="warnings") is None
    rule = {"scope": "clients", "of": "#1", "clients": "urgent", "do": "save"}
    visit("ada").post("/admin/warnings/rule", rule)
    assert visit("alice").get("/profile").find(id="warnings").has_attr("checked")
    assert visit("bob").get("/profile").find(id="warnings") is None


def test_the_profile_promises_no_mails_where_none_are_sent(app, visit):
    told = {
        "ada": "Set PADLOCK_SMTP_URL and PADLOCK_SITE_URL.",
        "sam": "Ask its administrator to set up a mail server.",
    }
    for who, words in told.items():
        page = visit(who).get("/profile").text
        assert "This site can’t send mails yet" in page
        assert words in page
        assert "Padlock warns you" not in page
    app.config["PADLOCK_SMTP_URL"] = mail_server("smtp://127.0.0.1:25")
    app.config["PADLOCK_SITE_URL"] = "https://padlock.example.com"
    assert "Padlock warns you before" in visit("sam").get("/profile").text
    app.config["PADLOCK_ALERTS"] = False
    assert "Ask its administrator to turn them on." in visit("sam").get("/profile").text


def test_users_choose_when_they_are_warned(visit, app):
    sam = visit("sam")
    form = {"by_mail": "y", "zone": "Europe/Berlin", "digest_hour": "7", "expiring": "digest"}
    sam.post("/profile/warnings", form | {"quiet_from": "22", "quiet_until": "6"})
    page = sam.get("/profile")
    for field, chosen in (
        ("expiring", "digest"),
        ("expired", "now"),
        ("digest_hour", "7"),
        ("quiet_from", "22"),
    ):
        assert page.select_one(f"#{field} option[selected]")["value"] == chosen
    for wrong, field in (
        ({"zone": "Mars/Base"}, "zone"),
        ({"quiet_from": "22", "quiet_until": ""}, "quiet_until"),
        ({"quiet_from": "6", "quiet_until": "6"}, "quiet_until"),
    ):
        answer = sam.post("/profile/warnings", form | wrong)
        assert answer.status_code == 422
        assert [each["id"] for each in looked_at(answer).select(".invalid-feedback")] == [
            f"{field}-help"
        ]
