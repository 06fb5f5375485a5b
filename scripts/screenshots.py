"""Takes the pictures in docs/screenshots from the demo, when its padlocks have settled: those that
are named, or all."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from playwright.sync_api import Locator, Page, ViewportSize, expect, sync_playwright

from scripts import browser, demo
from webapp.demo.data import PASSWORD

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
WIDE: ViewportSize = {"width": 1280, "height": 900}
TOP: ViewportSize = {"width": 1280, "height": 1000}  # the rest of the page is left out
PHONE: ViewportSize = {"width": 390, "height": 844}
PICTURES = (
    ("services", "alice", "/services", WIDE),
    ("services-phone", "alice", "/services", PHONE),
    ("domains", "alice", "/domains", WIDE),
    ("service", "alice", "/services/3?tab=domain", WIDE),
    ("admin-service", "ada", "/admin/services/3", WIDE),
    ("admin-report", "ada", "/admin/reports/ssl-status", WIDE),
    ("admin-diagnosis", "ada", "/admin/services/6/diagnosis", WIDE),
    ("admin-client", "ada", "/admin/clients/1", WIDE),
    ("admin-services", "ada", "/admin/services?sort=ssl", WIDE),
    ("admin-today", "ada", "/admin/today", TOP),
    ("admin-today-phone", "ada", "/admin/today", PHONE),
    ("admin-incident", "ada", "/admin/incidents/1", WIDE),
    ("admin-readiness", "ada", "/admin/reports/readiness", TOP),
    ("history", "alice", "/services/1/history", WIDE),
    # Last: what it counts has been looked at by then
    ("home", "alice", "/home", WIDE),
)


def main() -> None:
    path = browser.find()
    if path is None:
        raise SystemExit("padlock: no Chromium was found to take pictures with")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo.running() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=demo.FLAGS)
        page = chromium.new_context(base_url=address).new_page()
        await_incidents(page)
        page.context.close()
        for theme in ("light", "dark"):
            for name, who, url, size in PICTURES:
                if name not in (sys.argv[1:] or [name]):
                    continue
                page = chromium.new_context(
                    base_url=address, color_scheme=theme, viewport=size
                ).new_page()
                sign_in(page, who)
                page.goto(url)
                settle(page, size)
                picture = FOLDER / f"{name}-{theme}.png"
                page.screenshot(path=picture, full_page=size is WIDE)
                print(picture.relative_to(FOLDER.parent.parent))
                page.context.close()
        chromium.close()


def sign_in(page: Page, who: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)


def await_incidents(page: Page) -> None:
    """Has every name checked twice, which confirms what is invalid, and waits until Today shows
    several incidents."""
    sign_in(page, "ada")
    button = page.get_by_role("button", name="Refresh now")
    for _ in range(2):
        reload_until(page, "/admin/refresh", button)
        button.click()
    reload_until(page, "/admin/refresh", button)
    reload_until(page, "/admin/today", page.locator(".today-incidents li").nth(4))


def reload_until(page: Page, url: str, wanted: Locator) -> None:
    page.goto(url)
    while not wanted.count():
        page.wait_for_timeout(3000)
        page.goto(url)


def settle(page: Page, size: ViewportSize) -> None:
    """Bring every cell into view at once, and wait until none of them asks any more."""
    if (diagnosis := page.get_by_role("button", name="Run diagnosis")).count():
        diagnosis.click()
        expect(page.locator("#verdict")).to_be_visible(timeout=30_000)
    page.set_viewport_size({"width": size["width"], "height": 5000})
    expect(page.locator(".padlock-cell[hx-get], .ssl-block[hx-get]")).to_have_count(
        0, timeout=30_000
    )
    page.set_viewport_size(size)


if __name__ == "__main__":
    main()
