"""The first page of an empty site: three steps, ticked off as they are done."""

from datetime import UTC, datetime

import pytest

from webapp.customers.models import Client, Domain, Role, Service, User
from webapp.extensions import db, writing
from webapp.monitor.models import Target


@pytest.fixture
def empty(app):
    """The site with its first administrator and nothing else."""
    with app.app_context(), writing():
        for model in (Service, Domain, Target):
            db.session.execute(db.delete(model))
        db.session.execute(db.delete(User).where(User.role != Role.ADMIN))
        db.session.execute(db.delete(Client))


def steps(page):
    return {
        step.strong.text: bool(step.select(".badge")) for step in page.select(".first-steps li")
    }


def test_an_empty_site_begins_with_three_steps_each_a_button(visit, empty):
    page = visit("ada").get("/admin/today")
    assert page.h1.text == "Welcome to Padlock"
    assert list(steps(page).values()) == [False, False, False]
    assert [link["href"] for link in page.select(".first-steps a")] == [
        "/admin/import",
        "/admin/sources/new",
        "/admin/clients/new",
        "/admin/domains/new",
        "/admin/services/new",
        "/admin/users/new",
    ]


def test_a_step_is_ticked_off_as_it_is_done_and_the_last_takes_them_away(visit, app, empty):
    ada = visit("ada")
    new = {"client": "Carol’s Garage", "new_client": "y", "name": "carol.example"}
    ada.post("/admin/domains/new", new | {"status": "Active"})
    assert list(steps(ada.get("/admin/today")).values()) == [True, False, False]
    with app.app_context(), writing():
        db.session.execute(db.update(Target).values(checked_at=datetime.now(UTC)))
    assert list(steps(ada.get("/admin/today")).values()) == [True, True, False]
    sam = {"name": "Sam", "email": "sam@example.com", "role": "staff"}
    assert ada.post("/admin/users/new", sam).status_code == 303
    assert steps(ada.get("/admin/today")) == {}


def test_an_administrator_hides_them_and_others_never_see_them(visit, app):
    with app.app_context(), writing():
        db.session.execute(db.delete(Service))
        db.session.execute(db.delete(Domain))
    ada = visit("ada")
    assert steps(ada.get("/admin/today"))
    assert steps(visit("sam").get("/admin/today")) == {}
    assert ada.post("/admin/first-steps/hide").headers["Location"] == "/admin/today"
    assert ada.get("/admin/today").h1.text == "Today"
