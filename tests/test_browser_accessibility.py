"""Every page of the demo at every width: axe-core finds nothing (WCAG 2.2 AA), all is legible."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.test_browser import chrome, demo, sign_in  # noqa: F401 - two of them are fixtures

SELECTED = (
    "status?all=1",
    "tags?item=service-3",
    "move?all=1",
    "move?all=1&to=%232",
    "delete?item=service-3",
)
PAGES = {
    None: ("/sign-in", "/forgot-password", "/no-such-page", "/help/padlocks"),
    "alice": (
        *(
            "/home",
            "/services",
            "/services?q=nothing-like-this",
            "/services/3",
            "/services/3?tab=domain",
            "/services/9",
            "/services/3/history",
        ),
        *(
            "/domains",
            "/domains/1",
            "/profile",
            "/profile/password",
            "/services/9/diagnosis",
            "/services/11/diagnosis",
        ),
    ),
    "sam": (
        "/admin/reports/ssl-status",
        "/admin/reports/readiness",
        "/admin/reports/history",
        "/search?q=bob",
        "/admin/warnings",
        "/admin/warnings/mails",
        "/admin/incidents",
        "/admin/today",
        "/admin/activity",
        "/admin/refresh",
    ),
    "ada": (
        *(
            "/admin/services",
            "/admin/domains?ssl=invalid",
            "/admin/services/3",
            "/admin/domains/1",
            "/admin/users",
        ),
        *("/admin/reports/ssl-status?size=50&expires=90", "/admin/reports/ssl-status/print"),
        *(
            "/admin/users/new",
            "/admin/users/1",
            "/admin/import",
            "/admin/clients",
            "/admin/clients/1",
        ),
        *(
            "/admin/clients/1/services",
            "/admin/clients/new",
            "/admin/clients/1/delete",
            "/admin/clients/1/edit",
            "/admin/clients/1/domains",
            "/admin/services/new",
            "/admin/services/3/delete",
            "/admin/services/9/diagnosis",
        ),
        *(f"/admin/reports/ssl-status/selected/{what}" for what in SELECTED),
        *("/admin/domains/1/edit", "/admin/services/3/move?q=b", "/admin/services/3/move?to=2"),
        *(
            "/admin/activity?kind=user",
            "/admin/activity/security",
            "/profile",
            "/admin/health",
            "/admin/settings",
            "/admin/warnings/rule",
            "/admin/warnings/channels/new",
            "/admin/warnings/mails/clients",
            "/admin/warnings/mails/clients/restore",
        ),
    ),
}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

# Each width and each theme once: what only the other two pairs could break has not been seen yet.
LOOKS = [("light", 1280), ("dark", 390)]

# Pixels: phones, tablets upright and on their side, and screens
WIDTHS = (320, 360, 390, 600, 768, 820, 900, 1024, 1280, 1920)
PAGE_FAULTS = (Path(__file__).parent / "page_faults.js").read_text()


def violations_on(page):
    """What axe finds wrong.

    What it finds right stays in the browser: to bring that here takes longer than to look.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    run = (
        "rules => axe.run({...rules, resultTypes: ['violations']}).then(found => found.violations)"
    )
    return page.evaluate(run, RULES)


def faults_on(page):
    """What does not fit, by width: sideways scroll, headings over each other, names that are cut,
    and what is too small to tap."""
    faults = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 300})
        if found := page.evaluate(PAGE_FAULTS):
            faults[width] = found
    return faults


def test_axe_would_find_something(chrome):  # noqa: F811
    page = chrome.new_page()
    page.set_content(
        "<html lang=en><title>A page</title><main><h1>It</h1><img src=/it.png></main></html>"
    )
    assert [one["id"] for one in violations_on(page)] == ["image-alt"]
    page.close()


def test_each_fault_of_a_width_would_be_found(chrome):  # noqa: F811
    page = chrome.new_page()
    page.set_content(
        "<!doctype html><table style='table-layout: fixed; width: 30px'><thead><tr>"
        "<th><button style='width: 60px'>One</button><th><button>Two</button></thead>"
        "<tr><td><a class=row-link href=/>a-name.example</a><td></table>"
        "<select style='width: 40px'><option>Any SSL state</select><div style='width: 2000px'>wide"
    )
    found = "\n".join(faults_on(page)[1280])
    for fault in ("scrolls sideways", "headings over", "name of", " x 21: button", "cut: select"):
        assert fault in found
    page.close()


def wrong_on(page):
    """What is wrong with this page, in both themes and at every width."""
    wrong = {}
    for theme, width in LOOKS:  # the page follows both while it is open
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        if violations := violations_on(page):
            told = [
                (one["id"], [node["target"] for node in one["nodes"]][:3]) for one in violations
            ]
            wrong[f"{theme} {width}"] = told
    return wrong | faults_on(page)


def uploaded(page):
    """The paths of a file that was uploaded and of its columns."""
    page.goto("/admin/import")
    rows = "Customer;Site;Expires\nAlice;shop.example;2027-01-31\nAlice;;\n"
    file = {"name": "names.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("link", name="Change columns")).to_be_visible()
    return page.url, f"{page.url}/columns"


@pytest.mark.parametrize("who", PAGES)
def test_every_page_is_accessible_and_legible(chrome, demo, who):  # noqa: F811
    context = chrome.new_context(base_url=demo, reduced_motion="reduce")
    page = context.new_page()
    if who:
        sign_in(page, who)
    found = {}
    for path in (*PAGES[who], *(uploaded(page) if who == "ada" else ())):
        assert page.goto(path).status < 500, path
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        if wrong := wrong_on(page):
            found[path] = wrong
    context.close()
    assert found == {}
