"""What an administrator does to clients, services and domains, in a real Chromium."""

import re

import pytest
from playwright.sync_api import expect

from tests.test_browser import chrome, complaints, demo, page, sign_in  # noqa: F401 - four of them are fixtures


@pytest.fixture(params=["light"])
def theme(request):
    return request.param


def press(page, name):  # noqa: F811
    page.get_by_role("button", name=name).click()


def test_ada_takes_a_client_from_the_first_day_to_the_last(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/clients")
    page.get_by_role("link", name="New client").click()
    page.get_by_label("Name").fill("Carol’s Garage")
    press(page, "Add client")
    expect(page.get_by_role("status").first).to_contain_text("Carol’s Garage is added.")
    page.get_by_role("link", name="New service").click()
    expect(page.get_by_label("Client")).to_have_value("Carol’s Garage")
    page.get_by_label("Product").fill("Starter Hosting")
    page.get_by_label("Domain").fill("ok.lab.example")
    press(page, "Add service")
    expect(page.locator(".details-actions .padlock-cell")).to_have_attribute("data-state", "valid", timeout=15_000)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Status").select_option("Terminated")
    press(page, "Save")
    expect(page.locator(".details-actions .padlock-cell")).to_have_attribute("data-state", "inactive")
    page.get_by_role("link", name="Carol’s Garage").click()
    page.get_by_role("link", name="Delete").click()
    expect(page.locator("main")).to_contain_text("with 1 service, no domains and no users")
    press(page, "Delete client")
    expect(page.get_by_role("status").first).to_contain_text("Carol’s Garage is deleted.")


def test_ada_moves_a_service_with_the_keyboard_alone(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/services/2")
    page.get_by_role("link", name="Move").press("Enter")
    expect(page.get_by_label("Client")).to_be_focused()
    page.keyboard.type("plumb")
    expect(page.get_by_role("link", name=re.compile("Bob & Sons"))).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Alice Baker of Alice’s Bakery can no longer see it.")
    page.get_by_role("button", name="Move to Bob & Sons Plumbing").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("belongs to Bob & Sons Plumbing now")
    page.goto("/admin/services/2/move?to=1")  # and back, for whoever looks at the demo next
    press(page, "Move to Alice’s Bakery")


def test_a_field_for_a_client_offers_those_that_fit(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/domains/new")
    page.get_by_label("Client").press_sequentially("bak")
    expect(page.locator("datalist option")).to_have_attribute("value", "Alice’s Bakery")


def test_a_move_works_without_javascript(chrome, demo):  # noqa: F811
    context = chrome.new_context(base_url=demo, java_script_enabled=False)
    page = context.new_page()  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/domains/2/move")
    page.get_by_label("Client").fill("plumb")
    press(page, "Search")
    page.get_by_role("link", name=re.compile("Bob & Sons")).click()
    expect(page.get_by_role("button", name="Move to Bob & Sons Plumbing")).to_be_visible()
    context.close()


def test_the_menu_of_an_administrator_opens_and_closes(page):  # noqa: F811
    sign_in(page, "ada")
    page.locator("#more-menu").press("Enter")
    expect(page.get_by_role("link", name="Users")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Users")).not_to_be_visible()
