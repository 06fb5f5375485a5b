"""The page of settings."""

from __future__ import annotations

from webapp.config import table


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
