"""The refresh in a real Chromium: a demo whose scheduler runs."""

import pytest
from playwright.sync_api import expect

from scripts import demo as demo_site
from tests.test_browser import chrome, settled, sign_in  # noqa: F401 - one of them is a fixture


@pytest.fixture(scope="module")
def refreshed():
    """The address of `make demo` as it is."""
    with demo_site.running() as address:
        yield address


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def page(chrome, refreshed, request):  # noqa: F811
    context = chrome.new_context(base_url=refreshed, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def test_refresh_now_shows_how_far_it_is_until_it_has_ended(page):
    sign_in(page, "ada")
    button = page.get_by_role("button", name="Refresh now")
    ended = page.locator(".run-table tbody tr")
    page.goto("/admin/refresh")
    for _ in range(60):  # the day's run begins by itself
        if ended.count():
            break
        page.wait_for_timeout(250)
        page.goto("/admin/refresh")
    expect(button).to_be_visible()
    runs = ended.count()
    button.click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(button).to_be_visible(timeout=60_000)
    expect(ended).to_have_count(runs + 1)
    expect(page.get_by_role("row").nth(1)).to_contain_text("ada@example.com")


def test_nobody_looked_and_yet_everything_is_known(page):
    sign_in(page, "alice")
    known = page.locator(".padlock-cell[data-state=invalid]")
    expect(known.first).to_be_visible()
    settled(page)
    page.get_by_role("row").filter(has_text="expired.lab.example").locator(
        ".padlock-cell a"
    ).click()
    expect(page.locator("#history")).to_contain_text("Certificate expired First check.")
