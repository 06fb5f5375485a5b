"""The page of the runs, *Refresh now*, the history of a certificate, and the banner of a monitor
without a network."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.browser import looked_at
from tests.conftest import NOW
from tests.monitor.processes import wait_for
from tests.monitor.refreshing import refresh
from webapp.customers.models import Activity
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.monitor import history
from webapp.monitor.health import banners
from webapp.monitor.models import RefreshRun, RunKind, RunState
from webapp.monitor.refresh import runs, scheduler
from webapp.monitor.results import record
from webapp.probe import Certificate, Finding, Reason

LEAF = Certificate(
    "ab" * 32, issuer="R11, Let's Encrypt", not_before=NOW, not_after=NOW + timedelta(days=90)
)
VALID = Finding(
    "alice.example", "alice.example", Reason.OK, NOW, 0.1, "127.0.0.1", certificate=LEAF
)


@pytest.fixture
def nobody_works(monkeypatch):
    """What is begun stays under way."""
    monkeypatch.setattr(scheduler, "soon", lambda: None)


@pytest.fixture
def offline(app):
    """The last run found no network."""
    with app.app_context(), writing():
        run = runs.new(RunKind.DAILY, "2026-11-23", 100, 2, NOW, "")
        run.state = RunState.OFFLINE
        run.retry_at = NOW + timedelta(minutes=5)


@pytest.fixture
def found(app):
    """Records these findings of alice.example, an hour apart."""

    def found(*findings):
        with app.app_context():
            for hours, finding in enumerate(findings):
                at = NOW + timedelta(hours=hours)
                record(replace(finding, checked_at=at), at)

    return found


def test_an_admin_refreshes_now_and_sees_what_came_of_it(app, visit):
    ada = visit("ada")
    assert ada.post("/admin/refresh").location == "/admin/refresh"
    with app.app_context():
        refresh()
        wait_for(lambda: db.session.rollback() or not db.session.query(Job).count())
        assert [run.state for run in runs.latest(5)] == [RunState.DONE] * 2
        note = db.session.scalar(db.select(Activity))
        assert (note.who, note.action, note.kind, note.called) == (
            "ada@example.com",
            "started",
            "refresh",
            "2 host names",
        )
    rows = ada.get("/admin/refresh").select(".run-table tbody tr")
    assert len(rows) == 2
    assert any("ada@example.com" in row.text for row in rows)


def test_pressing_twice_begins_one_run(app, visit, nobody_works):
    ada = visit("ada")
    assert [ada.post("/admin/refresh").status_code for _ in range(2)] == [303, 303]
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(RefreshRun)) == 1


def test_progress_is_shown_with_and_without_javascript_until_it_has_ended(app, visit, nobody_works):
    ada = visit("ada")
    ada.post("/admin/refresh")
    page = ada.get("/admin/refresh")
    assert "2 host names are being checked" in page.find(id="refresh-progress").text
    assert page.find("noscript").meta["http-equiv"] == "refresh"
    assert page.find("button", string=lambda text: text and "Refresh now" in text) is None
    fragment = ada.client.get("/admin/refresh/progress")
    assert looked_at(fragment).find(id="refresh-progress")["hx-get"] == "/admin/refresh/progress"
    assert "HX-Refresh" not in fragment.headers
    with app.app_context():
        refresh()
    assert ada.client.get("/admin/refresh/progress").headers["HX-Refresh"] == "true"


def test_staff_look_and_start_nothing(visit):
    page = visit("sam").get("/admin/refresh")
    assert "The first refresh starts automatically" in page.text
    assert page.find("form", action="/admin/refresh") is None


def test_where_nothing_is_in_use_there_is_nothing_to_refresh(app, visit):
    with app.app_context(), writing():
        for table in ("service", "domain"):
            db.session.execute(db.text(f"UPDATE {table} SET status = 'Terminated'"))  # noqa: S608 - our own words
    ada = visit("ada")
    ada.post("/admin/refresh")
    assert "Nothing to refresh" in ada.get("/admin/refresh").find(role="status").text


def test_a_fleet_too_large_for_the_limit_is_told_in_days(app, visit):
    app.config["PADLOCK_REFRESH_DAILY_LIMIT"] = 1
    assert "each every 2 days" in visit("sam").get("/admin/refresh").text


def test_the_adaptive_schedule_is_told_with_what_it_needs(app, visit):
    app.config.update(PADLOCK_REFRESH_ADAPTIVE=True, PADLOCK_REFRESH_DAILY_LIMIT=0)
    words = " ".join(visit("ada").get("/admin/refresh").find("main").text.split())
    assert (
        "Each of 2 host names in use is checked as often as its state calls for: about 2 checks a"
        " day." in words
    )
    assert "The adaptive schedule needs about 2 a day" in visit("ada").get("/admin/health").text


def test_a_scheduler_that_does_not_run_is_told(app, visit, now):
    sam = visit("sam")
    assert "No scheduler is running" in sam.get("/admin/refresh").text
    with app.app_context():
        runs.beat(now - timedelta(days=2))
    assert "last active 2 days ago" in " ".join(sam.get("/admin/refresh").text.split())
    with app.app_context():
        runs.beat(now)
    assert "No scheduler" not in sam.get("/admin/refresh").text


def test_staff_are_told_on_every_page_that_the_monitor_is_offline(visit, offline):
    assert (
        "Monitor offline" in visit("sam").get("/admin/services").select_one(".offline-banner").text
    )
    assert visit("alice").get("/services").select_one(".offline-banner") is None
    assert visit().get("/sign-in").select_one(".offline-banner") is None


def test_an_admin_has_an_offline_monitor_try_again_at_once(app, visit, offline, nobody_works):
    ada = visit("ada")
    ada.post("/admin/refresh")
    with app.app_context():
        assert [run.retry_at for run in runs.latest(5)] == [None]


def test_whether_it_is_offline_is_not_asked_for_every_page(app, offline, monkeypatch):
    with app.app_context():
        assert banners.offline_since() == NOW
        monkeypatch.setattr(runs, "_newest", lambda: 1 / 0)
        assert banners.offline_since() == NOW


def entries(page):
    return [entry.get_text(" ", strip=True) for entry in page.select("#history .timeline-words")]


def test_a_client_reads_the_history_of_their_own(visit, found):
    renewed = replace(
        LEAF, fingerprint="cd" * 32, issuer="Other CA", not_after=NOW + timedelta(days=400)
    )
    found(VALID, VALID, replace(VALID, reason=Reason.EXPIRED), replace(VALID, certificate=renewed))
    assert entries(visit("alice").get("/domains/1")) == [
        "Valid certificate Previously: Certificate expired. Certificate issued by Other CA, valid"
        " until 28 Dec 2027. The previous one was issued by R11, Let's Encrypt.",
        "Certificate expired Previously: Valid certificate.",
        "Valid certificate First check. Certificate issued by R11, Let's Encrypt, valid"
        " until 21 Feb 2027.",
    ]
    assert visit("bob").client.get("/domains/1").status_code == 404
    assert entries(visit("bob").get("/domains/2")) == []
    assert len(entries(visit("sam").get("/admin/services/1"))) == 3


def test_a_new_certificate_that_is_as_good_is_told_as_such(visit, found):
    found(VALID, replace(VALID, certificate=replace(LEAF, fingerprint="cd" * 32)))
    assert entries(visit("alice").get("/domains/1"))[0].startswith(
        "New certificate Certificate issued by R11"
    )


def test_of_a_long_history_the_newest_is_shown(visit, found):
    found(*(replace(VALID, reason=(Reason.OK, Reason.REFUSED)[number % 2]) for number in range(30)))
    shown = entries(visit("alice").get("/domains/1"))
    assert len(shown) == history.SHOWN
    assert shown[0].startswith("HTTPS is off")


def test_nothing_is_told_of_an_inactive_item(app, visit, found):
    found(VALID)
    with app.app_context(), writing():
        db.session.execute(db.text("UPDATE domain SET status = 'Expired' WHERE id = 1"))
    alice = visit("alice")
    assert alice.get("/domains/1").find(id="history").has_attr("hidden")
    assert entries(alice.get("/services/1?tab=domain"))


def test_hostile_issuers_are_text_in_the_history(visit, found):
    found(replace(VALID, certificate=replace(LEAF, issuer="<img src=x onerror=alert(1)>")))
    page = visit("alice").get("/domains/1")
    assert "<img src=x" in entries(page)[0]
    assert page.find(id="history").find("img") is None


def test_a_check_brings_the_history_up_to_date(visit):
    alice = visit("alice")
    assert entries(alice.get("/domains/1")) == []
    assert entries(looked_at(alice.post("/probe/domain/1/details"))) == [
        "HTTPS is off First check."
    ]
