"""The search of the whole site: what it finds, for whom, and where it leads."""

import pytest

from webapp.customers import catalog
from webapp.customers.models import Client, DomainStatus, ServiceStatus
from webapp.extensions import db, writing


def found(page):
    """The names of each kind, and the way to all of them."""
    return {
        card.h2.text: (
            [name.find(class_="long-name").text for name in card.select(".attention-name")],
            card.select_one(".attention-more a")["href"],
            card.select_one(".attention-more").text,
        )
        for card in page.select("main section")
    }


@pytest.fixture
def many(app):
    """Seven services of Alice's, and a domain of Bob's, with "shop" in their names."""
    with app.app_context(), writing():
        alice, bob = (db.session.get(Client, id_) for id_ in (1, 2))
        for name in ("shop.example", *(f"a{number}.shop.example" for number in range(6))):
            catalog.add_service(alice, "Hosting", name, ServiceStatus.ACTIVE)
        catalog.add_domain(bob, "bobs-shop.example", DomainStatus.ACTIVE)


def test_staff_find_everything_by_kind_and_the_whole_name_first(many, visit):
    sam = visit("sam")
    hits = found(sam.get("/search?q=SHOP.example"))
    names, way, words = hits["Services"]
    assert names == ["shop.example", *(f"a{number}.shop.example" for number in range(4))]
    assert words == "All 7 in Services"
    assert len(sam.get(way).select("tbody tr")) == 7
    assert hits["Domains"][0] == ["bobs-shop.example"]
    hits = found(sam.get("/search?q=bob"))
    assert [*hits] == ["Clients", "Services", "Domains", "Users"]
    assert {kind: names for kind, (names, *_) in hits.items()} == {
        "Services": ["bob.example"],
        "Domains": ["bob.example", "bobs-shop.example"],
        "Clients": ["Bob & Sons"],
        "Users": ["Bob Plumber"],
    }
    for _, way, words in hits.values():
        listed = len(sam.get(way).select("tbody tr"))
        assert words.startswith("Show it in" if listed == 1 else f"All {listed} in")


def test_a_client_finds_only_what_is_theirs(many, visit):
    bob = visit("bob")
    assert found(bob.get("/search?q=shop")) == {
        "Domains": (["bobs-shop.example"], "/domains?q=shop", "Show it in Domains")
    }
    for nothing in ("alice", "Bob & Sons", "ada@example.com"):
        assert "Nothing matches" in bob.get("/search", query_string={"q": nothing}).main.text


@pytest.mark.parametrize("text", ["", " ", "%", "'\"><script>", "x" * 200, "#1"])
def test_an_odd_search_is_no_failure(visit, text):
    visit("ada").get("/search", query_string={"q": text})


def test_every_page_has_the_search_in_its_bar(visit):
    for who, path in (("sam", "/admin/refresh"), ("alice", "/profile")):
        assert visit(who).get(path).select_one(".top-bar form")["action"] == "/search"
    assert visit().get("/sign-in").select_one(".top-bar form") is None
