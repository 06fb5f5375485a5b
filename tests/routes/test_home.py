"""A client's first page."""

from datetime import UTC, datetime, timedelta

import pytest

from webapp.customers.models import Domain, Service
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Reason


@pytest.fixture
def change(app):
    def change(reason, **facts):
        with app.app_context(), writing():
            row = db.session.scalar(db.select(Target).filter_by(hostname="alice.example"))
            row.reason = reason
            row.state = reason.state
            row.checked_at = datetime.now(UTC)
            row.not_after = facts.get("not_after")

    return change


def test_home_is_where_a_client_starts(visit):
    assert visit("alice").client.get("/").location == "/home"
    assert visit("ada").client.get("/").location == "/admin/today"


def test_what_is_wrong_comes_first_with_its_padlock_and_a_way_to_it(visit, change):
    change(Reason.EXPIRED)
    page = visit("alice").get("/home")
    first = page.select_one(".attention li")
    assert first.a["href"] == "/services/1?tab=domain"
    assert first.select_one(".padlock-cell")["data-state"] == "invalid"


def test_the_picture_says_its_numbers_and_leads_to_the_lists(visit, change):
    change(Reason.REFUSED)
    page = visit("alice").get("/home")
    links = {link["href"]: link.text.split() for link in page.select(".counts a")}
    assert links["/services?ssl=invalid"] == ["Invalid", "1"]
    assert links["/domains?ssl=valid"] == ["Valid", "0"]
    assert [rect["width"] for rect in page.select_one(".counts-bar").find_all("rect")] == [
        "0",
        "1",
        "0",
        "0",
    ]


def test_what_ends_soon_has_its_own_link(visit, change):
    change(Reason.OK, not_after=datetime.now(UTC) + timedelta(days=3))
    page = visit("alice").get("/home")
    assert "1 expiring soon" in page.find("a", href="/services?ssl=expiring").text


def test_all_is_well(visit, change):
    change(Reason.OK, not_after=datetime.now(UTC) + timedelta(days=90))
    page = visit("alice").get("/home")
    assert page.find(id="attention").text == "All is well"
    assert page.select(".attention") == []


def test_an_empty_home_says_what_will_be_there(visit, app):
    with app.app_context(), writing():
        db.session.execute(db.delete(Service))
        db.session.execute(db.delete(Domain))
    assert "Nothing here yet" in visit("alice").get("/home").main.text


def test_nothing_of_anothers_is_on_it(visit):
    assert "bob" not in visit("alice").get("/home").main.text.lower()
