"""What people do besides looking at padlocks, as they live it: a real Chromium, the real
command."""
# ruff: noqa: F811 - the fixtures come from another module

import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.test_browser import chrome, complaints, demo, page, settled  # noqa: F401 - four are fixtures
from webapp.demo.data import PASSWORD

NEW = "a password of her own"


def sign_in(page: Page, who: str, path: str, password: str = PASSWORD) -> None:
    """Straight to a page on which no padlock asks."""
    page.goto(f"/sign-in?next={path}")
    page.get_by_label("E-mail").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def add_carol(page: Page) -> None:
    """Ada adds a user to Bob's company."""
    sign_in(page, "ada", "/admin/users")
    page.get_by_role("link", name="New user").click()
    page.get_by_label("Name", exact=True).fill("Carol Clerk")
    page.get_by_label("E-mail").fill("carol@example.com")
    page.get_by_label("Client", exact=True).last.fill("bob & sons plumbing")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_role("status")).to_contain_text("Carol Clerk was added")


def check_file(page: Page, path: Path, heading: str) -> None:
    page.get_by_label("CSV file").set_input_files(path)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(heading, timeout=10_000)


def refused(complaints: list[str]) -> None:
    """The browser says of every form that comes back with something wrong in it that it was
    refused."""
    told = [text for text in complaints if "status of 422" in text]
    assert told
    complaints[:] = [text for text in complaints if text not in told]


def test_a_new_user_chooses_a_password_by_a_link_and_is_disabled_later(
    page, chrome, demo, complaints
):
    add_carol(page)
    page.get_by_role("button", name="Create a reset link").click()
    box = page.get_by_label("Send this link to")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = urlsplit(box.input_value()).path
    carol = chrome.new_context(base_url=demo).new_page()
    carol.goto(link)
    carol.get_by_label("New password").fill(NEW)
    carol.get_by_role("button", name="Set the password").click()
    sign_in(carol, "carol", "/services?q=weak-key", NEW)
    expect(carol.get_by_role("row").filter(has_text="weak-key.lab.example")).to_be_visible()
    settled(carol)
    page.get_by_role("link", name="Carol Clerk").click()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Disabled")
    carol.get_by_role("link", name="My Domains").click()
    expect(carol).to_have_url(re.compile("/sign-in"))
    carol.goto(link)
    expect(carol.get_by_role("heading", level=1)).to_contain_text("no longer works")
    carol.context.close()


def test_what_is_wrong_with_a_user_is_said_beside_the_field_and_the_rest_is_kept(page, complaints):
    sign_in(page, "ada", "/admin/users/new")
    page.get_by_label("Name", exact=True).fill("Second Alice")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Client", exact=True).last.fill("Alice’s Bakery")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Another user already has this address.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Second Alice")
    refused(complaints)


def test_an_admin_looks_through_a_clients_eyes_and_it_is_written_down(page):
    sign_in(page, "ada", "/admin/users/2")
    page.get_by_role("button", name="View as this user").click()
    expect(page.get_by_text("You are viewing Padlock as bob@example.com.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.get_by_role("link", name="My Domains").click()
    expect(page.get_by_text("You are viewing Padlock as bob@example.com.")).to_be_visible()
    page.goto("/profile")
    expect(
        page.get_by_text("you cannot change it while you are viewing Padlock as them")
    ).to_be_visible()
    page.get_by_role("button", name="Back to your own view").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob Plumber")
    page.locator("#more-menu").click()
    page.get_by_role("link", name="Activity log").click()
    page.wait_for_load_state()
    page.get_by_label("Action", exact=True).select_option("Viewed as")
    expect(page).to_have_url(re.compile("action=viewed"))
    line = page.get_by_role("row").filter(has_text="bob@example.com")
    expect(line).to_contain_text("ada@example.com")
    line.get_by_role("link", name="bob@example.com").click()
    expect(page).to_have_url(re.compile("/admin/users/2$"))


def test_the_example_is_downloaded_looked_at_and_imported_and_the_second_time_nothing_is_new(page):
    sign_in(page, "ada", "/admin/import")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download an example").click()
    check_file(page, download.value.path(), "Review before importing")
    expect(page.get_by_role("row", name="Clients")).to_contain_text("2")
    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Imported", timeout=10_000)
    page.locator(".back a").click()
    check_file(page, download.value.path(), "Review before importing")
    expect(page.get_by_text("Nothing to import")).to_be_visible()
    page.goto("/admin/services?q=Central")
    expect(page.get_by_role("row").filter(has_text="cafe.example.org")).to_be_visible()


def test_of_a_whmcs_report_997_rows_are_imported_and_3_come_back_as_a_file(page, tmp_path):
    rows = [f"{n},77,Zoe Ltd,Gold,zoe-{n}.example,2027-01-15,Active" for n in range(1, 1001)]
    rows[9], rows[499], rows[999] = "10,77,Zoe Ltd", rows[499] + "!", rows[999].replace("Zoe", '"')
    head = "ID,User ID,Client Name,Product Name,Domain Name,Next Due Date,Status"
    (tmp_path / "services.csv").write_text("\n".join([head, *rows]))
    sign_in(page, "ada", "/admin/import")
    check_file(page, tmp_path / "services.csv", "Review before importing")
    expect(page.locator("#problems tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Import 997 rows").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Imported", timeout=10_000)
    expect(page.get_by_text("1 client, 997 services new")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the 3 rows").click()
    assert len(download.value.path().read_text().splitlines()) == 4


def test_somebody_changes_their_name_and_their_password(page, chrome, demo, complaints):
    elsewhere = chrome.new_context(base_url=demo).new_page()
    for browser in (elsewhere, page):
        sign_in(browser, "sam", "/profile")
    page.get_by_label("Name", exact=True).fill("Samantha Staff")
    details = page.get_by_role("form", name="Name and e-mail")
    details.get_by_role("button", name="Save").click()
    expect(page.locator("#user-menu")).to_contain_text("Samantha Staff")
    for current in ("not this one", PASSWORD):
        page.get_by_label("Current password").last.fill(current)
        page.get_by_label("New password").fill(NEW)
        page.get_by_role("button", name="Change password").click()
        expect(page.locator("main")).to_contain_text(
            re.compile("not your current password|Your password was changed")
        )
    refused(complaints)
    expect(page.get_by_role("status")).to_contain_text("Your password was changed")
    elsewhere.reload()
    expect(elsewhere).to_have_url(re.compile("/sign-in"))
    elsewhere.context.close()


def test_light_and_dark_are_switched_and_remembered(page):
    root = page.locator("html")
    page.goto("/sign-in")
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Light or dark").click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Light or dark").click()
    # What was chosen is what the system said: it is followed again
    page.emulate_media(color_scheme="dark")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")
