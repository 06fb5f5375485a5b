from datetime import timedelta

import pytest

from tests.conftest import NOW
from webapp.customers import audit_log
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.words.activity import Detail

ALICE = {"name": "Alice Baker", "role": "client", "client": None}
OWNERS = {"before": "Bob & Sons", "after": "Alice’s Bakery"}
LINES = (
    (("ada", "created", "user", 1, "alice@example.com"), Detail.USER, ALICE),
    (("ada", "moved", "service", 1, "alice.example"), Detail.MOVED, OWNERS),
    ((None, "imported", "import", None, "100%_of.csv"), Detail.TEXT, {"text": "3 services"}),
    (("alice", "changed own password", "user", 1, "alice@example.com"), Detail.NONE, {}),
    (("ada", "deleted", "domain", 77, "gone.example"), Detail.NONE, {}),
)


@pytest.fixture
def lines(app):
    """What was done, a minute between one thing and the next."""
    with app.app_context(), writing():
        for number, ((who, *what), detail, parameters) in enumerate(LINES):
            user = db.session.scalar(db.select(User).filter_by(email=f"{who}@example.com"))
            at = NOW + timedelta(minutes=number)
            audit_log.note(user, *what, at, detail, **parameters)


def shown(page):
    return [row.select_one(".log-action").text for row in page.select("tbody tr")]


@pytest.mark.parametrize("who", ["sam", "ada"])
def test_the_provider_reads_who_did_what_the_newest_first(visit, lines, who):
    page = visit(who).get("/admin/activity")
    assert shown(page) == ["Deleted", "Changed own password", "Imported", "Moved", "Created"]
    cells = page.select("tbody tr")[3]
    assert cells.select_one(".log-who").text == "ada@example.com"
    assert cells.select_one("time")["datetime"] == "2026-11-23T12:01:00+00:00"
    assert "from Bob & Sons to Alice’s Bakery" in cells.text


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("q=BAKERY", ["Moved"]),
        ("q=gone.ex", ["Deleted"]),
        ("q=command", ["Imported"]),
        ("q=100%25_", ["Imported"]),
        ("q=%25", ["Imported"]),
        ("kind=user", ["Changed own password", "Created"]),
        ("action=moved", ["Moved"]),
        ("who=alice@example.com", ["Changed own password"]),
        ("who=command line", ["Imported"]),
        ("kind=user&who=ada@example.com&action=created&q=baker", ["Created"]),
        ("who=nobody@example.com", []),
    ],
)
def test_the_log_is_searched_and_filtered(visit, lines, query, actions):
    assert shown(visit("sam").get(f"/admin/activity?{query}")) == actions


@pytest.mark.parametrize(
    "query", ["kind=secret", "action=1;DROP", "page=-1", "page=NaN", "page=9" * 30, "size=10000000"]
)
def test_what_is_not_understood_means_the_default(visit, lines, query):
    assert len(shown(visit("ada").get(f"/admin/activity?{query}"))) == len(LINES)


def test_an_item_that_is_still_there_is_a_link(visit, lines):
    links = {
        name: [a["href"] for a in visit(name).get("/admin/activity").select(".log-item a")]
        for name in ("ada", "sam")
    }
    assert links["ada"] == ["/admin/users/1", "/admin/services/1", "/admin/users/1"]
    assert links["sam"] == ["/admin/services/1"]  # staff do not open users


def test_a_name_leads_to_what_else_that_person_did(visit, lines):
    ada = visit("ada")
    page = ada.get(ada.get("/admin/activity?action=moved").select_one(".log-who a")["href"])
    assert shown(page) == ["Moved"]
    assert [chip.text.split()[0] for chip in page.select(".chip")] == ["Action:", "User:"]


def test_the_log_has_pages_and_a_number_of_old_is_the_first(visit, app):
    with app.app_context(), writing():
        for number in range(60):
            audit_log.note(None, "created", "service", None, f"shop-{number:02}.example", NOW)
    ada = visit("ada")
    first = ada.get("/admin/activity")
    last = ada.get(first.find(id="page-last")["href"])
    assert shown(ada.get("/admin/activity?page=2")) == shown(first)
    assert [row.select_one(".log-item .long-name").text for row in first.select("tbody tr")][
        ::24
    ] == [
        "shop-59.example",
        "shop-35.example",
    ]
    assert len(shown(last)) == 10
    assert "51–60 of 60" in last.text
    assert len(shown(ada.get("/admin/activity?size=100"))) == 60


def test_an_empty_log_says_what_will_be_here(visit):
    assert "No changes yet" in visit("ada").get("/admin/activity").main.text
    assert "Nothing matches" in visit("ada").get("/admin/activity?q=x").main.text


def test_hostile_text_is_shown_as_text(visit, app):
    name = "<script>alert(1)</script>{{7*7}}\u202e"
    with app.app_context(), writing():
        audit_log.note(None, "created", "user", None, name, NOW, Detail.TEXT, text=name)
    page = visit("ada").get("/admin/activity")
    assert page.main.text.count("<script>alert(1)</script>{{7*7}}") == 2
    assert "\u202e" not in page.main.text
