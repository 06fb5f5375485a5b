"""Takes the pictures in docs/screenshots from the demo, when its padlocks have settled: those that
are named, or all; each in the themes in which a page shows it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from scripts import browser, demo
from webapp.demo.data import PASSWORD

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "screenshots"
SHOWN_IN = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
WIDE: ViewportSize = {"width": 1280, "height": 900}
TOP: ViewportSize = {"width": 1280, "height": 1000}  # the rest of the page is left out
PHONE: ViewportSize = {"width": 390, "height": 844}
MAIL: ViewportSize = {"width": 680, "height": 600}
INCIDENT = "/admin/today#incidents-heading"  # the first of these
DESK = "/admin/today#list"  # no more of the page than this
MAIL_TEXT = "/admin/warnings/mails/staff"  # as a preview shows it
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
    ("admin-desk", "ada", DESK, WIDE),
    ("admin-incident", "ada", INCIDENT, WIDE),
    ("admin-readiness", "ada", "/admin/reports/readiness", TOP),
    ("history", "alice", "/services/1/history", WIDE),
    ("mail", "ada", MAIL_TEXT, MAIL),
    # Last: what it counts has been looked at by then
    ("home", "alice", "/home", WIDE),
)


def main() -> None:
    path = browser.find()
    if path is None:
        raise SystemExit("padlock: no Chromium was found to take pictures with")
    FOLDER.mkdir(parents=True, exist_ok=True)
    pages = "".join(path.read_text() for path in SHOWN_IN)
    with demo.running() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=demo.FLAGS)
        page = chromium.new_context(base_url=address).new_page()
        await_incidents(page)
        page.context.close()
        for theme in ("light", "dark"):
            for name, who, url, size in PICTURES:
                picture = FOLDER / f"{name}-{theme}.png"
                if f"/{picture.name}" not in pages or name not in (sys.argv[1:] or [name]):
                    continue
                page = chromium.new_context(
                    base_url=address, color_scheme=theme, viewport=size
                ).new_page()
                sign_in(page, who)
                page.goto(url)
                if url == MAIL_TEXT:
                    show_mail(page)
                if url == INCIDENT:
                    page.locator(".today-incidents .row-link").first.click()
                settle(page, size)
                if url == DESK:
                    page.locator("#list").screenshot(path=picture)
                else:
                    page.screenshot(path=picture, full_page=size in (WIDE, MAIL))
                print(picture.relative_to(ROOT))
                page.context.close()
        chromium.close()


def sign_in(page: Page, who: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)


def await_incidents(page: Page) -> None:
    """Waits until Today shows several: what is invalid is confirmed five minutes later."""
    sign_in(page, "ada")
    page.goto("/admin/today")
    while page.locator(".today-incidents li").count() < 5:
        page.wait_for_timeout(3000)
        page.goto("/admin/today")


def show_mail(page: Page) -> None:
    """The HTML of the preview, without the page around it."""
    page.get_by_role("button", name="Preview").click()
    form = page.locator("#mail-html")
    fields = form.evaluate("form => Object.fromEntries(new FormData(form))")
    html = page.request.post(form.get_attribute("action") or "", form=fields).text()
    page.goto("about:blank")
    page.set_content(html)


def settle(page: Page, size: ViewportSize) -> None:
    """Bring every cell into view at once, and wait until none of them asks any more."""
    if (diagnosis := page.get_by_role("button", name="Run diagnosis")).count():
        diagnosis.click()
        expect(page.locator("#verdict")).to_be_visible(timeout=30_000)
    page.set_viewport_size({"width": size["width"], "height": 5000})
    expect(page.locator(".padlock-cell[hx-get], .ssl-block[hx-get]")).to_have_count(
        0, timeout=30_000
    )
    page.wait_for_load_state("networkidle")
    page.set_viewport_size(size)


if __name__ == "__main__":
    main()
