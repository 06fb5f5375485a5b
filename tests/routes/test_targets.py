"""A port in a Domain field: entered, imported, shown, found and exported."""

import csv
import io

import pytest

from tests.browser import looked_at
from webapp.customers.models import Domain, Service
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Reason, State

OTHER = "bücher.example:8443"
SERVICE = {
    "client": "Alice’s Bakery",
    "product": "Panel",
    "domain": f"https://{OTHER}/login",
    "status": "Active",
}
DOMAIN = {"client": "Alice’s Bakery", "name": OTHER, "status": "Active"}


def saved(browser, place, form):
    answer = browser.post(f"/admin/{place}/new", form)
    assert answer.status_code == 303
    page = answer.headers["Location"]
    browser.get(page)  # what is said after saving is said once
    return page


def targets(app):
    with app.app_context():
        rows = db.session.scalars(db.select(Target).order_by(Target.id))
        return [row.authority for row in rows]


def test_an_item_at_a_port_and_one_without_have_a_padlock_each(visit, app):
    ada = visit("ada")
    saved(ada, "services", SERVICE)
    saved(ada, "domains", DOMAIN | {"name": "bücher.example"})
    assert targets(app)[-2:] == ["xn--bcher-kva.example:8443", "xn--bcher-kva.example"]
    with app.app_context(), writing():
        one, other = db.session.scalars(db.select(Target).order_by(Target.id.desc()).limit(2))
        one.state, one.reason = State.VALID, Reason.OK
        other.state, other.reason = State.INVALID, Reason.EXPIRED
    alice = visit("alice")
    assert alice.get("/services").select('[data-state="invalid"]')
    assert not alice.get("/domains").select('[data-state="invalid"]')


def test_the_port_is_shown_wherever_the_name_is(visit, app):
    ada = visit("ada")
    page = saved(ada, "services", SERVICE)
    assert ada.get(page).h1.text == OTHER
    for address in ("/admin/services", "/admin/reports/ssl-status", page):
        assert OTHER in ada.get(address).main.text, address
    text = ada.client.get("/admin/reports/ssl-status.csv").text
    assert OTHER in {row["Domain"] for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))}
    assert OTHER in visit("alice").get("/services").main.text


@pytest.mark.parametrize("search", ["8443", OTHER, "xn--bcher-kva.example:8443", "bücher"])
def test_it_is_found_by_name_and_port(visit, search):
    ada = visit("ada")
    saved(ada, "services", SERVICE)
    assert OTHER in ada.get("/admin/services", query_string={"q": search}).main.text


def test_another_port_of_the_same_name_is_not_found(visit):
    ada = visit("ada")
    saved(ada, "services", SERVICE)
    page = ada.get("/admin/services", query_string={"q": "xn--bcher-kva.example:2083"})
    assert OTHER not in page.main.text


def test_a_domain_is_there_once_a_port(visit):
    ada = visit("ada")
    saved(ada, "domains", DOMAIN)
    assert ada.post("/admin/domains/new", DOMAIN | {"name": f"https://{OTHER}"}).status_code == 422
    saved(ada, "domains", DOMAIN | {"name": "bücher.example:2083"})


@pytest.mark.parametrize("port", ["0", "99999", "443:443", "abc", "2222"])
def test_a_port_that_is_none_or_not_allowed_is_refused_in_the_form(visit, port):
    answer = visit("ada").post("/admin/domains/new", DOMAIN | {"name": f"shop.example:{port}"})
    (field,) = looked_at(answer).select(".is-invalid")
    told = looked_at(answer).select_one(".invalid-feedback").text
    assert (answer.status_code, field["name"]) == (422, "name")
    named = "Only these ports are checked: 443, 8443, 2083, 2087, 2096, 8006, 10000."
    if port == "2222":
        assert f"{named} To allow others, change the setting PADLOCK_PORTS." in told
    else:
        assert "not a port" in told


def test_a_service_at_a_port_that_is_not_allowed_is_kept_and_its_owner_is_told(visit):
    ada = visit("ada")
    form = SERVICE | {"domain": "shop.example:2222"}
    page = ada.post("/admin/services/new", form).headers["Location"]
    warned = ada.get(page).select_one(".alert-warning").text
    assert "Only these ports are checked: 443," in warned
    assert "PADLOCK_PORTS" in warned
    details = visit("alice").get("/services/3?tab=domain").main.text
    assert "a port that isn't checked here." in details
    assert "Only these ports are checked: 443, 8443, 2083," in details
    assert "PADLOCK_PORTS" not in details


def test_a_renamed_item_leaves_the_port_and_a_deleted_one_its_target(visit, app):
    ada = visit("ada")
    page = saved(ada, "services", SERVICE)
    with app.app_context():
        version = db.session.get_one(Service, 3).version
    form = SERVICE | {"domain": "bücher.example", "version": version}
    assert ada.post(f"{page}/edit", form).status_code == 303
    assert targets(app)[-1] == "xn--bcher-kva.example"
    saved(ada, "domains", DOMAIN)
    with app.app_context():
        version = db.session.get_one(Domain, 3).version
    assert ada.post("/admin/domains/3/delete", {"version": version}).status_code == 303
    assert "xn--bcher-kva.example:8443" not in targets(app)
