import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, make_url

from tests.conftest import PASSWORD, _site
from webapp import probe
from webapp.accounts import password_resets
from webapp.accounts.security_events import Caller
from webapp.customers.models import Activity
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.monitor.models import RunKind, RunState, Target
from webapp.monitor.refresh import runs
from webapp.probe import Reason, State
from webapp.site import site_of


def left_alone(app):
    """The file of the database, which nobody has open any more."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return Path(make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database)


def flags(page):
    return {flag.strong.text: flag for flag in page.select(".health-flags li")}


@pytest.fixture
def libraries_never_old(monkeypatch):
    """The installed ones grow old in time: that is told, and these tests are not about it."""
    monkeypatch.setattr(
        probe, "versions", lambda: {"OpenSSL": "OpenSSL 99.0.0", "certifi": "unknown"}
    )


@pytest.fixture
def ticking(app):
    """A scheduler that has just looked, and has done today's refresh."""
    with app.app_context():
        now = datetime.now(UTC)
        runs.beat(now)
        with writing():
            day = runs.day_of(now, app.config["PADLOCK_REFRESH_AT"], app.config["PADLOCK_TIMEZONE"])
            run = runs.new(RunKind.DAILY, day, 100, 2, now, "")
            run.state = RunState.DONE
            run.ended_at = now


@pytest.mark.usefixtures("ticking", "libraries_never_old")
@pytest.mark.parametrize("who", ["sam", "ada"])
def test_a_monitor_that_is_well_says_so(visit, who):
    page = visit(who).get("/admin/health")
    assert page.select_one("#verdict").text == "Everything is working"
    assert {
        "Database",
        "Trusted roots",
        "Resolver",
        "Clock",
        "Libraries",
        "Site",
        "Scheduler",
        "Daily refresh",
    } <= flags(page).keys()
    assert page.select(".health-fix") == []
    assert "OpenSSL " in page.find("table").text


@pytest.mark.usefixtures("ticking")
@pytest.mark.parametrize(
    ("pattern", "used"), [("*", False), ("*.example", False), ("x.test", True)]
)
def test_the_resolver_is_asked_only_where_some_name_is_looked_up(visit, app, pattern, used):
    app.config["PADLOCK_CONNECT_TO"] = ((pattern, "127.0.0.1", 1),)
    page = visit("sam").get("/admin/health")
    assert ("Not used:" in flags(page)["Resolver"].text) is not used


@pytest.mark.usefixtures("ticking", "libraries_never_old")
def test_what_is_wrong_comes_first_with_what_to_do(visit, app):
    app.debug = True
    with app.app_context(), writing():
        db.session.execute(
            db.update(Target).values(checked_at=datetime.now(UTC) + timedelta(days=1))
        )
    page = visit("ada").get("/admin/health")
    assert page.select_one("#verdict").text == "Something needs fixing"
    assert list(flags(page))[:2] == ["Clock", "Debug mode"]
    assert "NTP" in flags(page)["Clock"].select_one(".health-fix").text


def test_a_bundle_without_roots_is_an_alarm(visit, app, tmp_path):
    app.config["PADLOCK_CA_BUNDLE"] = tmp_path / "gone.pem"
    assert "cannot be used" in flags(visit("ada").get("/admin/health"))["Trusted roots"].text


@pytest.mark.sqlite("another process holds its file")
@pytest.mark.usefixtures("ticking")
def test_a_database_that_another_holds_can_be_read_and_a_change_is_refused_in_words(visit, app):
    ada = visit("ada")
    file = left_alone(app)
    with app.app_context():
        event.listen(
            db.engine,
            "connect",
            lambda connection, _: connection.execute("PRAGMA busy_timeout = 100"),
        )
    form = {"email": "new@example.com", "name": "New", "role": "staff", "csrf_token": ada.token()}
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ada.get("/admin/services")
        answer = ada.client.post("/admin/users/new", data=form)
        assert (answer.status_code, "Temporarily unavailable" in answer.text) == (503, True)
        assert visit().client.get("/readyz").status_code == 200
    assert ada.post("/admin/users/new", form).status_code == 303


@pytest.mark.usefixtures("ticking")
def test_a_scheduler_that_is_dead_for_two_days_is_seen_by_people_and_machines(visit, app):
    with app.app_context():
        runs.beat(datetime.now(UTC) - timedelta(days=2))
    assert "2 days ago" in flags(visit("sam").get("/admin/health"))["Scheduler"].text
    assert (
        "Nothing is being refreshed. The scheduler was last active 2 days ago"
        in visit("ada").get("/admin/domains").text
    )
    assert "Nothing is refreshed" not in visit("alice").get("/domains").text
    answer = visit().client.get("/readyz")
    assert (answer.status_code, answer.json["scheduler"]) == (503, "silent")


@pytest.mark.usefixtures("ticking")
def test_a_heartbeat_that_is_yet_to_come_counts_as_silence_everywhere(visit, app):
    with app.app_context():
        runs.beat(datetime.now(UTC) + timedelta(hours=1))
    ada = visit("ada")
    assert "The clock was set back" in flags(ada.get("/admin/health"))["Scheduler"].text
    assert "The clock of this machine was set back" in ada.get("/admin/refresh").main.text
    assert "The clock of this machine was set back" in ada.get("/admin/domains").text
    assert visit().client.get("/readyz").json["scheduler"] == "silent"


def test_a_state_of_two_days_ago_says_so(visit, app):
    with app.app_context(), writing():
        old = {
            "checked_at": datetime.now(UTC) - timedelta(days=2),
            "state": State.UNKNOWN,
            "reason": Reason.TIMEOUT,
        }
        db.session.execute(db.update(Target).values(old))
    alice = visit("alice")
    assert "2 days ago" in alice.get("/services").select_one(".padlock-cell").text
    assert "2 days ago" in alice.get("/services/1?tab=domain").main.text


@pytest.mark.usefixtures("ticking")
def test_machines_are_told_without_a_sign_in_a_cookie_or_a_secret(visit):
    for path, words in (
        ("/healthz", {"status": "ok"}),
        ("/readyz", {"status": "ready", "database": "ok"}),
    ):
        answer = visit().client.get(path)
        assert (answer.status_code, answer.json | words) == (200, answer.json)
        assert "Set-Cookie" not in answer.headers
        assert set(answer.json) <= {"status", "database", "scheduler"}


@pytest.mark.sqlite("its file has gone")
def test_without_its_database_the_site_is_alive_and_not_ready(visit, app):
    file = left_alone(app)
    browser = visit()
    file.rename(f"{file}.away")
    file.mkdir()
    assert browser.client.get("/healthz").status_code == 200
    answer = browser.client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        503,
        {"status": "not ready", "database": "no answer"},
    )


@pytest.mark.sqlite("its file is damaged")
def test_a_damaged_database_is_told_with_the_way_out(visit, app, caplog):
    alice = visit("alice")
    file = left_alone(app)
    for damaged in (file, Path(f"{file}-wal")):
        damaged.write_bytes(b"no database any more " * 1000)
    assert "Temporarily unavailable" in alice.get("/services", 503).text
    assert "backup" in caplog.text


@pytest.mark.sqlite("the disk of its file is full")
class TestOnASmallDisk:
    """A real disk of three megabytes, where this machine lets us mount one."""

    @pytest.fixture
    def disk(self, tmp_path):
        place = tmp_path / "disk"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("only root can mount a disk that is small enough to be filled")
        yield place
        subprocess.run(["umount", "--lazy", place], check=True)

    @pytest.fixture
    def app(self, first_file, disk, monkeypatch):
        shutil.copyfile(first_file, disk / "padlock.sqlite3")
        app = _site(f"sqlite:///{disk}/padlock.sqlite3", monkeypatch)
        yield app
        site_of(app).checks.close()
        left_alone(app)

    def rename(self, browser, name):
        version = browser.get("/admin/users/1").find("input", attrs={"name": "version"})["value"]
        form = {"email": "alice@example.com", "role": "client", "client": "#1", "version": version}
        return browser.post("/admin/users/1", form | {"name": name})

    def fill(self, disk):
        with pytest.raises(OSError, match="No space left"):
            (disk / "filler").write_bytes(bytes(4 * 2**20))

    @pytest.mark.usefixtures("ticking")
    def test_a_full_disk_lets_everybody_read_and_says_that_nothing_can_be_saved(self, visit, disk):
        ada = visit("ada")
        alice = visit("alice")
        self.fill(disk)
        answers = [self.rename(ada, "x" * 190 + str(number)) for number in range(20)]
        assert answers[-1].status_code == 503
        assert "Nothing can be saved right now" in answers[-1].text
        assert (
            "Nothing can be saved right now" in alice.get("/services").find(class_="viewing").text
        )
        assert flags(ada.get("/admin/health"))["Database"].select_one(".health-red")
        assert visit().client.get("/readyz").status_code == 200  # whoever reads is served
        (disk / "filler").unlink()
        assert self.rename(ada, "Alice B.").status_code == 303
        assert alice.get("/services").find(class_="viewing") is None

    def test_on_a_disk_that_is_read_only_pages_are_read_and_a_sign_in_says_why_not(
        self, visit, app, disk
    ):
        ada = visit("ada")
        stranger = visit()
        left_alone(app)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert "alice@example.com" in ada.get("/admin/users").main.text
        assert "readonly" in flags(ada.get("/admin/health"))["Database"].text
        assert visit().client.get("/readyz").status_code == 200  # whoever reads is served
        form = {"email": "alice@example.com", "password": PASSWORD, "csrf_token": stranger.token()}
        answer = stranger.client.post("/sign-in", data=form)
        assert answer.status_code == 503
        assert "You can't sign in right now" in answer.text.replace("&#39;", "'")
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert stranger.client.post("/sign-in", data=form).status_code == 303
        assert "alice@example.com" in ada.get("/admin/users").main.text


@pytest.fixture
def failed_mail(app):
    """The id of a mail to Alice that the mail server refused; the process has no mail server."""
    with app.app_context():
        now = datetime.now(UTC)
        password_resets.request_link("alice@example.com", Caller(), now)
        job = queue.claim([password_resets.MAIL], now)
        queue.finish(job, queue.Outcome("refused", "550", final=True), now)
        return job.id


def activity(app):
    with app.app_context():
        rows = db.session.scalars(db.select(Activity).filter_by(kind="job"))
        return [(row.who, row.action, row.item, row.detail_texts) for row in rows]


def test_a_mail_that_failed_is_told_with_its_reason(visit, failed_mail):
    page = visit("ada").get("/admin/health")
    assert flags(page)["Background jobs"].select_one(".health-words").text == (
        "1 background job failed."
    )
    mail = flags(page)["Password reset mail to alice@example.com"]
    assert "The mail server refused this mail with code 550." in mail.text
    assert [button.text for button in mail.find_all("button")] == ["Retry", "End"]


def test_staff_see_neither_for_whom_it_is_nor_buttons(visit, failed_mail):
    page = visit("sam").get("/admin/health")
    assert flags(page)["Password reset mail"].find("button") is None
    assert "alice@example.com" not in page.text
    assert visit("sam").post(f"/admin/health/jobs/{failed_mail}/end").status_code == 403


def test_an_administrator_retries_it(visit, app, failed_mail):
    browser = visit("ada")
    assert browser.post(f"/admin/health/jobs/{failed_mail}/retry").status_code == 303
    with app.app_context():
        assert db.session.get(Job, failed_mail).failed_at is None
    whose = ("Password reset mail", "alice@example.com")
    assert activity(app) == [("ada@example.com", "retried", *whose)]
    assert "No job has failed" in flags(browser.get("/admin/health"))["Background jobs"].text


def test_an_administrator_ends_it_and_the_second_click_is_told(visit, app, failed_mail):
    browser = visit("ada")
    for words in ("Job ended.", "This job is already done."):
        assert browser.post(f"/admin/health/jobs/{failed_mail}/end").status_code == 303
        assert words in browser.get("/admin/health").text
    assert [row[1] for row in activity(app)] == ["ended"]


def test_a_form_without_a_token_ends_nothing(visit, app, failed_mail):
    browser = visit("ada")
    assert browser.client.post(f"/admin/health/jobs/{failed_mail}/end").status_code == 400
    with app.app_context():
        assert db.session.get(Job, failed_mail)
