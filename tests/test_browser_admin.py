"""What an administrator does to clients, services and domains, in a real Chromium."""

import re

from playwright.sync_api import expect

from tests.notices.test_channels import Receiver
from tests.served import served
from tests.sources.panels import Whmcs
from tests.test_browser import chrome, complaints, demo, page, sign_in  # noqa: F401 - four of them are fixtures
from tests.test_browser_people import sign_in as straight_to


def press(page, name):  # noqa: F811
    page.get_by_role("button", name=name).click()


def test_a_cell_that_was_put_off_comes_again(page):  # noqa: F811
    put_off = []

    def come_later(route):  # as the site answers where too many come at once
        put_off.append(route.request.url)
        route.fulfill(status=204, headers={"HX-Trigger": "later"})

    # Where no padlock asks yet: the first that does is one of the list's
    straight_to(page, "bob", "/profile")
    page.wait_for_url("**/profile")
    page.route("**/probe/service/*", come_later, times=1)
    with page.expect_response(lambda response: response.url in put_off and response.status == 200):
        page.goto("/services")


def test_ada_takes_a_client_from_the_first_day_to_the_last(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/clients")
    page.get_by_role("link", name="New client").click()
    page.get_by_label("Name").fill("Carol’s Garage")
    press(page, "Add client")
    expect(page.get_by_role("status").first).to_contain_text("Carol’s Garage was added.")
    page.get_by_role("link", name="New service").click()
    expect(page.get_by_label("Client")).to_have_value("Carol’s Garage")
    page.get_by_label("Product").fill("Starter Hosting")
    page.get_by_label("Domain").fill("ok.lab.example")
    press(page, "Add service")
    expect(page.locator(".details-actions .padlock-cell")).to_have_attribute(
        "data-state", "valid", timeout=15_000
    )
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Status").select_option("Terminated")
    press(page, "Save")
    expect(page.locator(".details-actions .padlock-cell")).to_have_attribute(
        "data-state", "inactive"
    )
    page.get_by_role("link", name="Carol’s Garage").click()
    page.get_by_role("link", name="Delete").click()
    expect(page.locator("main")).to_contain_text("with 1 service, no domains and no users")
    page.get_by_label("Name of the client").fill("Carol’s Garage")
    press(page, "Delete client")
    expect(page.get_by_role("status").first).to_contain_text("Carol’s Garage was deleted.")


def test_ada_moves_a_service_with_the_keyboard_alone(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/services/2")
    page.get_by_role("link", name="Move").press("Enter")
    expect(page.get_by_label("Client")).to_be_focused()
    page.wait_for_load_state()
    with page.expect_response(re.compile("q=plumb$")):
        page.keyboard.type("plumb")
    expect(page.get_by_role("link", name=re.compile("Bob & Sons"))).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(
        "Alice Baker of Alice’s Bakery can no longer see it."
    )
    page.get_by_role("button", name="Move to Bob & Sons Plumbing").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("now belongs to Bob & Sons Plumbing")
    page.goto("/admin/services/2/move?to=1")  # and back, for whoever looks at the demo next
    press(page, "Move to Alice’s Bakery")
    expect(page.get_by_role("status").first).to_contain_text("now belongs to Alice’s Bakery")


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
    expect(page.locator("#more-menu")).to_be_focused()


def test_a_slash_goes_to_the_search_but_not_while_one_types(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/clients")
    page.get_by_label("Search clients").press_sequentially("a/")
    expect(page.get_by_label("Search clients")).to_have_value("a/")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator("#site-search")).to_be_focused()
    page.keyboard.type("expired.lab.example")
    page.keyboard.press("Enter")
    expect(page.locator("#found-service")).to_be_visible()
    page.set_viewport_size({"width": 820, "height": 900})
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("/search$"))
    expect(page.locator("main input[name=q]")).to_be_focused()


def test_no_name_is_too_long_for_a_page(page):  # noqa: F811
    sign_in(page, "ada")
    long = "x" * 200
    long_host = ".".join(["x" * 60] * 3) + ".example"
    page.goto("/admin/clients/new")
    page.get_by_label("Name").fill(long)
    press(page, "Add client")
    expect(page.get_by_role("heading", name=long)).to_be_visible()
    client = re.sub("^.*(?=/admin)", "", page.url)
    for place in ("services", "domains"):
        page.goto(f"/admin/{place}/new?client=%23{client.rpartition('/')[2]}")
        page.get_by_label("Product" if place == "services" else "Domain").fill(
            long if place == "services" else long_host
        )
        press(page, "Add ")
        expect(page.locator(".details-name")).to_be_visible()
    page.goto(f"/admin/users/new?client=%23{client.rpartition('/')[2]}")
    page.get_by_label("Name").fill(long)
    page.get_by_label("E-mail").fill(f"{'x' * 60}@example.com")
    press(page, "Add user")
    expect(page.get_by_role("button", name="View as this user")).to_be_visible()
    lists = (
        "/admin/clients",
        "/admin/services",
        "/admin/domains",
        "/admin/users",
        "/admin/activity",
    )
    for path in (page.url, client, f"{client}/services", f"{client}/domains", *lists):
        page.goto(path)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_legend_of_a_phone_can_be_read(page):  # noqa: F811
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "ada")
    page.goto("/admin/services")
    press(page, "What the padlocks mean")
    box = page.locator("#legend").bounding_box()
    assert box["width"] > 300
    assert box["height"] < 700


def test_a_list_is_narrowed_to_a_client_by_typing_its_name(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto("/admin/domains")
    page.get_by_label("Client").press_sequentially("alice’s bakery")
    page.keyboard.press("Enter")
    expect(page.locator("#chip-client")).to_contain_text("Alice’s Bakery")


def test_ada_edits_the_text_of_mails_previews_it_and_restores_the_default(page):  # noqa: F811
    straight_to(page, "ada", "/admin/warnings")
    page.get_by_role("link", name="Mail texts").click()
    page.get_by_role("link", name="Edit Mails to clients").click()
    page.get_by_label("Subject").fill("{{ client }}: {{ summary }}")
    page.get_by_label("Text").fill("Dear {{ user }},\n\n{{ names }}\n\nKind regards")
    page.get_by_label("Preview with").select_option("A reminder")
    press(page, "Preview")
    preview = page.get_by_role("status")
    expect(preview).to_contain_text("Alice’s Bakery: Reminder: The certificate of www.example.com")
    mail = page.frame_locator("iframe")
    expect(mail.get_by_text("Dear Alice Baker,")).to_be_visible()
    expect(mail.get_by_text("shop.example.com", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Show the mail as HTML")).not_to_be_visible()
    press(page, "Save")
    section = page.get_by_role("region", name="Mails to clients")
    expect(section).to_contain_text("Dear {{ user }},")
    page.get_by_role("link", name="Edit Mails to clients").click()
    page.get_by_role("link", name="Restore default").click()
    press(page, "Restore default")
    expect(section).to_contain_text("Hello {{ user }},")


def test_ada_adds_a_channel_tests_it_and_pauses_it(page):  # noqa: F811
    straight_to(page, "ada", "/admin/warnings")
    page.get_by_role("link", name="Channels").click()
    page.get_by_role("link", name="New channel").click()
    with served(Receiver()) as receiver:
        page.get_by_label("Name").fill("Operations")
        page.get_by_label("Apprise URL").fill(receiver.url)
        press(page, "Save")
        channel = page.get_by_role("region", name="Operations")
        expect(channel).to_contain_text("Nothing sent yet")
        expect(page.locator("main")).not_to_contain_text("hunter2")
        press(page, "Send a test message")
        expect(channel).to_contain_text("Works", timeout=30_000)
        assert "This channel works." in receiver.bodies.get(timeout=10)
    press(page, "Pause")
    expect(channel.get_by_role("heading")).to_contain_text("Paused")
    page.get_by_role("link", name="Delete Operations").click()
    press(page, "Delete channel")
    expect(page.locator("main")).to_contain_text("There are no channels yet")


def test_ada_rehearses_a_rule_before_she_saves_it(page):  # noqa: F811
    straight_to(page, "ada", "/admin/warnings")
    page.get_by_role("link", name="Edit the site’s rule").click()
    page.get_by_label("First warning, days left").fill("20")
    press(page, "Rehearse")
    rehearsal = page.get_by_role("status").filter(has_text="Nothing is saved yet.")
    expect(rehearsal.get_by_role("heading")).to_contain_text("message")
    expect(page.get_by_label("First warning, days left")).to_have_value("20")
    page.goto("/admin/warnings")
    site = page.get_by_role("region", name="The site’s rule")
    expect(site).not_to_contain_text("20 days")
    page.get_by_role("link", name="Edit the site’s rule").click()
    page.get_by_label("First warning, days left").fill("20")
    press(page, "Save")
    expect(site).to_contain_text("20 days")
    page.get_by_role("link", name="Edit the site’s rule").click()
    press(page, "Use the defaults")
    expect(site).not_to_contain_text("20 days")


def test_ada_connects_a_billing_system_and_padlocks_arrive(page):  # noqa: F811
    panel = Whmcs()
    panel.client(1, companyname="Dora’s Flowers")
    panel.service(11, 1, "ok.lab.example")
    straight_to(page, "ada", "/admin/sources")
    page.get_by_role("link", name="Add a source").first.click()
    with panel.running():
        page.get_by_label("WHMCS", exact=True).check()
        expect(page.get_by_label("API key")).to_have_count(2)
        expect(page.locator("#token")).to_be_hidden()
        page.get_by_label("Name").fill("Billing")
        page.get_by_label("Address").fill(f"{panel.url}/billing")
        page.get_by_label("API identifier").fill(panel.credentials["identifier"])
        page.get_by_label("API secret").fill("wrong")
        press(page, "Save and test")
        expect(page.locator("main")).to_contain_text("does not accept the credentials")
        page.get_by_role("link", name="Change").click()
        expect(page.get_by_label("API secret")).to_have_value("")
        page.get_by_label("API identifier").fill(panel.credentials["identifier"])
        page.get_by_label("API secret").fill(panel.credentials["secret"])
        press(page, "Save and test")
        expect(page.locator("main")).to_contain_text("The connection works.")
        press(page, "Preview")
        expect(page.get_by_role("row", name="Services 1 0 0 0")).to_be_visible()
        press(page, "Agree and sync")
        synced = page.get_by_role("row").filter(has_text="Sync")
        expect(synced).to_contain_text("1 client, 1 service new", timeout=15_000)
    expect(page.locator("main")).to_contain_text("Synced every hour")
    page.goto("/admin/services?q=ok.lab.example")
    row = page.get_by_role("row").filter(has_text="Dora’s Flowers")
    padlock = row.locator(".padlock-cell")
    expect(padlock).to_have_attribute("data-state", "valid", timeout=15_000)
