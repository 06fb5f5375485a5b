"""Today in a real Chromium: an incident acknowledged, a client written to, and the row is gone."""
# ruff: noqa: F811 - fixtures come from other modules

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from tests.conftest import PASSWORD
from tests.jobs.conftest import server  # noqa: F401 - a fixture
from tests.monitor.processes import wait_for
from tests.notices.test_minute import NAMES, prepare
from tests.routes.test_letters import letters_left
from tests.routes.test_today import NOW, PAGE, in_time, sees  # noqa: F401 - one is a fixture
from tests.served import served
from tests.test_browser import chrome  # noqa: F401 - a fixture
from tests.test_browser_accessibility import wrong_on
from webapp.extensions import db
from webapp.notices import minute
from webapp.probe import Reason


@pytest.fixture
def today(app, server, chrome):
    """Today as sam sees it."""
    with app.app_context():
        prepare(app, server)
        minute.evaluate(NOW)
    with served(make_server("127.0.0.1", 0, app, threaded=True)) as site:
        context = chrome.new_context(
            base_url=f"http://127.0.0.1:{site.port}", reduced_motion="reduce"
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(f"/sign-in?next={PAGE}")
        page.get_by_label("E-mail").fill("sam@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Today")).to_be_visible()
        yield page
        context.close()


def test_an_incident_is_opened_from_today_and_acknowledged(app, today):
    for at in (1, 40, 80, 121):
        for name in NAMES[:3]:
            sees(app, at, name, reason=Reason.REFUSED, address="192.0.2.1")
    today.reload()
    today.get_by_role("link", name="3 names are invalid").press("Enter")
    expect(today.get_by_role("heading", level=1)).to_contain_text("3 names are invalid")
    wrong = wrong_on(today)
    today.get_by_role("button", name="Acknowledge").press("Enter")
    expect(today.locator("main")).to_contain_text("Acknowledged by Sam Staff")
    today.goto(PAGE)
    expect(today.locator("main")).to_contain_text("Nothing needs you today.")
    assert wrong == {}


def test_a_client_is_written_to_and_the_row_goes_with_the_new_certificate(app, server, today):
    sees(app, 1, NAMES[0], left=5)
    sees(app, 1, NAMES[1], left=15)
    today.reload()
    row = today.get_by_role("row").filter(has_text=NAMES[0])
    wrong = {"today": wrong_on(today)}
    today.set_viewport_size({"width": 1280, "height": 1000})
    row.get_by_text("More").press("Enter")
    row.get_by_role("button", name="Assign to me").press("Enter")
    expect(row).to_contain_text("Sam Staff")
    today.get_by_role("checkbox", name=f"Select {NAMES[0]}").check()
    today.get_by_role("button", name="Snooze", exact=True).first.click()
    wrong["snooze"] = wrong_on(today)
    today.get_by_role("link", name="Cancel").click()
    row.get_by_text("More").press("Enter")
    row.get_by_role("button", name="Write to client").press("Enter")
    expect(today.get_by_role("heading", level=1)).to_have_text("Write to Alice’s Bakery")
    wrong["write"] = wrong_on(today)
    text = today.get_by_label("Text")
    text.fill(f"{text.input_value()}\n\nPS: call us.")
    today.get_by_role("button", name="Send 1 mail").click()
    expect(today.get_by_role("status").first).to_contain_text("1 mail is on its way.")
    expect(row).to_contain_text("wrote to the client on")
    mail = server.mails.get(timeout=10)
    assert (mail["To"], mail["Reply-To"]) == ("alice@example.com", "sam@example.com")
    assert f"The certificate of {NAMES[0]} expires on" in mail["Subject"]
    assert mail.get_content().rstrip().endswith("PS: call us.")
    with app.app_context():
        wait_for(lambda: db.session.rollback() or not letters_left(), 10)
    sees(app, 2, NAMES[0], left=88)
    today.reload()
    expect(row).to_have_count(0)
    expect(today.get_by_role("row").filter(has_text=NAMES[1])).to_be_visible()
    assert {name: faults for name, faults in wrong.items() if faults} == {}
