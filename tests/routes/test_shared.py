"""Links show a client's padlocks without a sign-in: as a page, in a frame and as a badge."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, update

from tests.browser import looked_at
from webapp.customers import catalog, public_links
from webapp.customers.link_models import LinkUse, PublicLink
from webapp.customers.models import Activity, Client, Domain, DomainStatus, ServiceStatus
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Reason

NOW = datetime.now(UTC)
ALICE = "/admin/clients/1/links"


@pytest.fixture
def alices_name_is_valid(app):
    now = datetime.now(UTC)
    with app.app_context(), writing():
        known = {"reason": Reason.OK, "state": Reason.OK.state, "checked_at": now}
        ends = {"not_after": now + timedelta(days=12)}
        db.session.execute(
            update(Target).where(Target.hostname == "alice.example").values(**known, **ends)
        )


def made(browser, **form):
    """The path of a new link, as its page tells it once."""
    page = looked_at(browser.post(ALICE, form))
    address = page.select_one("#link-address").text
    assert address not in browser.get(ALICE).text
    return address.removeprefix("http://127.0.0.1:8000"), page


def test_a_page_shows_the_padlocks_of_one_client_until_the_link_ends(visit, app):
    path, _ = made(visit("ada"), use="page", days="7")
    nobody = visit()
    page = nobody.client.get(path)
    assert page.status_code == 200
    assert "Alice’s Bakery" in page.text
    assert "alice.example" in page.text
    assert "bob" not in page.text.lower()
    assert "set-cookie" not in page.headers
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert nobody.client.post(path).status_code == 405
    for other in ("/embed/", "/badge/"):
        wrong = path.replace("/shared/", other) + (".svg" if other == "/badge/" else "")
        assert nobody.client.get(wrong).status_code == 410
    with app.app_context():
        token = path.rpartition("/")[2]
        assert token not in str(db.session.execute(db.text("SELECT * FROM public_link")).all())
        assert public_links.opened(token, LinkUse.PAGE, NOW + timedelta(days=6))
        assert public_links.opened(token, LinkUse.PAGE, NOW + timedelta(days=8)) is None


def test_a_page_says_how_many_it_leaves_out(visit, monkeypatch):
    monkeypatch.setattr(public_links, "MOST_SHOWN", 1)
    path, _ = made(visit("ada"), use="page")
    assert "1 of 2" in looked_at(visit().client.get(path)).text


def test_a_link_that_was_revoked_opens_nothing(visit, app):
    ada = visit("ada")
    path, _ = made(ada, use="page")
    assert ada.post("/admin/clients/2/links/1/revoke").status_code == 404
    assert visit().client.get(path).status_code == 200
    ada.post(f"{ALICE}/1/revoke")
    gone = visit().client.get(path)
    assert (gone.status_code, "Ask for a new one" in gone.text) == (410, True)
    with app.app_context():
        lines = select(Activity.action).where(Activity.kind == "link").order_by(Activity.id)
        assert list(db.session.scalars(lines)) == ["created", "deleted"]


def test_only_the_sites_of_the_setting_may_frame_the_padlocks(visit, app):
    path, page = made(visit("ada"), use="embed")
    assert "No site may show it yet" in page.text
    assert f'<iframe src="http://127.0.0.1:8000{path}"' in page.select_one("#link-snippet").text
    policy = visit().client.get(path).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    app.config["PADLOCK_EMBED_SITES"] = ("https://billing.example.com", "https://*.example.org")
    answer = visit().client.get(f"{path}?theme=dark")
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors https://billing.example.com https://*.example.org;" in policy
    assert 'data-bs-theme="dark"' in answer.text
    assert "theme.js" not in answer.text


@pytest.mark.usefixtures("alices_name_is_valid")
def test_a_badge_says_the_state_or_the_days_that_are_left(visit, app):
    path, page = made(visit("ada"), use="badge", name=" Alice.example ")
    assert f'<img src="http://127.0.0.1:8000{path}"' in page.select_one("#link-snippet").text
    answer = visit().client.get(path)
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    svg = ElementTree.fromstring(answer.text)  # noqa: S314 - our own
    assert svg.get("aria-label") == "SSL certificate: valid"
    days = ElementTree.fromstring(visit().client.get(f"{path}?show=days").text)  # noqa: S314
    assert days.get("aria-label") == "SSL certificate: 12 days left"
    again = visit().client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    with app.app_context(), writing():
        item = db.session.scalars(select(PublicLink)).one().item
        item.status = DomainStatus.EXPIRED if isinstance(item, Domain) else ServiceStatus.TERMINATED
    assert "inactive" in visit().client.get(path).text


def test_a_badge_ends_when_another_client_gets_its_host_name(visit, app):
    ada = visit("ada")
    path, _ = made(ada, use="badge", name="alice.example")
    assert visit().client.get(path).status_code == 200
    with app.app_context(), writing():
        db.session.scalars(select(PublicLink)).one().item.client_id = 2
    assert visit().client.get(path).status_code == 410
    page = ada.get(ALICE).select_one(".link-list").text
    assert "was moved to another client" in page
    assert "alice.example" not in page


def test_a_badge_takes_either_spelling_of_a_host_name(visit, app):
    with app.app_context(), writing():
        alice = db.session.get(Client, 1)
        catalog.add_domain(alice, "Müller.example", DomainStatus.ACTIVE, None, None)
    ada = visit("ada")
    for name in ("müller.example", "xn--mller-kva.example", "https://müller.example/"):
        made(ada, use="badge", name=name)


def test_a_form_that_is_wrong_says_what_to_do(visit):
    ada = visit("ada")
    for form, words in (
        ({"use": "badge"}, "Enter the host name"),
        ({"use": "badge", "name": "bob.example"}, "has no service or domain with the host name"),
        ({"use": "page", "days": "0"}, "from 1 to 366"),
        ({"use": "page", "days": "9" * 400}, "from 1 to 366"),
        ({"use": "page", "days": "-" + "9" * 400}, "from 1 to 366"),
        ({"use": "page", "days": "never"}, "Enter a whole number, such as 30."),
        ({"use": "all"}, "Choose a value from the list."),
        ({}, "Choose what the link shows"),
    ):
        page = ada.post(ALICE, form)
        assert page.status_code == 422
        assert words in looked_at(page).text


def test_the_command_line_makes_a_link(app, visit):
    runner = app.test_cli_runner()
    done = runner.invoke(args=["links", "make", "--client", "Alice’s Bakery", "--days", "7"])
    assert done.exit_code == 0
    path = done.output.strip().removeprefix("http://127.0.0.1:8000")
    assert visit().client.get(path).status_code == 200
    wrong = runner.invoke(args=["links", "make", "--client", "Nobody"])
    assert wrong.exit_code == 1
    assert "No client has this name" in wrong.output
