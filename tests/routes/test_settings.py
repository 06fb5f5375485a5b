"""The page of settings."""

from __future__ import annotations

import io
from datetime import time, timedelta, timezone

import pytest

from tests.browser import looked_at
from webapp import create_app, live_settings
from webapp.config import table
from webapp.config.branding import MAX_LOGO_BYTES
from webapp.customers.models import Activity
from webapp.extensions import db, writing
from webapp.live_settings import StoredSetting
from webapp.monitor.refresh import runs, scheduler
from webapp.site import site_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(1000)
CHANGED = {
    "PADLOCK_REFRESH_AT": "04:30",
    "PADLOCK_TIMEZONE": "Europe/Berlin",
    "PADLOCK_REFRESH_DAILY_LIMIT": "100",
    "PADLOCK_PER_ADDRESS_PAUSE": "0.5",
    "PADLOCK_SITE_NAME": "Crumb Hosting",
}


def rows(page):
    return {
        row.code.text: [cell.text for cell in row.select("td")] for row in page.select("tbody tr")
    }


def test_each_setting_is_there_with_its_value_and_where_it_comes_from(app, visit):
    shown = rows(visit("ada").get("/admin/settings"))
    assert list(shown) == [setting.name for setting in table.SETTINGS]
    assert shown["PADLOCK_REFRESH_DAILY_LIMIT"] == ["0", "Default"]
    assert shown["PADLOCK_ALLOWED_NETWORKS"] == ["127.0.0.0/8", "Environment"]
    assert shown["PADLOCK_LOGO"] == ["Empty", "Default"]


def test_no_secret_is_shown(app, visit):
    page = visit("ada").get("/admin/settings")
    assert app.config["PADLOCK_SECRET_KEY"] not in str(page)
    assert app.config["PADLOCK_DATABASE_URL"] not in str(page)
    assert rows(page)["PADLOCK_SECRET_KEY"] == ["Hidden", "Environment"]


def test_the_settings_that_need_no_restart_are_changed_and_changed_back(app, visit):
    ada = visit("ada")
    answer = ada.post("/admin/settings", CHANGED, follow_redirects=True)
    assert "within a minute" in looked_at(answer).select_one(".alert-success").text
    shown = rows(ada.get("/admin/settings"))
    assert {name: shown[name] for name in CHANGED} == {
        name: [text, "This page"] for name, text in CHANGED.items()
    }
    assert visit().get("/sign-in").h1.text == "Sign in to Crumb Hosting"
    ada.post("/admin/settings", {"default": "PADLOCK_SITE_NAME"})
    assert visit().get("/sign-in").h1.text == "Sign in to Padlock"
    with app.app_context():
        lines = db.session.scalars(db.select(Activity).order_by(Activity.id)).all()
    order = [setting.name for setting in table.CHANGEABLE if setting.name in CHANGED]
    assert [line.item for line in lines] == [*order, "PADLOCK_SITE_NAME"]
    assert lines[-1].detail == "value Crumb Hosting → Padlock"


def test_a_form_as_it_was_opened_changes_nothing(app, visit):
    page = visit("ada").get("/admin/settings")
    form = {box["name"]: box.get("value", "") for box in page.select("main input[name]")}
    assert form.keys() > CHANGED.keys()
    visit("ada").post("/admin/settings", form)
    with app.app_context():
        assert db.session.scalars(db.select(StoredSetting)).all() == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("PADLOCK_REFRESH_AT", "25:00", "It must be a time of day such as 03:00."),
        ("PADLOCK_TIMEZONE", "Berlin", "It must be the name of a time zone"),
        ("PADLOCK_REFRESH_DAILY_LIMIT", "1", "It must be 0 for no limit"),
        ("PADLOCK_PER_ADDRESS_PAUSE", "often", "It must be a number of seconds from 0 to 60."),
        ("PADLOCK_SITE_NAME", "x" * 41, "It must have at most 40 characters"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_saved(visit, name, text, told):
    ada = visit("ada")
    answer = ada.post("/admin/settings", CHANGED | {name: text})
    (field,) = looked_at(answer).select(".is-invalid")
    assert (answer.status_code, field["name"], field["value"]) == (422, name, text)
    assert told in looked_at(answer).find(id=field["aria-describedby"]).text
    assert "This page" not in str(ada.get("/admin/settings").table)


def test_the_environment_wins_and_the_page_says_so(app, visit, monkeypatch):
    monkeypatch.setenv("PADLOCK_SITE_NAME", "Of the environment")
    ada = visit("ada")
    field = ada.get("/admin/settings").find(id="padlock_site_name")
    assert field.has_attr("disabled")
    assert "Set by the environment" in ada.get("/admin/settings").main.text
    ada.post("/admin/settings", {"PADLOCK_SITE_NAME": "Another"})
    with app.app_context():
        assert db.session.scalars(db.select(StoredSetting)).all() == []


def test_nothing_else_is_set(app, visit):
    visit("ada").post("/admin/settings", {"PADLOCK_PROBE_TIMEOUT": "99", "SECRET_KEY": "x"})
    assert app.config["PADLOCK_PROBE_TIMEOUT"] == 10
    with app.app_context():
        assert db.session.scalars(db.select(StoredSetting)).all() == []


def test_a_logo_is_uploaded_and_taken_away(visit):
    ada = visit("ada")
    for data in (b"<html>", PNG + bytes(MAX_LOGO_BYTES)):
        answer = ada.post("/admin/settings", {"PADLOCK_LOGO": (io.BytesIO(data), "logo.png")})
        assert answer.status_code == 422
        assert looked_at(answer).select_one(".is-invalid")["name"] == "PADLOCK_LOGO"
    ada.post("/admin/settings", {"PADLOCK_LOGO": (io.BytesIO(PNG), "logo.png")})
    picture = visit().client.get("/logo")
    assert (picture.data, picture.mimetype) == (PNG, "image/png")
    assert visit().get("/sign-in").select_one(".brand img") is not None
    ada.post("/admin/settings", {"default": "PADLOCK_LOGO"})
    assert visit().client.get("/logo").status_code == 404


def test_a_stored_value_that_is_no_longer_taken_is_put_right(app, visit, now):
    with app.app_context(), writing():
        db.session.add(StoredSetting(name="PADLOCK_TIMEZONE", value="Gone/Zone", changed_at=now))
    site_of(app).live_settings.read_seconds -= live_settings.READ_SECONDS
    ada = visit("ada")
    assert ada.get("/admin/settings").find(id="padlock_timezone")["value"] == "Gone/Zone"
    assert ada.post("/admin/settings", {"PADLOCK_TIMEZONE": "UTC"}).status_code == 303
    with app.app_context():
        assert db.session.scalar(db.select(Activity)).detail == "value Gone/Zone → UTC"


def test_another_process_takes_a_change_over_within_seconds(app, visit, monkeypatch):
    visit("ada").post("/admin/settings", CHANGED)
    other = create_app({"TESTING": True})
    with other.app_context():
        live_settings.take_over()
        assert other.config["PADLOCK_REFRESH_AT"] == time(4, 30)
        visit("ada").post("/admin/settings", {"default": "PADLOCK_REFRESH_AT"})
        live_settings.take_over()
        assert other.config["PADLOCK_REFRESH_AT"] == time(4, 30), "it has looked just now"
        site_of(other).live_settings.read_seconds -= live_settings.READ_SECONDS
        live_settings.take_over()
        assert other.config["PADLOCK_REFRESH_AT"] == time(3)
        db.engine.dispose()
    site_of(other).checks.close()
    assert live_settings.READ_SECONDS < 60


def test_the_scheduler_obeys_a_changed_time_without_a_restart(app, now):
    noon = timezone(timedelta(hours=12 - now.hour))  # it is between 12 and 13 o'clock there
    app.config.update(PADLOCK_TIMEZONE=noon, PADLOCK_REFRESH_AT=time(18))
    with app.app_context():
        with writing():  # as another process does it
            db.session.add(StoredSetting(name="PADLOCK_REFRESH_AT", value="06:00", changed_at=now))
        scheduler._tick(app)
        assert runs.last_daily().slot == now.astimezone(noon).date().isoformat()
