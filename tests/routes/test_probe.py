"""The cell and its details as a state machine: known, checking, settled."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from tests.browser import looked_at
from webapp import live_settings
from webapp.customers.models import Service, ServiceStatus
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Reason
from webapp.routes import cell_throttle
from webapp.site import site_of
from webapp.words import reasons


def htmx_of(cell):
    return {name: value for name, value in cell.attrs.items() if name.startswith("hx-")}


def cell_of(page):
    return page.select_one(".padlock-cell")


@pytest.fixture
def checked(app):
    """Says that alice.example was found valid so long ago."""

    def checked(ago=timedelta(0), reason=Reason.OK):
        with app.app_context(), writing():
            row = db.session.scalar(db.select(Target).filter_by(hostname="alice.example"))
            row.state = reason.state
            row.reason = reason
            row.checked_at = datetime.now(UTC) - ago
            row.not_after = datetime.now(UTC) + timedelta(days=60)
            row.last_valid_at = row.checked_at

    return checked


def test_a_cell_that_was_never_asked_asks_when_it_is_seen(visit):
    cell = cell_of(visit("alice").get("/services"))
    when = "intersect once, later delay:3061ms"
    assert htmx_of(cell) == {
        "hx-get": "/probe/service/1",
        "hx-swap": "outerHTML",
        "hx-trigger": when,
    }
    assert "Not checked yet" in cell.a["title"]


def test_a_fresh_answer_asks_nothing(visit, checked):
    checked()
    assert htmx_of(cell_of(visit("alice").get("/services"))) == {}


def test_an_old_answer_is_shown_and_asked_again(visit, checked):
    checked(timedelta(hours=1))
    cell = cell_of(visit("alice").get("/services"))
    assert (cell["data-state"], cell["hx-trigger"]) == (
        "valid",
        "intersect once, later delay:3061ms",
    )
    assert "Checked 1 hour ago." in cell.a["title"]


def test_cells_that_come_too_many_at_once_are_told_to_come_later(app, visit, monkeypatch):
    monkeypatch.setattr(cell_throttle, "CELLS_AT_ONCE", 3)
    monkeypatch.setattr(cell_throttle, "CELLS_PER_SECOND", 0.001)
    alice = visit("alice").client
    bob = visit("bob").client
    nobody = app.test_client()
    answers = [who.get("/probe/domain/1") for who in (*[alice] * 4, bob, *[nobody] * 4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 204, 404, *[401] * 4]
    assert answers[3].headers["HX-Trigger"] == "later"


def test_a_file_and_a_cell_that_is_put_off_read_nothing_from_the_database(app, visit, monkeypatch):
    monkeypatch.setattr(live_settings, "READ_SECONDS", 3600)
    alice = visit("alice").client
    alice.get("/home")  # the settings have been read
    monkeypatch.setattr(cell_throttle, "CELLS_AT_ONCE", 0)
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    answers = [alice.get(path) for path in ("/static/site.css", "/probe/domain/1")]
    assert [answer.status_code for answer in answers] == [200, 204]
    assert statements == []
    assert alice.get("/home").status_code == 200
    assert statements


@pytest.mark.parametrize("kind", ["service", "domain"])
def test_the_fragment_asks_and_settles(visit, kind):
    cell = cell_of(visit("alice").get(f"/probe/{kind}/1"))
    while htmx_of(cell):
        assert cell["hx-trigger"].startswith("load delay:")
        assert cell["aria-busy"] == "true"
        cell = cell_of(visit("alice").get(f"/probe/{kind}/1"))
    assert (cell["data-state"], "HTTPS is off" in cell.text) == ("invalid", True)
    assert cell.html is None


def test_the_first_paint_and_the_swap_are_the_same(visit, checked):
    checked()
    alice = visit("alice")
    on_page = cell_of(alice.get("/services"))
    swapped = cell_of(alice.get("/probe/service/1"))
    assert str(on_page) == str(swapped)


def test_the_details_bring_the_padlock_of_the_heading_along(visit, checked):
    checked()
    page = visit("alice").get("/probe/service/1/details")
    assert page.find("hx-partial")["hx-target"] == "#padlock-service-1"
    assert "Checked just now" in page.select_one("#ssl").text


@pytest.mark.parametrize(("who", "read"), [("alice", False), ("ada", True)])
def test_only_staff_read_the_addresses_that_were_not_asked(visit, app, checked, who, read):
    checked()
    with app.app_context(), writing():
        row = db.session.scalar(db.select(Target).filter_by(hostname="alice.example"))
        row.stray = [{"address": "192.168.1.10", "why": "not_public"}]
    page = visit(who).get("/probe/service/1/details")
    assert (
        "A 192.168.1.10 is not a public address; some visitors may end up there." in page.text
    ) == read
    assert ("192.168.1.10" in page.text) == read


def test_check_now_asks_though_the_answer_is_fresh(visit, checked):
    checked(timedelta(minutes=1))
    alice = visit("alice")
    assert (
        alice.post("/probe/service/1/check", {"back": "/services/1"}).headers["Location"]
        == "/services/1"
    )
    page = looked_at(alice.post("/probe/service/1/details"))
    while "hx-get" in page.select_one("#ssl").attrs:
        page = alice.get("/probe/service/1/details")
    assert "HTTPS is off" in page.text


def test_check_now_cools_down(visit, checked):
    checked(timedelta(seconds=20))
    assert "Valid" in looked_at(visit("alice").post("/probe/service/1/details")).text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "", "services"])
def test_check_now_never_leads_to_another_site(visit, checked, back):
    checked()
    answer = visit("alice").post("/probe/service/1/check", {"back": back})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    "path", ["/probe/service/1", "/probe/domain/1", "/probe/service/1/details"]
)
def test_a_stranger_gets_404(visit, path):
    strange, missing = (visit("bob").get(each, 404) for each in (path, "/probe/service/999"))
    assert strange.select_one(".empty") == missing.select_one(".empty") is not None


def test_a_stranger_cannot_have_it_checked(visit, app):
    assert visit("bob").post("/probe/service/1/check").status_code == 404
    assert visit("bob").post("/probe/service/1/details").status_code == 404
    assert site_of(app).checks.of("alice.example") is None


@pytest.mark.parametrize("path", ["/probe/service/1", "/probe/domain/1/details"])
@pytest.mark.parametrize(
    ("page", "back_to"),
    [
        ("http://localhost/services?q=a", "/sign-in?next=/services?q%3Da"),
        ("http://localhost/services/1#ssl", "/sign-in?next=/services/1"),
        ("http://evil.example//evil.example", "/sign-in"),
        ("", "/sign-in"),
    ],
)
def test_a_signed_out_fragment_sends_the_page_to_sign_in(visit, path, page, back_to):
    answer = visit().client.get(path, headers={"HX-Request": "true", "HX-Current-URL": page})
    assert (answer.status_code, answer.data) == (401, b"")
    assert answer.headers["HX-Redirect"] == back_to


def test_check_now_of_a_user_signed_out_sends_the_page_to_sign_in(visit):
    page = {"HX-Request": "true", "HX-Current-URL": "http://localhost/services/1"}
    answer = visit().client.post("/probe/service/1/details", headers=page)
    assert (answer.status_code, answer.data) == (401, b"")
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/services/1"


@pytest.mark.parametrize(
    ("was", "told"),
    [
        ("ok", "Checked, no change."),
        ("expired", "Checked: now valid."),
        ("", "Checked: now valid."),
        ("nonsense", None),
    ],
)
def test_check_now_says_what_came_of_it(visit, checked, was, told):
    checked()
    block = looked_at(visit("alice").post("/probe/service/1/details", {"was": was}))
    result = block.select_one(".ssl-footer strong")
    assert (result and result.text) == told


@pytest.mark.parametrize("reason", [Reason.MONITOR_ERROR, Reason.TIMEOUT])
def test_check_now_says_what_kept_it_from_checking(visit, checked, reason):
    checked(reason=reason)
    block = looked_at(visit("alice").post("/probe/service/1/details", {"was": "ok"}))
    told = f"Could not check: {reasons.WORDS[reason].title}. Try again."
    assert block.select_one(".ssl-footer strong").text == told


def test_the_result_of_check_now_waits_for_the_end_of_the_check(visit):
    block = looked_at(visit("alice").post("/probe/service/1/details", {"was": "ok"}))
    while htmx_of(block.select_one("#ssl")):
        assert block.select_one(".ssl-footer strong") is None
        block = visit("alice").get(block.select_one("#ssl")["hx-get"])
    result = block.select_one(".ssl-footer strong").text
    assert result == "Checked: now invalid, HTTPS is off."


@pytest.mark.parametrize(
    "status",
    [status for status in ServiceStatus if status.name in {"TERMINATED", "CANCELLED", "FRAUD"}],
)
def test_an_inactive_item_is_never_asked(visit, app, status):
    with app.app_context(), writing():
        db.session.execute(db.update(Service).values(status=status))
    alice = visit("alice")
    for page in (alice.get("/services"), alice.get("/probe/service/1")):
        assert (cell_of(page)["data-state"], htmx_of(cell_of(page))) == ("inactive", {})
    alice.post("/probe/service/1/check")
    assert "Check now" not in looked_at(alice.post("/probe/service/1/details")).text
    with app.app_context():
        assert (
            db.session.scalar(db.select(Target.checked_at).filter_by(hostname="alice.example"))
            is None
        )


def test_without_javascript_there_is_the_age_and_a_button(visit, checked):
    checked(timedelta(hours=1))
    page = visit("alice").get("/services?sort=domain")
    age, check = page.select_one(".padlock-cell").select("noscript")
    assert age.text == "Checked 1 hour ago."
    assert check.button["formaction"] == "/probe/service/1/check"
    form = page.select_one(f"noscript form#{check.button['form']}")
    assert form.find("input", {"name": "back"})["value"] == "/services?sort=domain"


@pytest.mark.parametrize(
    "where", ["http://[", "http://[::1", "https://a]b/", "javascript:alert(1)", "//evil.example/x"]
)
def test_a_signed_out_fragment_survives_any_address_of_its_page(visit, where):
    answer = visit().client.get("/probe/service/1", headers={"HX-Current-URL": where})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/sign-in")
    assert "evil" not in answer.headers["HX-Redirect"]


def test_details_tell_of_names_that_are_not_listed_and_of_what_cannot_be_read(app, visit, checked):
    checked()
    with app.app_context(), writing():
        row = db.session.scalar(db.select(Target).filter_by(hostname="alice.example"))
        row.fingerprint = "f" * 64
        row.names = [f"{number}.example" for number in range(100)]
        row.names_total = 3000
        row.unreadable = ["names"]
    text = visit("alice").get("/probe/service/1/details").get_text(" ", strip=True)
    assert "2,990 more" in text
    assert "and 2,900 more, not listed here" in text
    assert "Issued by an issuer without a name" in text
    assert "Not readable some of its names" in text
