"""Tags: who gives them and who sees them, what they can be, and the lists that they narrow."""

import csv
import io

import pytest
from sqlalchemy import func

from tests.routes.test_clients import everything
from tests.routes.test_selection import agree, chosen
from webapp.customers import tags
from webapp.customers.models import Activity, Client, Domain, Service
from webapp.customers.tag_models import Tag, item_tag
from webapp.extensions import db, writing
from webapp.listing import plan

REPORT = "/admin/reports/ssl-status"


@pytest.fixture
def tagged(app):
    """Alice’s service is vip and old, her domain vip; Bob and his domain are old."""
    with app.app_context(), writing():
        for model, id_, names in (
            (Service, 1, ("old", "vip")),
            (Domain, 1, ("vip",)),
            (Domain, 2, ("old",)),
            (Client, 2, ("old",)),
        ):
            tags.give(db.session.get(model, id_), names)


def give(browser, text, place="services", note=""):
    """The answer to these tags beside the note."""
    version = browser.get(f"/admin/{place}/1").select_one("input[name=version]")["value"]
    form = {"version": version, "note": note, "tags": text}
    return browser.post(f"/admin/{place}/1/note", form)


def chips(page):
    return [chip.text for chip in page.select(".details-name .tag")]


def names(page):
    return [link.text for link in page.select(".cell-main .row-link")]


def rows(browser, path):
    return [*csv.DictReader(io.StringIO(browser.client.get(path).text.removeprefix("\ufeff")))]


def stored(app):
    with app.app_context():
        links = db.session.scalar(db.select(func.count()).select_from(item_tag))
        return [tag.name for tag in everything(Tag)], links


def test_staff_give_an_item_tags_and_its_client_sees_none(visit, app):
    sam = visit("sam")
    answer = give(sam, " WordPress, vip,, VIP ", note="Pays late")
    assert chips(sam.get(answer.location)) == ["vip", "WordPress"]
    assert give(sam, "vip", "domains").status_code == 303
    alice = visit("alice")
    for path in ("/services", "/services/1", "/services.csv", "/domains", "/domains/1"):
        assert "vip" not in alice.client.get(path).text.lower(), path
    assert len(names(alice.get("/services?tag=other"))) == 1  # it filters nothing
    assert names(alice.get("/services?q=wordpress")) == []
    with app.app_context():
        told = [line.detail for line in everything(Activity)]
    assert told == ["note – → Pays late, tags – → vip, WordPress", "tags – → vip"]


def test_what_is_new_has_its_tags_and_only_a_change_of_them_counts_as_one(visit, app):
    ada = visit("ada")
    client = {"name": "Carol", "tags": "new"}
    domain = {"client": "Carol", "name": "c.example", "status": "Active", "tags": "b, A"}
    pages = [ada.post("/admin/clients/new", client), ada.post("/admin/domains/new", domain)]
    assert [chips(ada.get(page.location)) for page in pages] == [["new"], ["A", "b"]]
    www = ada.post(f"{pages[1].location}/www")
    assert chips(ada.get(www.location)) == ["A", "b"]
    for text, version in (("x", 2), ("x", 2), ("", 3)):
        assert give(ada, text).status_code == 303
        with app.app_context():
            assert db.session.get(Service, 1).version == version
    old = {"version": "2", "tags": "y", "note": ""}
    answer = ada.post("/admin/services/1/note", old)
    assert (answer.status_code, "Stored now: no note, no tags." in answer.text) == (409, True)


def test_a_wrong_tag_is_named_and_nothing_is_lost(visit):
    ada = visit("ada")
    forms = {
        "clients/1/edit": {"name": "Alice"},
        "domains/1/edit": {"name": "a.example", "status": "Active"},
        "services/1/note": {},
    }
    for text, problem in (
        ("vip, a/b", "“a/b” cannot be a tag"),
        ("vip, a\u202eb", "“ab” cannot be a tag"),
        ("vip, " + "x" * 41, "is too long: use at most 40"),
        (",".join(map(str, range(21))), "You entered 21 tags. Use at most 20."),
    ):
        for path, form in forms.items():
            answer = ada.post(f"/admin/{path}", {**form, "version": "1", "tags": text})
            assert (answer.status_code, problem in answer.text) == (422, True), (path, text)
            assert f'value="{text}"' in answer.text


def test_a_tag_narrows_each_list_with_its_other_filters_in_both_ways(visit, tagged, monkeypatch):
    ada = visit("ada")
    for most in (plan.MOST_COUNTED, 0):
        monkeypatch.setattr(plan, "MOST_COUNTED", most)
        for path, found in (
            ("services?tag=VIP", ["alice.example"]),
            ("services?tag=vip&status=Active&q=alice&client=1&sort=-client", ["alice.example"]),
            ("services?tag=vip&status=Fraud", []),
            ("domains?tag=old", ["bob.example"]),
            ("clients/2/domains?tag=old", ["bob.example"]),
            ("reports/ssl-status?tag=vip&sort=domain", ["alice.example", "alice.example"]),
            ("reports/ssl-status?tag=vip&q=bob", []),
            ("reports/ssl-status?tag=old&sort=-domain&q=e", ["bob.example", "alice.example"]),
            ("clients?tag=OLD&q=sons&sort=domains", ["Bob & Sons"]),
            ("clients?tag=vip", []),
        ):
            page = ada.get(f"/admin/{path}")
            shown = [row.text for row in page.select(".list-table tbody tr")]
            assert len(shown) == len(found), path
            assert all(name in row for name, row in zip(found, shown, strict=True)), path
            assert page.select_one("#filter-tag option[selected]").text in ("vip", "old"), path
    for path in ("services", "domains", "clients", "reports/ssl-status"):
        page = ada.get(f"/admin/{path}?tag=<no such>")
        assert "Nothing matches these filters" in page.text
        assert page.select_one("#chip-tag").text.strip().startswith("Tag: <no such>")


def test_a_chip_leads_to_what_else_has_the_tag_and_files_have_a_column(visit, tagged):
    ada = visit("ada")
    for path in ("services/1", "domains/2", "clients/2"):
        link = ada.get(f"/admin/{path}").select_one(".details-name .tag")["href"]
        assert link == f"/admin/{path.split('/')[0]}?tag=old"
        assert len(ada.get(link).select(".list-table tbody tr")) == 1
    chip = ada.get(f"{REPORT}?ssl=never-asked&page=x").select_one(".row-tags .tag")["href"]
    assert chip == f"{REPORT}?ssl=never-asked&tag={chip.rpartition('=')[2]}"
    for path, found in (
        ("services.csv?tag=vip", ["old, vip"]),
        ("clients.csv?tag=old", ["old"]),
        ("reports/ssl-status.csv?tag=vip&sort=item", ["vip", "old, vip"]),
    ):
        assert [row["Tags"] for row in rows(ada, f"/admin/{path}")] == found
    assert "Tag: vip" in ada.get(f"{REPORT}/print?tag=vip").text
    assert ada.get("/admin/tags?tags=old, V").select_one("option")["value"] == "old, vip"


def test_many_items_get_and_lose_tags_at_once(visit, app, tagged):
    ada = visit("ada")
    page = chosen(ada, "tags", {"item": ["service-1", "domain-1", "domain-2"]})
    agree(ada, page, status=409)
    agree(ada, page, {"add": "a/b"}, status=422)
    agree(ada, page, {"add": "new", "drop": "OLD, none"})
    assert [row["Tags"] for row in rows(ada, "/admin/domains.csv")] == ["new, vip", "new"]
    agree(ada, chosen(ada, "tags", {"all": "1", "tag": "new"}), {"drop": "new, vip"})
    assert stored(app) == (["old"], 0)  # which Bob has
    with app.app_context():
        told = [line.detail for line in everything(Activity)]
        assert told[:2] == ["tags old, vip → new, vip", "tags vip → new, vip"]


def test_a_tag_goes_with_what_has_it_and_is_then_spelt_as_it_is_written(visit, app, tagged):
    ada = visit("ada")
    with app.app_context():
        before = db.session.get(Domain, 1).version
    assert give(ada, "VIP", "domains").status_code == 303
    assert stored(app)[0] == ["old", "vip"]  # the service has it, too
    with app.app_context(), writing():
        assert db.session.get(Domain, 1).version == before
        db.session.delete(db.session.get(Service, 1))
        db.session.execute(db.delete(Domain).where(Domain.id == 2))
    assert stored(app) == (["old", "vip"], 1)
    choices = [choice.text for choice in ada.get("/admin/domains").select("#filter-tag option")]
    assert choices == ["Any tag", "vip"]
    assert give(ada, "Vip", "domains").status_code == 303
    assert stored(app) == (["old", "Vip"], 1)
