"""The demo as its visitors see it: a real Chromium, the real command, real handshakes."""

import re
import socket

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from scripts import browser as chromium
from scripts import demo as demo_site
from tests.monitor.processes import wait_for
from webapp.demo.data import PASSWORD
from webapp.probe import Reason, State
from webapp.words import states, verdicts

# Milliseconds: the demo's deadline is 5 s, there is a queue, and machines are busy
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def demo():
    """The address of `make demo`, asked by nobody but the tests.

    Ctrl-C ends it, and nobody listens there any more.
    """
    with demo_site.running(scheduler="off") as address:
        yield address
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 1)


@pytest.fixture(scope="module")
def chrome():
    path = chromium.find()
    if path is None:
        pytest.skip("there is no Chromium on this machine: make test says how to get one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=demo_site.FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints():
    """What the browser complained of.

    A test that means to provoke a complaint takes it out again.
    """
    return []


@pytest.fixture
def page(chrome, demo, complaints):
    """A page that tolerates nothing: no error in the console, no violation of the security policy.

    It is light: axe looks at every page in both, and what happens on them is the same in the dark.
    """
    # Tall enough for every cell to be in view, and so to ask.
    context = chrome.new_context(
        base_url=demo,
        color_scheme="light",
        reduced_motion="reduce",
        viewport={"width": 1280, "height": 2000},
    )
    page = context.new_page()
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"{request.url} {request.failure}"))
    context.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('policy',"
        " e.violatedDirective, e.blockedURI))"
    )
    yield page
    context.close()
    # A request is given up when the page is left while a cell is being asked.
    assert [text for text in complaints if "net::ERR_ABORTED" not in text] == []


def sign_in(page: Page, who: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    page.wait_for_load_state()  # and its scripts listen
    if who != "ada":
        page.goto("/services")


def row(page: Page, domain: str):
    return page.get_by_role("row").filter(has_text=domain)


def cell(page: Page, domain: str):
    return row(page, domain).locator(".padlock-cell")


def settled(page: Page) -> None:
    """No cell of this page will be replaced any more: until then a click on one can be lost."""
    expect(page.locator(".padlock-cell[hx-get]")).to_have_count(0)


def details(page: Page, domain: str):
    settled(page)
    cell(page, domain).get_by_role("link").click()
    return page.locator("#ssl")


def test_alice_watches_her_padlocks_arrive(page):
    sign_in(page, "alice")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("My Services"))
    arrives = {
        "silent.lab.example": State.UNKNOWN,
        "expired.lab.example": State.INVALID,
        "expiring-soon.lab.example": State.VALID,
        "redirect.lab.example": State.INACTIVE,
    }
    for domain, state in arrives.items():
        expect(cell(page, domain)).to_have_attribute("data-state", state.value)
        expect(cell(page, domain)).not_to_have_attribute("data-checking", "")
        expect(cell(page, domain)).not_to_have_attribute("hx-get", re.compile("."))
    # It has twelve and a half days: the calendar makes 12 or 13 of them, by the hour.
    expect(cell(page, "expiring-soon.lab.example")).to_contain_text(re.compile("1[23] days"))


def test_a_cell_says_that_it_is_being_checked_until_it_settles(page):
    sign_in(page, "bob")
    name = "drips.lab.example"
    page.goto(f"/services?q={name}")
    expect(cell(page, name)).to_have_attribute("aria-busy", "true")
    expect(cell(page, name)).to_contain_text(states.checking())
    expect(cell(page, name)).to_have_attribute("data-state", "unknown")
    expect(cell(page, name)).not_to_have_attribute("aria-busy", "true")


def test_a_padlock_says_more_on_hover_and_on_focus(page):
    sign_in(page, "alice")
    link = cell(page, "expired.lab.example").get_by_role("link")
    expect(cell(page, "expired.lab.example")).to_have_attribute("data-state", "invalid")
    link.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("Certificate expired")
    page.mouse.move(0, 0)
    expect(page.get_by_role("tooltip")).to_have_count(0)
    # The Tab key stops once in a row, at its name, and the padlock says the same
    page.get_by_role("button", name="What the padlocks mean").focus()
    for domain in ("expired.lab.example", "expiring-soon.lab.example"):
        page.keyboard.press("Tab")
        expect(row(page, domain).get_by_role("link").first).to_be_focused()
        tip = cell(page, domain).get_by_role("link").get_attribute("data-bs-original-title")
        # The one before may still be fading
        expect(page.locator("[role=tooltip].show")).to_have_text(tip)


def test_a_click_anywhere_in_a_row_leads_to_the_reason(page):
    sign_in(page, "alice")
    settled(page)
    expired = row(page, "expired.lab.example")
    for place in (".cell-status", ".padlock-words"):
        expired.locator(place).click()
        expect(page.locator("#ssl h2")).to_contain_text("Certificate expired")
        page.go_back()
    expired.get_by_role("link").first.press("Enter")
    expect(page.locator("#ssl h2")).to_contain_text("Certificate expired")


def test_details_say_what_is_wrong_and_what_to_do(page):
    sign_in(page, "alice")
    block = details(page, "expired.lab.example")
    expect(block).to_contain_text("Certificate expired")
    expect(block).to_contain_text(verdicts.cure_text(Reason.EXPIRED))
    expect(block).to_contain_text("Padlock Lab CA 1")
    page.get_by_role("button", name="Check now").click()
    expect(block).to_contain_text("just now")


def test_hostile_text_in_a_certificate_stays_text(page):
    sign_in(page, "bob")
    page.goto("/services?q=hostile-script")
    block = details(page, "hostile-script.lab.example")
    expect(block).to_contain_text("<script>alert(1)</script>")


def test_ada_sees_everybody_and_the_technicians_view(page):
    sign_in(page, "ada")
    page.goto("/admin/services?q=self-signed")
    block = details(page, "self-signed.lab.example")
    expect(block).to_contain_text("curl --max-time 10 -v https://self-signed.lab.example")


def test_signing_out_elsewhere_sends_the_page_to_sign_in(page, complaints):
    sign_in(page, "alice")
    page.goto("/profile")  # where no cell asks of its own accord
    page.context.clear_cookies()
    # And do not wait for it
    page.evaluate("() => { htmx.ajax('GET', '/probe/service/1', {target: 'body'}) }")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.goto("about:blank")  # what the page had to say has been said by then
    provoked = [complaint for complaint in complaints if "401" in complaint]
    assert provoked
    complaints[:] = [complaint for complaint in complaints if complaint not in provoked]


def test_check_now_of_a_user_signed_out_leads_to_sign_in_and_back_to_the_item(page, complaints):
    sign_in(page, "ada")
    page.goto("/admin/services?q=self-signed")
    details(page, "self-signed.lab.example")
    expect(page.locator("#ssl[hx-get]")).to_have_count(0)
    page.context.clear_cookies()
    page.get_by_role("button", name="Check now").click()
    expect(page).to_have_url(re.compile("/sign-in.next=/admin/services/"))
    complaints[:] = [complaint for complaint in complaints if "401" not in complaint]
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/admin/services/\d+"))
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#ssl .ssl-footer")).to_contain_text("Checked, no change.")


def test_a_form_of_a_user_signed_out_is_filled_in_again_for_the_same_user(page, complaints):
    for who, filled in (("ada", "Carol’s Café"), ("sam", "")):
        sign_in(page, "ada")
        page.goto("/admin/clients/new")
        page.get_by_label("Name").fill("Carol’s Café")
        page.context.clear_cookies()
        page.get_by_role("button", name="Add client").click()
        page.get_by_label("E-mail").fill(f"{who}@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile("/admin/clients/new$"))
        if filled:
            expect(page.get_by_label("Name")).to_have_value(filled)
        else:
            page.wait_for_function("sessionStorage.length === 0")  # once its script has run
        page.context.clear_cookies()
    complaints[:] = [complaint for complaint in complaints if "403" not in complaint]  # Sam's page


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": 500}, "on our side"),
        ({"status": 503}, "The site is busy"),
        ({"status": 429}, "Too many requests"),
        ({"status": 400}, "out of date"),
        (None, "No connection"),
    ],
)
def test_a_request_that_fails_is_told_on_the_spot(page, complaints, answer, told):
    sign_in(page, "bob")
    settled(page)
    page.route(
        "**/services?status=*", lambda held: held.fulfill(**answer) if answer else held.abort()
    )
    page.get_by_label("Status").select_option("Active")
    expect(page.locator("#notice")).to_contain_text(told)
    expect(page.locator("#list")).to_be_visible()
    page.unroute("**/services?status=*")
    page.get_by_label("Status").select_option("")
    expect(page.locator("#notice")).to_be_hidden()
    complaints.clear()


def test_a_slow_answer_is_told_until_it_is_there(page):
    sign_in(page, "bob")
    settled(page)
    page.clock.install()
    held = []
    page.route("**/services?status=*", lambda route: held.append(route))
    with page.expect_request("**/services?status=*"):
        page.get_by_label("Status").select_option("Active")
    page.clock.fast_forward(6000)
    expect(page.locator("#notice")).to_contain_text("longer than usual")
    held[0].continue_()
    expect(page.locator("#notice")).to_be_hidden()


def test_without_javascript_the_stored_state_is_there_and_a_button_checks(chrome, demo):
    context = chrome.new_context(base_url=demo, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "bob")
    page.goto("/services?q=weak-key")
    with page.expect_navigation():
        page.get_by_role("button", name="Check now").click()
    # It is asked for a moment longer where the machine is busy, and nothing here comes by itself.
    wait_for(
        lambda: (
            page.reload()
            and cell(page, "weak-key.lab.example").get_attribute("data-state") == "invalid"
        )
    )
    # Playwright's own look at text leaves <noscript> out, shown or not.
    age = cell(page, "weak-key.lab.example").locator("noscript .padlock-words")
    expect(age).to_be_visible()
    assert "just now" in age.inner_text()
    context.close()


def test_everything_can_be_done_with_the_keyboard(page):
    page.goto("/sign-in")
    page.get_by_label("E-mail").focus()
    page.keyboard.type("alice@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_list_is_filtered_and_sorted_in_place_and_back_works(page):
    sign_in(page, "bob")
    page.evaluate("window.untouched = true")
    page.get_by_label("Status").focus()
    page.get_by_label("Status").select_option("Active")
    expect(page).to_have_url(re.compile(r"/services\?status=Active$"))
    expect(page.get_by_label("Status")).to_be_focused()
    page.get_by_role("link", name="SSL", exact=True).press("Enter")
    expect(page.get_by_role("columnheader", name="SSL")).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("link", name="SSL", exact=True)).to_be_focused()
    assert page.evaluate("window.untouched")
    page.go_back()
    expect(page.get_by_role("columnheader", name="SSL")).to_have_attribute("aria-sort", "none")
    expect(page.get_by_label("Status")).to_have_value("Active")
    page.go_back()
    expect(page.get_by_label("Status")).to_have_value("")


def test_back_is_followed_while_the_page_is_still_loading(page):
    sign_in(page, "bob")
    page.get_by_label("Status").select_option("Active")
    expect(page).to_have_url(re.compile(r"status=Active$"))
    page.route("**/htmx.min.js", lambda held: None)
    page.reload(wait_until="commit")
    expect(page.get_by_label("Status")).to_have_value("Active")
    page.unroute("**/htmx.min.js")
    page.evaluate("history.back()")
    expect(page.get_by_label("Status")).to_have_value("")


def test_a_list_of_somebody_signed_out_leads_to_sign_in_and_back(page):
    sign_in(page, "bob")
    settled(page)
    page.context.clear_cookies()
    page.get_by_role("link", name="Product", exact=True).click()
    expect(page).to_have_url(re.compile("/sign-in.next=/services"))
    expect(page.locator("#list")).to_have_count(0)
    page.get_by_label("E-mail").fill("bob@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/services\?sort=product$"))


def test_the_legend_opens_and_closes_with_the_keyboard(page):
    sign_in(page, "alice")
    page.get_by_role("button", name="What the padlocks mean").press("Enter")
    expect(page.locator("#legend").get_by_text("Not checked yet", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#legend")).not_to_be_visible()


def test_lists_work_without_javascript(chrome, demo):
    context = chrome.new_context(base_url=demo, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "bob")
    page.get_by_label("Status").select_option("Active")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("Status")).to_have_value("Active")
    page.get_by_role("link", name="SSL", exact=True).click()
    expect(page).to_have_url(re.compile("status=Active.*sort=ssl"))
    context.close()
