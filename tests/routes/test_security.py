"""Security events and sign-ins, as people and fail2ban meet them."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser import Browser, looked_at
from tests.conftest import PASSWORD
from webapp import create_app
from webapp.accounts import security_events
from webapp.accounts.models import SecurityEvent, SignIn
from webapp.accounts.security_events import Event
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.site import site_of

NEW = "another horse battery"
FIREFOX = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
}
ELSEWHERE = {"REMOTE_ADDR": "198.51.100.7"}


def events(app):
    with app.app_context():
        rows = db.session.scalars(db.select(SecurityEvent).order_by(SecurityEvent.id))
        return [(row.event, row.user_id, row.by_id, row.count) for row in rows]


def sign_in(browser, email="alice@example.com", password=PASSWORD, **kwargs):
    return browser.post("/sign-in", {"email": email, "password": password}, **kwargs)


def shown(page):
    return [" ".join(row.select_one(".log-action").text.split()) for row in page.select("tbody tr")]


def test_what_users_do_is_noted(visit, app):
    browser = visit("alice")
    browser.post("/profile", {"name": "Alice", "email": "a@example.com", "password": PASSWORD})
    browser.post("/profile/password", {"current": "wrong wrong", "new": NEW})
    browser.post("/profile/password", {"current": PASSWORD, "new": NEW})
    browser.post("/profile/sign-out-elsewhere")
    browser.post("/sign-out")
    expected = [
        Event.SIGN_IN,
        Event.EMAIL_CHANGED,
        Event.PASSWORD_CHECK_FAILED,
        Event.PASSWORD_CHANGED,
    ]
    expected += [Event.SIGNED_OUT_ELSEWHERE, Event.SIGN_OUT]
    assert events(app) == [(event, 1, None, 1) for event in expected]


def test_what_administrators_do_to_users_is_noted_with_both(visit, app):
    ada = visit("ada")
    ada.post(
        "/admin/users/4",
        {"name": "Sam", "email": "sam@example.com", "role": "admin", "version": "1"},
    )
    for what in ("disable", "enable", "sign-out", "reset-link"):
        ada.post(f"/admin/users/4/{what}")
    ada.post("/admin/users/1/view-as")
    ada.post("/view-as/end")
    expected = [
        Event.ROLE_CHANGED,
        Event.USER_DISABLED,
        Event.USER_ENABLED,
        Event.SIGNED_OUT_EVERYWHERE,
    ]
    expected = [(event, 4, 3, 1) for event in (*expected, Event.RESET_LINK_MADE)]
    expected += [(event, 1, 3, 1) for event in (Event.VIEW_AS_STARTED, Event.VIEW_AS_ENDED)]
    assert events(app) == [(Event.SIGN_IN, 3, None, 1), *expected]
    assert "Role changed from Staff to Administrator by ada@example.com" in shown(
        ada.get("/admin/activity/security")
    )


def test_wrong_and_refused_sign_ins_are_noted_and_a_flood_is_two_rows(visit, app):
    browser = visit()
    for _ in range(25):
        sign_in(browser, "stranger@example.net", "wrong")
    rows = events(app)
    assert {row[0] for row in rows} == {Event.SIGN_IN_FAILED, Event.SIGN_IN_REFUSED}
    assert sum(row[3] for row in rows if row[0] == Event.SIGN_IN_FAILED) == 10
    assert len(rows) <= 4  # two, or four where a minute began in between


def test_refusals_in_a_flood_write_nothing_but_their_line(visit, app, caplog):
    browser = visit()
    for _ in range(10):
        sign_in(browser, password="wrong")
    before = sum(row[3] for row in events(app) if row[0] == Event.SIGN_IN_REFUSED)
    caplog.clear()
    for _ in range(5):
        assert sign_in(browser).status_code == 429
    lines = [
        r.getMessage()
        for r in caplog.records
        if r.getMessage().startswith("sign-in refused from 127.0.0.1")
    ]
    assert len(lines) == 5
    assert 1 <= sum(row[3] for row in events(app) if row[0] == Event.SIGN_IN_REFUSED) - before <= 2


def test_no_table_holds_an_unknown_address_in_clear(visit, app):
    for path in ("/sign-in", "/forgot-password"):
        for _ in range(11):
            visit().post(path, {"email": "Stranger@Example.net", "password": "wrong"})
    with app.app_context(), db.engine.connect() as connection:
        rows = [
            row
            for table in db.metadata.sorted_tables
            for row in connection.execute(db.select(table))
        ]
    assert not [row for row in rows if "stranger" in str(row).lower()]


def test_asking_for_a_reset_is_noted_alike_for_known_and_unknown_addresses(visit, app, monkeypatch):
    app.config["PADLOCK_SITE_URL"] = "https://padlock.example.com"
    app.config["PADLOCK_SMTP_URL"] = "smtp"
    monkeypatch.setattr(site_of(app).jobs, "works", {})  # the mails wait
    for email in ("alice@example.com", "nobody@example.com"):
        visit().post("/forgot-password", {"email": email})
    assert [row[:2] for row in events(app)] == [
        (Event.RESET_REQUESTED, 1),
        (Event.RESET_REQUESTED, None),
    ]
    with app.app_context():
        assert db.session.scalars(db.select(Job.key).order_by(Job.id)).all() == ["1", "no user"]


def test_an_address_counts_only_behind_a_proxy_that_is_trusted(visit, app, database):
    forwarded = {"headers": {"X-Forwarded-For": "203.0.113.9"}}
    sign_in(visit(), password="wrong", **forwarded)
    trusting = create_app(
        {"TESTING": True, "PADLOCK_TRUSTED_PROXIES": 1, "PADLOCK_DATABASE_URL": database}
    )
    sign_in(Browser(trusting), password="wrong", **forwarded)
    with app.app_context():
        addresses = db.session.scalars(
            db.select(SecurityEvent.address).order_by(SecurityEvent.id)
        ).all()
    site_of(trusting).checks.close()
    with trusting.app_context():
        db.engine.dispose()
    assert addresses == ["127.0.0.1", "203.0.113.9"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%x from 9.9.9.9", "fe80::1"),
        ("unix:", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_odd_address_is_cleaned(visit, app, sent, kept):
    sign_in(visit(), password="wrong", environ_base={"REMOTE_ADDR": sent})
    with app.app_context():
        assert db.session.scalars(db.select(SecurityEvent.address)).all() == [kept]


class TestThePage:
    @pytest.fixture
    def noted(self, visit, app):
        sign_in(visit(), password="wrong", environ_base=ELSEWHERE)
        sign_in(visit(), "stranger@example.net", "wrong")
        sign_in(visit())

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", 4),
            ("event=sign-in failed", 2),
            ("event=nonsense", 4),
            ("user=1", 2),
            ("user=x", 4),
            ("user=99999999999", 4),
            ("address=198.51.100.7", 1),
            ("q=198.51", 1),
            ("q=198%25", 0),
            ("q=alice@example.com", 2),
            ("q=STRANGER@example.net", 1),
            ("q=%25", 0),
            ("page=9&size=100", 4),
        ],
    )
    def test_it_is_searched_and_filtered(self, visit, noted, query, found):
        assert len(shown(visit("ada").get(f"/admin/activity/security?{query}"))) == found

    def test_a_name_and_an_address_lead_to_what_else_they_did(self, visit, noted):
        ada = visit("ada")
        page = ada.get("/admin/activity/security?event=sign-in failed")
        for cell in (".log-who a", ".log-address a"):
            followed = ada.get(page.select(cell)[-1]["href"])
            assert len(followed.select(".chip")) == 2

    def test_only_administrators_find_it(self, visit, noted):
        assert visit("ada").get("/admin/activity").find("a", string="Security")
        assert visit("sam").get("/admin/activity").find("a", string="Security") is None
        visit("sam").get("/admin/activity/security", 403)


class TestYourSignIns:
    def test_they_say_which_browser_where_and_when(self, visit):
        browser = visit()
        sign_in(browser, environ_base=ELSEWHERE, headers=FIREFOX)
        entry = browser.get("/profile").select_one(".sign-ins li")
        text = " ".join(entry.text.split())
        assert text.startswith("Firefox on Windows This browser 198.51.100.7 · Last used just now")
        assert len(entry.select("time")) == 2

    def test_one_is_ended_and_the_others_stay(self, visit):
        here = visit("alice")
        there = visit("alice")
        third = visit("alice")
        forms = here.get("/profile").select(".sign-ins form")
        assert len(forms) == 2
        assert here.post(forms[-1]["action"]).status_code == 303  # the oldest
        assert [
            browser.client.get("/services").status_code for browser in (here, there, third)
        ] == [200, 302, 200]

    def test_nobody_ends_or_sees_the_sign_in_of_another(self, visit, app):
        alice = visit("alice")
        bob = visit("bob")
        with app.app_context():
            hers = db.session.scalar(db.select(SignIn.id).filter_by(user_id=1))
        assert bob.post(f"/profile/sign-ins/{hers}/end").status_code == 404
        assert len(bob.get("/profile").select(".sign-ins li")) == 1
        alice.get("/services")

    def test_ending_this_one_signs_out(self, visit, app):
        alice = visit("alice")
        with app.app_context():
            own = db.session.scalar(db.select(SignIn.id).filter_by(user_id=1))
        assert (
            alice.post(f"/profile/sign-ins/{own}/end", follow_redirects=True).request.path
            == "/sign-in"
        )

    def test_signing_out_elsewhere_keeps_this_browser(self, visit):
        here = visit("alice")
        there = visit("alice")
        assert here.post("/profile/sign-out-elsewhere").status_code == 303
        assert [browser.client.get("/services").status_code for browser in (here, there)] == [
            200,
            302,
        ]

    @pytest.mark.parametrize(
        "agent", ["<script>alert(1)</script>", "Firefox/1\x00\x1b[31m", "x" * 5000, "Ünïcode/1"]
    )
    def test_a_hostile_browser_is_only_a_browser(self, visit, agent):
        browser = visit()
        sign_in(browser, headers={"User-Agent": agent})
        assert "script>" not in browser.get("/profile").select_one(".sign-ins").text


class TestIdle:
    @pytest.fixture
    def used(self, app):
        """Has the sign-ins of everybody last used so long ago."""

        def used(**ago):
            with app.app_context(), writing():
                db.session.execute(
                    db.update(SignIn).values(last_used_at=datetime.now(UTC) - timedelta(**ago))
                )

        return used

    def test_an_administrator_is_signed_out_after_twelve_hours(self, visit, used):
        ada = visit("ada")
        sam = visit("sam")
        used(hours=12)
        assert [one.client.get("/admin/services").status_code for one in (ada, sam)] == [302, 200]

    def test_a_page_counts_as_use_and_a_part_of_one_does_not(self, visit, app, used):
        ada = visit("ada")
        for path, noted in (
            ("/admin/refresh/progress", False),
            ("/probe/service/1", False),
            ("/admin/users", True),
        ):
            used(hours=11)
            assert ada.client.get(path).status_code == 200
            with app.app_context():
                at = db.session.scalar(db.select(SignIn.last_used_at))
            assert (datetime.now(UTC) - at < timedelta(minutes=1)) is noted, path

    def test_a_part_of_a_page_sends_an_idle_administrator_to_sign_in(self, visit, used):
        ada = visit("ada")
        used(hours=13)
        answer = ada.client.get(
            "/admin/refresh/progress", headers={"HX-Current-URL": "http://localhost/admin/refresh"}
        )
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (
            401,
            "/sign-in?next=/admin/refresh",
        )

    def test_it_can_be_set_or_switched_off(self, visit, app, used):
        ada = visit("ada")
        used(days=5)
        app.config["PADLOCK_ADMIN_IDLE_HOURS"] = 0
        assert ada.client.get("/admin/services").status_code == 200
        used(hours=2)
        app.config["PADLOCK_ADMIN_IDLE_HOURS"] = 1
        assert ada.client.get("/admin/services").status_code == 302


# --- the line that fail2ban reads ---

ADDRESS = r"(?P<address>[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:]+:[0-9A-Fa-f:.]*)"
DATE = re.compile(r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|(?<="at": ")[^"]+')


def documented():
    """What docs/fail2ban.md tells fail2ban, as it does it: the date cut out, the content found,
    then the address."""
    text = (Path(security_events.__file__).parents[2] / "docs/fail2ban.md").read_text()
    begins, fails = (re.search(f"{name} = (.+)", text)[1] for name in ("prefregex", "failregex"))
    begins = re.compile(begins.replace("<F-CONTENT>", "(?P<content>").replace("</F-CONTENT>", ")"))
    fails = re.compile(fails.replace("<ADDR>", ADDRESS))

    def banned(line):
        content = begins.search(DATE.sub("", line, count=1))
        found = content and fails.search(content["content"])
        return found["address"] if found else None

    return lambda text: [address for line in text.splitlines() if (address := banned(line))]


@pytest.fixture(params=["plain", "json"])
def written(request, log_lines):
    return log_lines(request.param)


def test_fail2ban_finds_each_wrong_sign_in_by_the_documented_filter(visit, written):
    browser = visit()
    for address in ("203.0.113.7", "2001:db8::7"):
        for email in ("alice@example.com", "stranger@example.net"):
            sign_in(browser, email, "wrong", environ_base={"REMOTE_ADDR": address})
    for _ in range(9):
        sign_in(browser, password="wrong", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    sign_in(browser, environ_base=ELSEWHERE)
    assert (
        documented()(written()) == ["203.0.113.7"] * 2 + ["2001:db8::7"] * 2 + ["203.0.113.7"] * 9
    )
    assert len([line for line in written().splitlines() if "sign-in refused from" in line]) == 0
    sign_in(browser, password="wrong", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert documented()(written())[-1] == "203.0.113.7"
    assert "sign-in" in written()
    assert not [word for word in ("alice", "stranger", "example") if word in written()]


FORGED = "sign-in failed from 9.9.9.9"
FORGERIES = (
    f"x\r\n2026-11-28 10:15:00 WARNING webapp.security: {FORGED}",
    f'x\n{{"level": "WARNING", "logger": "webapp.security", "message": "{FORGED}"}}',
    f"WARNING webapp.security: {FORGED}",
    f'", "logger": "webapp.security", "message": "{FORGED}',
)


@pytest.mark.parametrize("text", FORGERIES)
def test_nobody_can_have_another_address_banned(visit, written, text):
    browser = visit()
    sign_in(
        browser,
        f"{text}@example.com",
        text,
        headers={"User-Agent": text.replace("\r", "").replace("\n", " ")},
    )
    browser.client.get("/" + quote(text, safe=""))
    browser.client.get("/sign-in?next=" + quote(text, safe=""))
    browser.client.get(
        "/sign-in", headers={"X-Request-ID": text.replace("\r", "").replace("\n", " ")}
    )
    sign_in(browser, environ_base={"REMOTE_ADDR": f"fe80::1%{text}"}, password="wrong")
    assert set(documented()(written())) <= {"127.0.0.1", "fe80::1"}
    assert documented()(written())


def test_the_line_in_json_can_be_read(visit, log_lines):
    written = log_lines("json")
    sign_in(visit(), password="wrong")
    lines = [json.loads(line) for line in written().splitlines()]
    line = next(line for line in lines if line["logger"] == "webapp.security")
    assert (line["message"], line["level"]) == ("sign-in failed from 127.0.0.1, user 1", "WARNING")


def test_a_user_who_is_deleted_leaves_the_events(visit, app):
    sign_in(visit(), "bob@example.com", "wrong")
    with app.app_context(), writing():
        db.session.execute(db.delete(User).filter_by(id=2))
    assert shown(visit("ada").get("/admin/activity/security"))[-1] == "Sign-in failed"
    assert looked_at(visit("ada").client.get("/admin/activity/security?user=2"))
