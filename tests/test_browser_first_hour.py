"""The first hour of an empty site by keyboard alone: from the set-up link to 300 padlocks."""
# ruff: noqa: F811 - a fixture comes from another module

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete, func, select
from werkzeug.serving import make_server

from tests.served import served
from tests.test_browser import chrome  # noqa: F401 - a fixture
from tests.test_browser_accessibility import wrong_on
from webapp.accounts import first_admin, password_resets
from webapp.customers.models import Client, Domain, Service, User
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import db, writing
from webapp.monitor import live
from webapp.monitor.models import Target
from webapp.probe import State

NAMES = 300


@pytest.fixture
def link(app, lab, tmp_path):
    """The set-up link of an empty site whose names are all on one server with a valid
    certificate."""
    context = lab.context(issue("*.pasted.example", issuer=lab.intermediate), lab.intermediate)
    address, port = lab.listen("*.pasted.example", behaviours.https(context))
    app.config.update(
        PADLOCK_CA_BUNDLE=lab.ca_bundle,
        PADLOCK_CONNECT_TO=(("*.pasted.example", address, port),),
        PADLOCK_PER_ADDRESS=50,
        PADLOCK_PER_ADDRESS_PAUSE=0,
    )
    live.register(app)  # checks go by these settings
    app.instance_path = str(tmp_path / "instance")
    with app.app_context():
        with writing():
            for model in (Service, Domain, Target, User, Client):
                db.session.execute(delete(model))
        token = first_admin.setup_link_token(app.config["SECRET_KEY"])
    with served(make_server("127.0.0.1", 0, app, threaded=True)) as site:
        yield f"http://127.0.0.1:{site.port}/setup/{token}"


def set_up(page, link):
    """Creates the first administrator."""
    page.goto(link)
    page.get_by_label("Your name").fill("Olga")
    page.get_by_label("E-mail").fill("olga@example.com")
    page.get_by_label("Password").fill("seventeen green bicycles")
    page.get_by_role("button", name="Create and sign in").click()
    expect(page.locator(".first-steps li")).to_have_count(3)


def test_the_first_padlock_takes_at_most_four_clicks_and_four_fields(chrome, link):
    page = chrome.new_page()
    set_up(page, link)
    # Of the person, not of the page's own scripts; they outlive the page that they happen on
    page.add_init_script(
        """for (const kind of ["click", "change"]) addEventListener(kind, (event) => {
          if (event.isTrusted) sessionStorage[kind] = Number(sessionStorage[kind] ?? 0) + 1;
        }, true);"""
    )
    page.reload()
    page.get_by_role("link", name="New domain").click()
    for label, text in (("Client", "Acme Ltd"), ("Domain", "shop.pasted.example")):
        page.get_by_label(label, exact=True).click()
        page.keyboard.type(text)
    page.get_by_role("button", name="Add domain").click()
    expect(page.locator(".padlock-cell[data-state=valid]")).not_to_have_count(0)
    clicks, fields = page.evaluate("[sessionStorage.click, sessionStorage.change].map(Number)")
    assert clicks <= 4
    assert fields <= 4
    page.close()


def test_pages_that_the_demo_never_shows_are_accessible_and_legible(app, chrome, link):
    app.config.update(PADLOCK_SMTP_URL="smtp://127.0.0.1:9", PADLOCK_SITE_URL="http://127.0.0.1")
    site = link.partition("/setup/")[0]
    page = chrome.new_page(reduced_motion="reduce")
    page.goto(link)
    found = {"set-up": wrong_on(page)}
    set_up(page, link)
    found["first steps"] = wrong_on(page)
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        token = password_resets.token_for(user, app.config["SECRET_KEY"])
    for path in ("/forgot-password", f"/reset/{token}", "/reset/gone", "/styleguide"):
        page.goto(f"{site}{path}")
        found[path] = wrong_on(page)
    page.close()
    assert not any(found.values()), found


def tab_to(page, text):
    """Moves on with the Tab key to what is called so."""
    focused = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == text:
            return
    raise AssertionError(f"the Tab key does not lead to {text}")


def press(page, text):
    """Goes where the link or button of this text leads."""
    tab_to(page, text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_an_empty_site_has_300_padlocks_by_keyboard_alone(app, chrome, link):
    page = chrome.new_page(viewport={"width": 1280, "height": 2000})
    page.goto(link)
    for label, text in (
        ("Your name", "Olga"),
        ("E-mail", "olga@example.com"),
        ("Password", "seventeen green bicycles"),
    ):
        expect(page.get_by_label(label)).to_be_focused()
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".first-steps li")).to_have_count(3)
    press(page, "Import")
    tab_to(page, "Names")
    page.keyboard.insert_text("\n".join(f"name-{n}.pasted.example" for n in range(NAMES)))
    tab_to(page, "Client")
    page.keyboard.type("Acme Ltd")
    press(page, "Preview the names")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review before importing")
    press(page, "Import now")
    expect(page.get_by_role("heading", level=1)).to_have_text("Imported")
    expect(page.locator(".attention [data-state=valid]")).to_have_count(10)
    press(page, f"Check all {NAMES} now")
    expect(page.get_by_text("All host names are checked.")).to_be_visible(timeout=60_000)
    with app.app_context():
        valid = select(func.count()).where(Target.state == State.VALID)
        assert db.session.scalar(valid) == NAMES
    page.close()
