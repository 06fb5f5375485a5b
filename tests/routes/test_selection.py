"""What an administrator selects in the report, and does to all of it at once."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from webapp.customers import bulk, catalog, index_check
from webapp.customers.models import Activity, Client, Domain, DomainStatus, Service, ServiceStatus
from webapp.extensions import db, writing
from webapp.monitor.models import RefreshRun, RunKind, Target
from webapp.reports import selection

SELECTED = "/admin/reports/ssl-status/selected"
REPORT = "/admin/reports/ssl-status"
BOTH = ["service-1", "domain-1"]  # Alice's


@pytest.fixture
def ada(visit):
    return visit("ada")


def chosen(ada, what, form):
    """The page that counts what this form selects."""
    answer = ada.post(SELECTED, {"do": what, "back": f"{REPORT}?sort=domain"} | form)
    assert answer.status_code == 303
    parts = urlsplit(answer.location)
    return ada.get(f"{parts.path}?{parts.query}")


def agree(ada, page, more=None, status=303):
    """The answer to what the page asks."""
    form = page.select_one(".form-page form[method=post]")
    sent = {}
    for field in form.select("input[type=hidden]"):
        sent.setdefault(field["name"], []).append(field["value"])
    answer = ada.post(form["action"], sent | (more or {}))
    assert answer.status_code == status
    return answer


def owners(app, model):
    with app.app_context():
        return [row.client_id for row in db.session.scalars(db.select(model).order_by(model.id))]


def test_a_selection_is_counted_moved_and_noted(ada, app):
    page = chosen(ada, "move", {"item": BOTH})
    assert page.h1.text == "Move 1 service and 1 domain?"
    page = ada.get(f"{SELECTED}/move?item=service-1&item=domain-1&to=bob+%26+sons")
    assert page.h1.text == "Move 1 service and 1 domain to Bob & Sons?"
    assert agree(ada, page).location == REPORT
    assert owners(app, Service) == owners(app, Domain) == [2, 2]
    with app.app_context():
        lines = db.session.scalars(db.select(Activity)).all()
        assert [(line.action, line.kind, line.detail) for line in lines] == [
            ("moved", "service", "from Alice’s Bakery to Bob & Sons"),
            ("moved", "domain", "from Alice’s Bakery to Bob & Sons"),
        ]
        assert index_check.drifted(datetime.now(UTC)) == 0


def test_a_domain_that_the_client_has_already_is_named_and_stays(ada, app):
    with app.app_context(), writing():
        bob = db.session.get(Client, 2)
        catalog.add_domain(bob, "https://ALICE.example/", DomainStatus.ACTIVE)
    page = ada.get(f"{SELECTED}/move?item=domain-1&item=service-1&to=%232")
    assert "1 domain can’t move" in page.main.text
    assert "alice.example of Alice’s Bakery" in page.main.text
    assert page.select_one("button.btn-primary").text == "Move 1 service"
    agree(ada, page)
    assert (owners(app, Service), owners(app, Domain)) == ([2, 2], [1, 2, 2])


def test_one_domain_of_two_clients_goes_to_a_third_once(ada, app):
    with app.app_context(), writing():
        third = catalog.add_client("Third", datetime.now(UTC))
        catalog.add_domain(db.session.get(Client, 2), "alice.example", DomainStatus.ACTIVE)
        db.session.flush()
        third_id = third.id
    page = ada.get(f"{SELECTED}/move?item=domain-1&item=domain-3&to=%23{third_id}")
    assert "1 domain can’t move" in page.main.text
    agree(ada, page)
    assert sorted(owners(app, Domain)) == [2, 2, third_id]


def test_all_that_a_filter_finds_is_changed_in_portions(ada, app, monkeypatch):
    monkeypatch.setattr(bulk, "PORTION", 1)
    page = chosen(ada, "status", {"all": "1", "client": "1"})
    assert page.h1.text == "Change the status of 1 service and 1 domain?"
    new = {"service_status": "Suspended", "domain_status": "Cancelled"}
    assert agree(ada, page, new).location == f"{REPORT}?sort=domain"
    with app.app_context():
        services = [
            row.status for row in db.session.scalars(db.select(Service).order_by(Service.id))
        ]
        domains = [row.status for row in db.session.scalars(db.select(Domain).order_by(Domain.id))]
        assert services == [ServiceStatus.SUSPENDED, ServiceStatus.ACTIVE]
        assert domains == [DomainStatus.CANCELLED, DomainStatus.ACTIVE]
        assert db.session.get(Service, 1).version == 2
        told = {line.detail for line in db.session.scalars(db.select(Activity))}
        assert told == {"status Active → Suspended", "status Active → Cancelled"}


def test_what_is_deleted_leaves_no_host_name_behind(ada, app):
    page = chosen(ada, "delete", {"item": BOTH})
    assert page.select_one("button.btn-danger").text == "Delete 1 service and 1 domain"
    agree(ada, page)
    with app.app_context():
        assert db.session.scalars(db.select(Target.hostname)).all() == ["bob.example"]
        assert db.session.scalars(db.select(Activity.action)).all() == ["deleted"] * 2


def test_another_selection_than_was_counted_is_refused(ada, app):
    page = chosen(ada, "delete", {"all": "1", "q": "alice"})
    with app.app_context(), writing():
        catalog.add_domain(db.session.get(Client, 1), "alice.example.net", DomainStatus.ACTIVE)
    answer = agree(ada, page, status=409)
    assert "Nothing was done" in answer.text
    assert "Delete 1 service and 2 domains?" in answer.text
    assert len(owners(app, Domain)) == 3


def test_nothing_and_too_much_are_told(ada, monkeypatch):
    odd = ["service-0", "user-1", "service-99", "x", "service-999999999999999999"]
    for form in ({}, {"item": odd}):
        answer = ada.post(SELECTED, {"do": "delete", **form})
        assert answer.location == REPORT
        assert "Select at least one row." in ada.get(REPORT).main.text
    monkeypatch.setattr(selection, "MOST_SELECTED", 3)
    ada.post(SELECTED, {"do": "delete", "all": "1"})
    assert "At most 3 items can be changed at once." in ada.get(REPORT).main.text


def test_a_filter_that_means_nothing_any_more_does_not_select_the_rest(ada):
    for gone in ("issuer=Gone", "client=99", "expires=2026-W99"):
        answer = ada.client.get(f"{SELECTED}/delete?all=1&q=alice&{gone}")
        assert (answer.status_code, answer.location) == (303, REPORT)
        assert "The selection has changed." in ada.get(REPORT).main.text


def test_all_that_a_filter_finds_is_checked_as_a_refresh(ada, app):
    ada.post(f"{REPORT}/check", {"all": "1", "q": "alice"})
    assert "1 host name is being checked" in ada.get(REPORT).main.text
    with app.app_context():
        assert db.session.scalar(db.select(RefreshRun.total).filter_by(kind=RunKind.NOW)) == 1


def test_a_status_has_to_be_chosen(ada):
    page = chosen(ada, "status", {"item": BOTH})
    assert "Choose at least one new status." in agree(ada, page, status=409).text
