"""The first hour of an empty site by keyboard alone: from the set-up link to 300 padlocks."""
# ruff: noqa: F811 - a fixture comes from another module

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete, func, select
from werkzeug.serving import make_server

from tests.served import served
from tests.test_browser import chrome  # noqa: F401 - a fixture
from webapp.accounts import first_admin
from webapp.customers.models import Client, Domain, Service, User
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import db, writing
from webapp.imports.workshop import workshop_of
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
    workshop_of(app).executor.shutdown()


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
