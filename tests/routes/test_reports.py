"""The report: what it shows, how it is narrowed, and what can be taken away from it."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event

from webapp.customers import catalog
from webapp.customers.models import Activity, Client, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Reason
from webapp.probe.steps import Origin
from webapp.reports.models import SavedView
from webapp.reports.query import SORTS
from webapp.routes import exports
from webapp.routes.template_helpers import REPORT_WORDS
from webapp.site import site_of
from webapp.words import states

REPORT = "/admin/reports/ssl-status"


@pytest.fixture
def fleet(app):
    """Alice's and Bob's, and three more services of Alice's: one expired, one that expires soon,
    one terminated."""
    with app.app_context(), writing():
        client = db.session.scalar(db.select(Client).where(Client.name.startswith("Alice")))
        for name, reason, days in (
            ("red", Reason.EXPIRED, -3),
            ("soon", Reason.OK, 5),
            ("old", Reason.OK, 90),
        ):
            status = ServiceStatus.TERMINATED if name == "old" else ServiceStatus.ACTIVE
            service = catalog.add_service(client, "=Hosting", f"{name}.example", status)
            facts = service.target
            facts.reason = reason
            facts.state = reason.state
            facts.issuer = "R11"
            facts.not_after = datetime.now(UTC) + timedelta(days=days)
            facts.checked_at = datetime.now(UTC) - timedelta(days=2)


def names(page):
    return [cell.text for cell in page.select("td.cell-main")]


def exported(browser, query=""):
    response = browser.client.get(f"{REPORT}.csv{query}")
    text = response.data.decode("utf-8-sig")
    return response, list(csv.DictReader(io.StringIO(text)))


def test_what_needs_a_person_comes_first(fleet, visit):
    page = visit("ada").get(REPORT)
    assert names(page) == [
        "red.example",
        "soon.example",
        *["alice.example", "bob.example"] * 0,
        *names(page)[2:],
    ]
    assert names(page)[-1] == "old.example"
    assert page.find("th", attrs={"aria-sort": "ascending"}).text.strip().startswith("SSL")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ssl=invalid", ["red.example"]),
        ("ssl=valid", ["soon.example"]),
        ("ssl=inactive", ["old.example"]),
        ("reason=expired", ["red.example"]),
        ("reason=never-asked&client=2&sort=item", ["bob.example", "bob.example"]),
        ("issuer=R11&sort=-domain", ["soon.example", "red.example", "old.example"]),
        ("expires=7", ["red.example", "soon.example"]),
        ("expires=ended", ["red.example"]),
        ("checked=1&sort=expires&ssl=invalid", ["red.example"]),
        ("checked=never&client=1&q=alice", ["alice.example", "alice.example"]),
        ("q=R11", []),
        ("q=soon&issuer=R11&expires=14&client=1", ["soon.example"]),
    ],
)
def test_filters_alone_and_together(fleet, visit, query, found):
    assert names(visit("sam").get(f"{REPORT}?{query}")) == found


@pytest.mark.parametrize(
    "text", ["nonsense", "1;DROP", "-1", "²", "2026-11-24", "9999-12-27", "%27"]
)
def test_an_odd_question_gets_the_whole_report(fleet, visit, text):
    client = visit("ada").client
    for name in {*REPORT_WORDS[1:]} - {"tag"}:  # one that nothing has finds nothing
        page = client.get(f"{REPORT}?{name}={text}").text
        assert page.count('<td class="cell-main') == 7, name


def test_every_column_can_be_sorted_by_both_ways(fleet, visit):
    ada = visit("ada")
    links = [link["href"] for link in ada.get(REPORT).select("th a.sort")]
    assert len(links) == 11
    for link in links:
        path = link.replace("sort=-ssl", "sort=ssl")
        there = names(ada.get(path))
        back = names(ada.get(path.replace("sort=", "sort=-")))
        assert sorted(there) == sorted(back)
        assert len(there) == 7


def test_what_is_not_known_comes_last_both_ways(fleet, visit):
    ada = visit("ada")
    for way in ("", "-"):
        shown = names(ada.get(f"{REPORT}?sort={way}expires"))
        assert set(shown[3:]) == {"alice.example", "bob.example"}
    assert shown[:3] == ["old.example", "soon.example", "red.example"]


def test_it_is_filtered_by_where_a_service_leads_once_that_is_known(app, fleet, visit):
    ada = visit("ada")
    assert not ada.get(REPORT).find(id="filter-origin")
    with app.app_context(), writing():
        service = db.session.scalars(db.select(Service).filter_by(domain="soon.example")).one()
        service.origin = Origin.ELSEWHERE
    assert ada.get(REPORT).find(id="filter-origin")
    assert names(ada.get(f"{REPORT}?origin=here")) == []
    page = ada.get(f"{REPORT}?origin=elsewhere&sort=expires")
    assert names(page) == ["soon.example"]
    for shown in (page, ada.get("/admin/services?origin=elsewhere")):
        assert "DNS: Points elsewhere" in " ".join(shown.select_one(".chip").text.split())
    assert sum(int(cell.text) for cell in page.select(".weeks-numbers td")) == 1
    assert [row["Domain"] for row in exported(ada, "?origin=elsewhere")[1]] == ["soon.example"]


def test_what_browsers_may_refuse_is_amber_and_a_filter(app, fleet, visit):
    ada = visit("ada")
    assert not ada.get(REPORT).find(id="filter-browsers")
    with app.app_context(), writing():
        hostname = db.session.scalars(db.select(Target).filter_by(hostname="soon.example")).one()
        hostname.notes = ["browsers_refuse_key"]
        hostname.browsers_refuse = True
        hostname.not_after += timedelta(days=60)
    assert ada.get(REPORT).find(id="filter-browsers")
    page = ada.get(f"{REPORT}?browsers=refuse&sort=expires")
    assert names(page) == ["soon.example"]
    listed = ada.get("/admin/services?browsers=refuse")
    assert len(names(listed)) == 1
    assert listed.find(id="chip-browsers")
    assert page.select_one("td .badge.bg-yellow-lt").text == states.browsers_may_refuse()
    assert states.browsers_may_refuse() in page.select_one("a.padlock")["title"]
    assert page.select_one("a.padlock")["aria-label"] == "Valid: browsers may refuse it"
    [row] = exported(ada, "?browsers=refuse")[1]
    assert row["Browsers"] == states.browsers_may_refuse()
    details = ada.get(page.select_one("a.padlock")["href"]).find(id="ssl")
    assert details["class"][-1] == "ssl-valid"
    assert "this kind of key" in details.text
    with app.app_context(), writing():
        db.session.execute(
            db.update(Target).values(not_after=datetime.now(UTC) - timedelta(days=1))
        )
    assert names(ada.get(f"{REPORT}?browsers=refuse")) == []


def test_totals_are_filters_and_keep_the_others(fleet, visit):
    page = visit("ada").get(f"{REPORT}?client=1&sort=domain")
    totals = {
        link["id"]: (link.text.split()[-1], link["href"]) for link in page.select("[id^=total-]")
    }
    assert totals["total-invalid"] == ("1", f"{REPORT}?ssl=invalid&client=1&sort=domain")
    assert (totals["total-unknown"][0], totals["total-never-asked"][0]) == ("0", "2")
    assert totals["total-expiring"][1] == f"{REPORT}?ssl=expiring&client=1&sort=domain"


def test_weeks_are_a_picture_and_a_table_that_lead_into_the_report(fleet, visit):
    ada = visit("ada")
    page = ada.get(REPORT)
    numbers = [int(cell.text) for cell in page.select(".weeks-numbers td")]
    assert (len(numbers), sum(numbers)) == (26, 1)
    [link] = [link for link in page.select(".weeks a") if link["aria-label"].endswith(": 1")]
    assert names(ada.get(link["href"])) == ["soon.example"]


def test_the_file_is_what_is_seen(fleet, visit):
    response, rows = exported(visit("sam"), "?issuer=R11&sort=-domain")
    assert [row["Domain"] for row in rows] == ["soon.example", "red.example", "old.example"]
    assert [row["State"] for row in rows] == ["Valid", "Invalid", "Inactive"]
    assert [row["Days left"] for row in rows] == ["5", "-3", "90"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")


def test_days_are_counted_in_the_readers_zone_and_the_file_names_it(app, fleet, visit):
    sam = visit("sam")
    seen = {}
    # 25 hours apart: it is never the same day there
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        sam.client.set_cookie("zone", zone)
        page = sam.get(f"{REPORT}?sort=-domain&issuer=R11")
        _, rows = exported(sam, "?issuer=R11&sort=-domain")
        seen[zone] = [cell.text for cell in page.select("td.cell-date")]
        assert [(row["Days left"], row["Time zone"]) for row in rows] == [
            ("5", zone),
            ("-3", zone),
            ("90", zone),
        ]
        assert [cell.text for cell in page.select("td.cell-days")] == ["5", "-3", "90"]
    assert seen["Pacific/Kiritimati"] != seen["Pacific/Niue"]


@pytest.mark.parametrize(
    "cookie", ["Nowhere/Land", "../../etc/passwd", "/etc/passwd", "Europe", "x" * 3000, "%00", ""]
)
def test_a_zone_that_is_none_is_utc(fleet, visit, cookie):
    sam = visit("sam")
    sam.client.set_cookie("zone", cookie)
    assert exported(sam)[1][0]["Time zone"] == "UTC"


def test_the_file_holds_no_formula(fleet, visit):
    _, rows = exported(visit("ada"), "?q=red")
    assert rows[0]["Product"] == "'=Hosting"


def test_every_sort_can_be_taken_away_whole(fleet, visit):
    ada = visit("ada")
    for sort in SORTS:
        for way in ("", "-"):
            rows = exported(ada, f"?sort={way}{sort}")[1]
            assert [row["Domain"] for row in rows] == names(ada.get(f"{REPORT}?sort={way}{sort}"))


def test_paper_says_what_was_asked_and_when_it_is_not_all(fleet, visit, monkeypatch):
    from webapp.routes import reports

    monkeypatch.setattr(reports, "MOST_PRINTED", 2)
    page = visit("sam").get(f"{REPORT}/print?issuer=R11")
    assert len(page.tbody.find_all("tr")) == 2
    assert "The first 2 of 3 items." in page.main.text
    assert "Issuer: R11" in page.select_one(".list-head p").text
    page = visit("sam").get(f"{REPORT}/print?client=1&expires=2026-11-23&q=example")
    told = page.select_one(".list-head p").text
    for words in ("Client: Alice’s Bakery", "Expires: In the week of 23 Nov", "Search: example"):
        assert words in told


def test_on_paper_a_long_name_has_a_line_of_its_own(fleet, visit, app):
    name = f"{'x' * 50}.example"
    with app.app_context(), writing():
        client = db.session.get(Client, 1)
        catalog.add_service(client, "Hosting", name, ServiceStatus.ACTIVE)
    rows = visit("sam").get(f"{REPORT}/print?q={'x' * 50}").select("tbody tr")
    assert [cell.text for cell in rows[0].select("td")] == [name]
    assert rows[1].select_one(".print-host").text == ""


def test_marked_items_are_asked_and_others_are_left_out(fleet, visit, app):
    ada = visit("ada")
    form = {
        "item": ["service-1", "service-3", "service-5", "domain-99", "client-1"],
        "back": f"{REPORT}?sort=domain",
    }
    answer = ada.post(f"{REPORT}/check", form)
    assert (answer.status_code, answer.location) == (303, f"{REPORT}?sort=domain")
    assert "2 are being checked. 2 skipped" in ada.get(REPORT).main.text
    checks = [site_of(app).checks.of(name) for name in ("alice.example", "red.example")]
    assert all(check.done.wait(10) for check in checks if check)
    with app.app_context():
        asked = db.session.scalars(
            db.select(Target.hostname).where(Target.reason == Reason.REFUSED)
        )
        assert set(asked) == {"alice.example", "red.example"}


def test_staff_have_no_buttons_that_change_anything(fleet, visit):
    page = visit("sam").get(REPORT)
    assert page.find(id="check") is None
    assert not page.select(".report-views")
    assert not page.main.find_all("input", type="checkbox")
    assert page.find(id="export")


def test_a_view_is_saved_opened_replaced_and_deleted(fleet, visit, app):
    ada = visit("ada")
    ada.post(
        f"{REPORT}/views",
        {"name": " Mine ", "ssl": "invalid", "sort": "-domain", "page": "9", "evil": "1"},
    )
    [link] = ada.get(REPORT).select(".report-views li a")
    assert (link.text, link["href"]) == ("Mine", f"{REPORT}?ssl=invalid&sort=-domain")
    assert names(ada.get(link["href"])) == ["red.example"]
    ada.post(f"{REPORT}/views", {"name": "Mine", "ssl": "valid"})
    [link] = ada.get(REPORT).select(".report-views li a")
    assert link["href"] == f"{REPORT}?ssl=valid"
    with app.app_context():
        assert db.session.scalars(db.select(Activity.action)).all() == ["saved", "saved"]
    assert ada.post(f"{REPORT}/views/1/delete").status_code == 303
    assert ada.get(REPORT).select(".report-views li a") == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 61])
def test_a_view_needs_a_name(fleet, visit, name):
    ada = visit("ada")
    ada.post(f"{REPORT}/views", {"name": name})
    assert "Give the view a name" in ada.get(REPORT).main.text


def test_filters_that_are_too_long_are_not_kept_and_that_is_said(fleet, visit):
    ada = visit("ada")
    ada.post(f"{REPORT}/views", {"name": "Long", "q": "🔒" * 200})
    page = ada.get(REPORT)
    assert "too long to save" in page.main.text
    assert page.find("a", string="Long") is None


def test_nobody_deletes_the_view_of_another(fleet, visit, app):
    with app.app_context(), writing():
        sam = db.session.scalar(db.select(User).filter_by(email="sam@example.com"))
        db.session.add(SavedView(user_id=sam.id, name="Sam’s", query=""))
    assert visit("ada").post(f"{REPORT}/views/1/delete").status_code == 404


def test_a_longer_report_costs_no_more_queries(fleet, visit, app):
    ada = visit("ada")
    queries = []
    with app.app_context():
        # Whether the monitor is offline or asleep is asked now and then, and stands on every page.
        told = ("refresh_run", "heartbeat")
        event.listen(
            db.engine,
            "before_cursor_execute",
            lambda *args: (
                queries.append(args[2]) if not any(word in args[2] for word in told) else None
            ),
        )
    ada.get(REPORT)
    few = len(queries)
    with app.app_context(), writing():
        client = db.session.scalar(db.select(Client))
        for number in range(30):
            catalog.add_domain(client, f"n{number}.example", DomainStatus.ACTIVE)
    queries.clear()
    ada.get(REPORT)
    assert len(queries) == few <= 13


def test_a_third_export_at_once_is_told_to_come_back_and_a_finished_one_makes_room(visit, app):
    ada = visit("ada").client
    sam = visit("sam").client
    path = "/admin/reports/ssl-status.csv"
    with app.app_context():
        number = db.session.scalar(db.select(User.id).filter_by(email="ada@example.com"))
    running = [exports.begin(number, threads=16) for _ in range(2)]
    refused = ada.get(path)
    assert (refused.status_code, refused.headers.get("Retry-After")) == (503, "10")
    assert "Too many exports are running" in refused.text
    assert ada.get("/admin/import/example.csv").status_code == 503  # whatever is downloaded
    assert sam.get(path).status_code == 200
    running.pop()()
    assert [ada.get(path).status_code for _ in range(3)] == [200] * 3  # one after the other
    running.pop()()


def test_all_exports_together_take_a_quarter_of_the_threads():
    running = [exports.begin(user, threads=16) for user in (-1, -2, -3, -4)]
    with pytest.raises(exports.TooManyExports):
        exports.begin(-5, threads=16)
    for end in running:
        end()


def test_a_row_that_has_settled_brings_the_rest_of_itself(fleet, visit):
    ada = visit("ada")
    page = ada.get(f"{REPORT}?q=red.example")
    cell = page.select_one(".padlock-cell")
    assert cell["hx-get"] == "/probe/service/3/row"
    answer = ada.client.get(cell["hx-get"])  # nothing listens there: it is unknown by now
    while "HX-Trigger" not in answer.headers:
        assert "hx-partial" not in answer.text
        answer = ada.client.get(cell["hx-get"])
    assert answer.headers["HX-Trigger"] == "settled"
    row = BeautifulSoup(answer.data, "html.parser")
    parts = {part["hx-target"]: part.text.strip() for part in row.select("hx-partial")}
    assert parts["#checked-service-3"] == "just now"
    assert set(parts) == {f"#{td['id']}" for td in page.select("tbody td[id]")}
    assert page.select_one("#totals")["hx-trigger"].startswith("settled from:document")
