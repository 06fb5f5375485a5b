import logging
import re
import socket
from datetime import UTC, datetime, timedelta

import pytest
from itsdangerous import TimestampSigner

from tests.browser import looked_at
from tests.conftest import PASSWORD
from tests.monitor.processes import wait_for
from tests.served import served
from tests.smtp_server import MailServer
from webapp.accounts import password_resets, users
from webapp.config import mail
from webapp.customers.models import Activity, User
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job

NEW = "another horse battery"
SITE = "https://padlock.example.com"
SECRET = "p%40ss-hunter2"


@pytest.fixture
def server():
    with served(MailServer()) as server:
        yield server


@pytest.fixture
def mails(app, server):
    """The site with a mail server; the mails that it took."""
    app.config["PADLOCK_SITE_URL"] = SITE
    url = f"smtp://padlock:{SECRET}@127.0.0.1:{server.port}"
    app.config["PADLOCK_SMTP_URL"] = mail.mail_server(url)
    return server.mails


@pytest.fixture
def link(app):
    """Alice's link, or somebody else's."""

    def link(name="alice"):
        with app.app_context():
            return f"/reset/{password_resets.token_for(user(name), app.config['SECRET_KEY'])}"

    return link


def user(name):
    return db.session.scalar(db.select(User).filter_by(email=f"{name}@example.com"))


def ask(browser, email="alice@example.com", **kwargs):
    return browser.post("/forgot-password", {"email": email}, **kwargs)


def job():
    db.session.rollback()
    return db.session.scalar(db.select(Job))


def done(app):
    """When no job is due or runs."""
    with app.app_context():
        wait_for(lambda: (row := job()) is None or (row.problem and not row.claim))


def test_the_sign_in_page_leads_there(visit):
    link = visit().get("/sign-in").find("a", string="Forgot your password?")
    assert visit().get(link["href"]).h1.text == "Forgot your password?"


def test_the_mail_brings_a_link_that_sets_the_password(visit, mails):
    browser = visit()
    elsewhere = visit("alice")
    assert ask(browser, " Alice@Example.com ").status_code == 200
    mail = mails.get(timeout=10)
    assert (mail["To"], mail["From"]) == ("alice@example.com", "padlock@padlock.example.com")
    path = re.search(f"{SITE}(/reset/\\S+)", mail.get_content())[1]
    assert "alice@example.com" in browser.get(path).main.text
    assert browser.post(path, {"password": NEW}).headers["Location"] == "/sign-in"
    assert browser.sign_in("alice@example.com", NEW).status_code == 303
    assert elsewhere.client.get("/services").status_code == 302


def test_an_unknown_address_is_told_the_same_and_gets_nothing(visit, app, mails):
    pages = []
    for email in ("alice@example.com", "nobody@example.com"):
        page = looked_at(ask(visit(), email))
        page.find("input", attrs={"name": "csrf_token"}).decompose()
        pages.append(str(page))
    done(app)
    assert pages[0] == pages[1]
    assert mails.qsize() == 1


def test_a_disabled_user_gets_no_mail(visit, app, mails):
    with app.app_context(), writing():
        user("alice").active = False
    assert ask(visit()).status_code == 200
    done(app)
    assert mails.qsize() == 0


def test_nobody_waits_for_the_mail(visit, app, mails, server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        app.config["PADLOCK_SMTP_URL"] = mail.mail_server(url)
        assert ask(visit()).status_code == ask(visit(), "nobody@example.com").status_code == 200
        with app.app_context():
            wait_for(lambda: job().claim)  # its mail server has not said a word yet
    done(app)


def test_no_link_and_no_secret_is_stored(visit, app, mails):
    app.config["PADLOCK_SMTP_URL"] = mail.mail_server("smtp://127.0.0.1:1")
    assert ask(visit()).status_code == 200
    done(app)
    with app.app_context():
        alice = user("alice")
        assert job().arguments == {"user_id": alice.id, "stamp": password_resets._stamp(alice)}


def test_requests_while_the_mail_server_is_down_become_one_mail(visit, app, mails):
    up = app.config["PADLOCK_SMTP_URL"]
    app.config["PADLOCK_SMTP_URL"] = mail.mail_server("smtp://127.0.0.1:1")
    for _ in range(2):
        ask(visit())
        done(app)
    app.config["PADLOCK_SMTP_URL"] = up
    ask(visit())
    done(app)
    assert mails.qsize() == 1


def test_a_mail_that_waited_is_not_sent_once_the_user_has_another_password(visit, app, mails):
    up = app.config["PADLOCK_SMTP_URL"]
    app.config["PADLOCK_SMTP_URL"] = mail.mail_server("smtp://127.0.0.1:1")
    ask(visit())
    done(app)
    app.config["PADLOCK_SMTP_URL"] = up
    with app.app_context():
        token = password_resets.token_for(user("alice"), app.config["SECRET_KEY"])
        assert password_resets.use(token, app.config["SECRET_KEY"], NEW, datetime.now(UTC))
        with writing():
            queue.retry(job().id, datetime.now(UTC))
        wait_for(lambda: job() is None)
    assert mails.empty()


def test_the_host_of_the_request_is_in_no_link(visit, mails):
    client = visit().client
    evil = {"base_url": "http://evil.example"}
    token = looked_at(client.get("/forgot-password", **evil)).find(
        "input", attrs={"name": "csrf_token"}
    )["value"]
    form = {"email": "alice@example.com", "csrf_token": token}
    assert client.post("/forgot-password", data=form, **evil).status_code == 200
    assert "evil" not in mails.get(timeout=10).as_string()


def test_a_mail_server_that_fails_is_logged_without_secrets(visit, app, mails, server, caplog):
    server.shutdown()
    server.server_close()
    caplog.set_level(logging.DEBUG)
    assert ask(visit()).status_code == 200
    done(app)
    assert "Mail could not be handed to 127.0.0.1" in caplog.text
    assert "hunter2" not in caplog.text + repr(app.config)
    assert "/reset/" not in caplog.text


def test_without_a_mail_server_the_page_names_the_administrator(visit):
    page = visit().get("/forgot-password")
    assert "Ask your hosting provider" in page.main.text
    assert page.find("input", attrs={"name": "email"}) is None


@pytest.mark.parametrize("email", ["", "alice", "x" * 300, "a@b\r\nBcc: eve@example.com"])
def test_what_is_no_address_is_said_beside_the_field(visit, mails, email):
    answer = ask(visit(), email)
    assert (answer.status_code, b"is-invalid" in answer.data) == (422, True)


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_a_mailbox_is_not_flooded(visit, mails, email):
    answers = [ask(visit(), email).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]


def test_one_place_cannot_ask_for_many_accounts(visit, mails):
    browser = visit()
    answers = [ask(browser, f"{number}@example.com").status_code for number in range(21)]
    assert answers == [200] * 20 + [429]


def test_a_link_works_once(visit, link):
    path = link()
    assert visit().post(path, {"password": NEW}).status_code == 303
    visit().get(path, 410)
    assert visit().post(path, {"password": "a third long password"}).status_code == 410


def test_of_two_who_come_with_one_link_the_first_wins(in_app, now):
    secret = in_app.config["SECRET_KEY"]
    token = password_resets.token_for(user("alice"), secret)
    assert [
        password_resets.use(token, secret, password, now)
        for password in (NEW, "a third long password")
    ] == [True, False]


def test_a_link_lasts_an_hour(visit, link, monkeypatch):
    path = link()
    made = TimestampSigner("x").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: made + 3599)
    visit().get(path)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: made + 3602)
    visit().get(path, 410)
    assert timedelta(seconds=3600) == password_resets.LINK_LASTS


@pytest.mark.parametrize(
    "values", [{"password_hash": "x"}, {"email": "new@example.com"}, {"active": False}]
)
def test_a_link_ends_with_what_it_was_made_for(visit, app, link, values):
    path = link()
    with app.app_context(), writing():
        db.session.execute(db.update(User).values(values).where(User.name == "Alice Baker"))
    visit().get(path, 410)


@pytest.mark.parametrize("what", ["sign-out", "disable", "enable"])
def test_a_link_ends_when_the_user_is_signed_out_disabled_or_enabled(visit, link, what):
    ada = visit("ada")
    path = link()
    if what == "enable":
        ada.post("/admin/users/1/disable")
        path = link()  # made while they were disabled, as the mail of a slow server is
    ada.post(f"/admin/users/1/{what}")
    ada.post("/admin/users/1/enable")
    visit().get(path, 410)
    visit().get(link())


@pytest.mark.parametrize("what", ["everywhere", "elsewhere"])
def test_a_link_ends_when_its_user_signs_out_of_other_browsers(visit, link, what):
    path = link()
    visit("alice").post(f"/profile/sign-out-{what}")
    visit().get(path, 410)


@pytest.mark.parametrize("token", ["x", "a.b.c", "WzEsMl0.x.y", "." * 3000, "ä"])
def test_a_link_that_was_made_up_is_none(visit, token):
    visit().get(f"/reset/{token}", 410)


def test_the_link_of_the_first_administrator_is_no_reset_link(visit, app):
    from webapp.accounts import first_admin

    visit().get(f"/reset/{first_admin.setup_link_token(app.config['SECRET_KEY'])}", 410)


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 1025])
def test_a_password_that_cannot_be_is_said(visit, link, password):
    path = link()
    answer = visit().post(path, {"password": password})
    assert (answer.status_code, b"is-invalid" in answer.data) == (422, True)
    assert visit().sign_in("alice@example.com", PASSWORD).status_code == 303


def test_an_administrator_hands_out_a_link(visit, app):
    page = looked_at(visit("ada").post("/admin/users/1/reset-link"))
    path = page.find("textarea").text.removeprefix("http://127.0.0.1:8000")
    assert visit().post(path, {"password": NEW}).status_code == 303
    with app.app_context():
        actions = db.session.execute(db.select(Activity.who, Activity.action)).all()
    expected = [
        ("ada@example.com", "handed out a reset link"),
        ("alice@example.com", "reset own password"),
    ]
    assert [tuple(row) for row in actions] == expected


def test_a_user_without_password_chooses_one_by_link(visit, app, now, link):
    with app.app_context():
        users.add(
            user("ada"), users.UserDetails("New One", "new@example.com", users.Role.STAFF), now
        )
    assert visit().post(link("new"), {"password": NEW}).status_code == 303
    assert visit().sign_in("new@example.com", NEW).status_code == 303
