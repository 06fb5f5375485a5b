"""From a red padlock to its cure, in a real Chromium."""

import re

from playwright.sync_api import expect

from tests.test_browser import cell, chrome, complaints, demo, page, settled, sign_in  # noqa: F401 - four are fixtures
from tests.test_browser_accessibility import faults_on, violations_on
from webapp.probe import Reason
from webapp.words import verdicts


def test_a_red_padlock_leads_to_its_cure_in_two_clicks(page):  # noqa: F811
    sign_in(page, "alice")
    expect(cell(page, "expired.lab.example")).to_have_attribute("data-state", "invalid")
    settled(page)
    cell(page, "expired.lab.example").get_by_role("link").click()
    page.get_by_role("button", name="Why is it red?").click()
    expect(page.locator("#verdict")).to_have_text("Invalid: Certificate expired")
    expect(page.locator(".diagnosis-verdict")).to_contain_text(verdicts.cure_text(Reason.EXPIRED))
    expect(page.locator(".told-more")).to_have_count(0)


def test_the_steps_appear_while_the_server_is_asked(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/services?q=silent.lab")
    # While it is asked, its cell is replaced
    page.goto(page.locator(".padlock-cell a").first.get_attribute("href"))
    expect(page.locator("#ssl[hx-get]")).to_have_count(0)  # and so is the button
    page.get_by_role("button", name=re.compile("Why is it grey|Run diagnosis")).click()
    expect(page.get_by_role("heading", name="Where the name points")).to_be_visible()
    expect(page.locator("#diagnosis-more")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#verdict")).to_have_text("Unknown: No answer")
    expect(page.locator("#transcript")).to_contain_text("curl: (28)")
    expect(page.locator("#diagnosis-more")).to_have_count(0)


def test_the_support_text_is_copied(page):  # noqa: F811
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, "bob")
    page.goto("/services?q=incomplete-and-more")
    settled(page)
    page.locator(".padlock-cell a").first.click()
    page.locator("#diagnose").click()
    button = page.locator("[data-copies=support-text]")
    button.click()
    expect(button).to_contain_text("Copied")
    assert "fullchain.pem" in page.evaluate("navigator.clipboard.readText()")
    expect(button).to_contain_text("Copy")


def test_axe_finds_nothing_in_a_diagnosis_and_it_fits_every_width(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/services?q=two-faced")
    settled(page)
    page.locator(".padlock-cell a").first.click()
    page.locator("#diagnose").click()
    expect(page.locator("#transcript")).to_be_visible()
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        assert [one["id"] for one in violations_on(page)] == [], scheme
        folded = page.locator(".told-columns details:not([open])")
        expect(folded).to_have_count(
            0 if width == 1280 else page.locator(".told-columns h4").count()
        )
    assert faults_on(page) == {}


def test_it_works_without_javascript(chrome, demo):  # noqa: F811
    context = chrome.new_context(base_url=demo, java_script_enabled=False)
    still = context.new_page()
    sign_in(still, "bob")
    still.goto("/services?q=weak-digest")
    still.locator(".padlock-cell a").first.click()
    still.locator("#diagnose").click()
    expect(still.locator("#verdict")).to_have_text("Invalid: Outdated cryptography")
    expect(still.locator("#support-text")).to_contain_text("Site: weak-digest.lab.example")
    context.close()
