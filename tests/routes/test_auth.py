import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from typing import ClassVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import requests
from werkzeug.serving import make_server

from tests.browser import looked_at
from tests.conftest import PASSWORD
from tests.served import served
from webapp import create_app
from webapp.accounts import first_admin, sign_ins
from webapp.accounts.models import SignIn
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.site import site_of


def sign_in(browser, email="alice@example.com", password=PASSWORD, path="/sign-in", **kwargs):
    return browser.post(path, {"email": email, "password": password}, **kwargs)


@pytest.mark.parametrize(("name", "first_page"), [("alice", "/home"), ("ada", "/admin/today")])
def test_signing_in_leads_to_the_first_page(visit, name, first_page):
    browser = visit()
    answer = sign_in(browser, f"{name}@example.com", follow_redirects=True)
    assert (answer.status_code, answer.request.path) == (200, first_page)


def test_the_first_page_of_nobody_is_the_sign_in(visit):
    assert visit().client.get("/", follow_redirects=True).request.path == "/sign-in"


def test_an_unknown_address_and_a_wrong_password_are_told_alike(visit):
    answers = []
    for email in ("alice@example.com", "nobody@example.com"):
        browser = visit()
        answer = sign_in(browser, email, "wrong wrong wrong")
        page = looked_at(answer)
        page.find("input", attrs={"name": "csrf_token"}).decompose()
        answers.append((answer.status_code, str(page).replace(email, "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def test_the_right_password_of_a_disabled_user_is_told_like_a_wrong_one(visit, app):
    with app.app_context(), writing():
        db.session.execute(db.update(User).values(active=False))
    assert sign_in(visit()).status_code == sign_in(visit(), password="wrong").status_code == 422


@pytest.mark.parametrize(
    "password", ["x" * 1025, "x" * 40_000, "\U0001f512" * 300, "p\u00e4ss\u2028wort"]
)
def test_odd_passwords_are_only_wrong(visit, password):
    assert sign_in(visit(), password=password).status_code == 422


def test_a_password_of_a_megabyte_is_too_much(visit):
    assert sign_in(visit(), password="x" * 1024 * 1024).status_code == 413


def test_guessing_at_one_account_is_slowed_for_the_guesser_only(visit):
    guesser = visit()
    alice = visit()
    for _ in range(10):
        assert sign_in(guesser, password="wrong").status_code == 422
    refused = sign_in(guesser)
    assert (refused.status_code, b"Too many attempts" in refused.data) == (429, True)
    elsewhere = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    assert sign_in(alice, **elsewhere).status_code == 303


def test_forty_guesses_at_once_are_ten_at_most(app):
    """A real server with as many threads as guesses."""
    with served(make_server("127.0.0.1", 0, app, threaded=True)) as server:
        site = f"http://127.0.0.1:{server.port}/sign-in"
        form = requests.Session()
        token = re.search(r'name="csrf_token" value="([^"]+)"', form.get(site, timeout=10).text)[1]

        def guess(number):
            fields = {
                "email": "alice@example.com",
                "password": f"guess {number}",
                "csrf_token": token,
            }
            return requests.post(site, fields, cookies=form.cookies, timeout=60).status_code

        with ThreadPoolExecutor(40) as pool:
            answers = Counter(pool.map(guess, range(40)))
    assert answers.keys() <= {422, 429, 503}  # 503: nobody looked at the password
    assert 1 <= answers[422] <= 10


def test_right_passwords_are_counted_too(visit):
    assert [sign_in(visit()).status_code for _ in range(61)] == [303] * 60 + [429]


def test_the_right_password_counts_as_no_guess(visit):
    for _ in range(9):
        sign_in(visit(), password="wrong")
    assert [sign_in(visit()).status_code for _ in range(4)] == [303] * 4
    assert [sign_in(visit(), password="wrong").status_code for _ in range(2)] == [422, 429]


def test_guessing_at_an_unknown_account_is_slowed_alike(visit):
    browser = visit()
    answers = [sign_in(browser, "nobody@example.com", "wrong").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_one_place_cannot_try_many_accounts(visit):
    browser = visit()
    answers = [
        sign_in(browser, f"{number}@example.com", "wrong").status_code for number in range(51)
    ]
    assert answers == [422] * 50 + [429]


def test_a_household_is_one_place(visit):
    browser = visit()
    addresses = [f"2001:db8:1:2::{number}" for number in range(11)]
    answers = [
        sign_in(browser, password="x", environ_base={"REMOTE_ADDR": address})
        for address in addresses
    ]
    assert answers[-1].status_code == 429


def test_addresses_of_ipv4_are_places_of_their_own_also_where_they_come_as_ipv6(visit):
    browser = visit()
    addresses = [f"::ffff:192.0.2.{number}" for number in range(11)]
    answers = [
        sign_in(browser, password="x", environ_base={"REMOTE_ADDR": address})
        for address in addresses
    ]
    assert answers[-1].status_code == 422


def test_the_session_is_a_new_one_after_signing_in(visit):
    browser = visit()
    before = browser.token()
    with browser.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    sign_in(browser)
    with browser.client.session_transaction() as session:
        assert "planted" not in session
    assert browser.token() != before


def test_a_stolen_cookie_opens_nothing_after_signing_out(visit, app):
    browser = visit("alice")
    thief = visit()
    stolen = browser.client.get_cookie("padlock")
    thief.client.set_cookie("padlock", stolen.value)
    thief.get("/services")
    assert browser.post("/sign-out").status_code == 303
    thief.client.set_cookie("padlock", stolen.value)
    assert thief.client.get("/services").status_code == 302
    assert browser.client.get("/services").status_code == 302


@pytest.mark.parametrize(
    ("page", "back_to"),
    [
        ("http://localhost/admin/clients/new", "/sign-in?next=/admin/clients/new"),
        ("http://localhost.evil.example/admin", "/sign-in"),
        ("http://[", "/sign-in"),
    ],
)
def test_a_form_of_a_user_signed_out_leads_back_to_its_page(visit, page, back_to):
    answer = visit().client.post("/admin/clients/new", headers={"Referer": page})
    assert (answer.status_code, answer.headers["Location"]) == (302, back_to)


def test_a_new_password_ends_every_session(visit, app):
    browser = visit("alice")
    with app.app_context():
        alice = db.session.scalar(db.select(User).filter_by(name="Alice Baker"))
        sign_ins.change_password(alice, "a new long password")
    assert browser.client.get("/services").status_code == 302


def test_a_disabled_user_is_out_with_the_next_request(visit, app):
    browser = visit("alice")
    with app.app_context(), writing():
        db.session.execute(db.update(User).values(active=False))
    assert browser.client.get("/services").status_code == 302


@pytest.mark.parametrize(
    "cookie", ["", "x", "eyJfdXNlcl9pZCI6IjEifQ", "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbb", "." * 3000]
)
def test_a_forged_cookie_is_nobody(visit, cookie):
    browser = visit()
    browser.client.set_cookie("padlock", cookie)
    assert browser.client.get("/services").status_code == 302


# Of the very last one, two bits count for nothing
@pytest.mark.parametrize("place", [0, 10, 40, -2])
def test_a_cookie_with_one_character_changed_is_nobody(visit, place):
    browser = visit("alice")
    cookie = list(browser.client.get_cookie("padlock").value)
    cookie[place] = "B" if cookie[place] == "A" else "A"
    browser.client.set_cookie("padlock", "".join(cookie))
    assert browser.client.get("/services").status_code == 302


def test_the_cookie_is_kept_from_scripts_and_other_sites(visit):
    cookie = visit().client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_over_https_only_the_cookie_is_bound_to_this_host(database, monkeypatch):
    app = create_app(
        {"TESTING": True, "PADLOCK_COOKIE_SECURE": True, "PADLOCK_DATABASE_URL": database}
    )
    secure = {"base_url": "https://localhost"}
    cookie = app.test_client().get("/sign-in", **secure).headers["Set-Cookie"]
    assert cookie.startswith("__Host-padlock=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; ")[1:])
    assert "Domain" not in cookie
    site_of(app).checks.close()
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "evil.example",
        "/%0d%0aSet-Cookie: a=b",
        "/\r\nSet-Cookie: a=b",
        "/ä",
        "javascript:alert(1)",
        "",
        " /services",
        "/\t/evil.example",
    ],
)
def test_signing_in_never_leads_to_another_site(visit, target):
    answer = visit().post(
        "/sign-in?" + query(target), {"email": "alice@example.com", "password": PASSWORD}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/") or answer.headers[
        "Location"
    ].startswith("/%0d")


def test_signing_in_leads_back_to_where_one_was(visit):
    browser = visit()
    asked = browser.client.get("/services?q=a%20b&sort=-due", follow_redirects=True)
    answer = browser.post(
        asked.request.full_path, {"email": "alice@example.com", "password": PASSWORD}
    )
    assert answer.headers["Location"] == "/services?q=a%20b&sort=-due"


def test_signing_out_is_no_link(visit):
    browser = visit("alice")
    browser.get("/sign-out", 405)
    assert browser.get("/services")


@pytest.mark.parametrize("token", [None, "", "foreign"])
def test_a_form_without_its_token_changes_nothing(visit, app, token):
    browser = visit("alice")
    form = {} if token is None else {"csrf_token": token if token != "foreign" else visit().token()}
    answer = browser.client.post("/sign-out", data=form)
    assert (answer.status_code, b"reload the page" in answer.data) == (400, True)
    browser.get("/services")


def test_nobody_signs_up_as_administrator_by_adding_fields(visit, app):
    browser = visit()
    form = {
        "email": "alice@example.com",
        "password": PASSWORD,
        "is_admin": "1",
        "client_id": "2",
        "active": "1",
    }
    browser.post("/sign-in", form)
    with app.app_context():
        alice = db.session.scalar(db.select(User).filter_by(name="Alice Baker"))
        assert (alice.is_admin, alice.client.name) == (False, "Alice’s Bakery")


def query(target):
    return f"next={target if '%' in target else quote(target, safe='')}"


class TestSetup:
    form: ClassVar = {"name": "Ada", "email": "Ada@Example.com", "password": PASSWORD}

    @pytest.fixture
    def link(self, app):
        with app.app_context(), writing():
            db.session.execute(db.delete(SignIn))
            db.session.execute(db.delete(User))
        return f"/setup/{first_admin.setup_link_token(app.config['SECRET_KEY'])}"

    def test_the_link_makes_the_first_administrator_once(self, visit, link):
        browser = visit()
        browser.get(link)
        answer = browser.post(link, self.form, follow_redirects=True)
        assert answer.request.path == "/admin/today"
        browser.get(link, 410)
        assert visit().post(link, self.form).status_code == 410

    def test_it_asks_when_the_daily_refresh_begins(self, visit, link, app):
        browser = visit()
        fields = browser.get(link).select("main input[name^=PADLOCK_]")
        assert [field["value"] for field in fields] == ["03:00", ""]
        chosen = {"PADLOCK_REFRESH_AT": "22:15", "PADLOCK_TIMEZONE": "Asia/Tokyo"}
        assert browser.post(link, self.form | chosen).status_code == 303
        assert app.config["PADLOCK_REFRESH_AT"] == time(22, 15)
        assert app.config["PADLOCK_TIMEZONE"] == ZoneInfo("Asia/Tokyo")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"PADLOCK_REFRESH_AT": "10 pm"},
            {"PADLOCK_TIMEZONE": "Tokyo"},
            {"password": "x" * 11},
            {"password": "x" * 1025},
            {"email": "ada"},
            {"name": ""},
            {"name": "x" * 201},
        ],
    )
    def test_what_cannot_be_is_said(self, visit, link, wrong):
        answer = visit().post(link, self.form | wrong)
        assert (answer.status_code, b"is-invalid" in answer.data) == (422, True)

    @pytest.mark.parametrize("token", ["x", "x.y.z", "%00"])
    def test_a_link_that_was_made_up_is_no_link(self, visit, link, token):
        assert visit().client.get(f"/setup/{token}").status_code in (400, 404, 410)

    def test_the_link_is_dead_once_there_is_a_user(self, visit, app):
        visit().get(f"/setup/{first_admin.setup_link_token(app.config['SECRET_KEY'])}", 410)
