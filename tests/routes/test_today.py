"""Today: what needs a person, taken up by a row or many at once, and gone when it is solved."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.notices.test_minute import NAMES, add_names
from webapp.customers.models import Activity
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.monitor import results
from webapp.monitor.models import Target
from webapp.notices import counts, history, minute, readiness
from webapp.notices.models import AlertClock, AlertName
from webapp.probe import Certificate, Finding, Reason

PAGE = "/admin/today"
NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def in_time(request, monkeypatch):
    """Today says so where the last evaluation was minutes ago, as the import of a module may be."""
    now = datetime.now(UTC)
    monkeypatch.setattr(f"{__name__}.NOW", now)
    monkeypatch.setattr(request.module, "NOW", now)


def sees(app, minutes, name, left=60, reason=Reason.OK, lifetime=90, address=""):
    """A check in so many minutes, of a certificate that has so many days left then; and what the
    scheduler does after it."""
    at = NOW + minutes * MINUTE
    not_after = NOW + timedelta(days=left)
    facts = {"state": reason.state, "reason": reason, "not_after": not_after, "issuer": "R11, Let"}
    facts |= {"not_before": not_after - timedelta(days=lifetime), "fingerprint": f"{name}{left}"}
    facts |= {"checked_at": at, "address": address or name}
    with app.app_context():
        with writing():
            db.session.execute(update(Target).where(Target.hostname == name).values(facts))
        minute.evaluate(at)


def rows(page):
    return [
        (row.select_one(".cell-main a").text, row.select_one(".badge").text)
        for row in page.select(".today-table tbody tr")
    ]


def id_of(app, name):
    with app.app_context():
        return db.session.scalar(select(AlertName.id).filter_by(name=name))


def test_what_needs_a_person_is_listed_by_urgency_until_it_is_solved(app, visit):
    sam = visit("sam")
    assert "not being evaluated" in sam.get(PAGE).text
    with app.app_context():
        add_names()
        minute.evaluate(NOW)
    empty = sam.get(PAGE)
    assert "Nothing needs you today." in empty.text
    assert empty.select_one("#states-heading")
    with app.app_context(), writing():
        clock = db.session.get(AlertClock, 1)
        before = clock.state
        clock.state = before | {"outage": {"waiting": [NAMES[0]]}}
    assert "Not all names have been evaluated yet." in sam.get(PAGE).text
    with app.app_context(), writing():
        db.session.get(AlertClock, 1).state = before
    sees(app, 1, NAMES[0], left=15)
    sees(app, 1, NAMES[1], left=5)
    sees(app, 1, NAMES[2], left=-3, reason=Reason.EXPIRED)
    sees(app, 1, NAMES[3], reason=Reason.SELF_SIGNED)
    page = sam.get(PAGE)
    assert rows(page) == [
        (NAMES[2], "Expired"),
        (NAMES[3], "Invalid"),
        (NAMES[1], "Expires very soon"),
        (NAMES[0], "Expires soon"),
    ]
    assert "Alice’s Bakery" in page.select_one(".cell-main").text
    assert rows(sam.get(f"{PAGE}?kind=urgent")) == [(NAMES[1], "Expires very soon")]
    with app.app_context():
        assert db.session.scalar(select(Job.id)) is None  # there is no mail server
    sees(app, 2, NAMES[0], left=88)
    assert len(rows(sam.get(PAGE))) == 3
    # One by its own button, then all that are selected
    assert sam.post(PAGE, {"do": f"acknowledge-{id_of(app, NAMES[3])}"}).status_code == 303
    sees(app, 3, NAMES[4])
    assert [name for name, _ in rows(sam.get(PAGE))] == [NAMES[2], NAMES[1]]
    ids = [id_of(app, name) for name in NAMES[1:3]]
    for tampered in ({"do": "mute", "days": "8"}, {"do": "delete"}):
        assert sam.post(PAGE, tampered | {"item": ids}).status_code == 400
    told = sam.post(PAGE, {"do": "mute", "days": "7", "item": ids}, follow_redirects=True)
    assert "2 names were muted." in told.text
    sees(app, 4, NAMES[4])
    assert "Nothing needs you today." in sam.get(PAGE).text
    sees(app, 8 * 24 * 60, NAMES[4])
    assert [name for name, _ in rows(sam.get(PAGE))] == [NAMES[2], NAMES[1]]
    assert "Select at least one row." in sam.post(PAGE, {"do": "mute"}, follow_redirects=True).text
    with app.app_context():
        lines = db.session.scalars(select(Activity.action).filter_by(kind="service"))
        assert sorted(lines) == ["acknowledged", "muted", "muted"]


def test_names_of_one_incident_are_one_row(app, visit):
    ada = visit("ada")
    with app.app_context():
        add_names()
        minute.evaluate(NOW)
    for at in (1, 40, 80, 121):
        for name in NAMES[:3]:
            sees(app, at, name, reason=Reason.REFUSED, address="192.0.2.1")
    page = ada.get(PAGE)
    (incident,) = page.select(".today-incidents li")
    assert incident.select_one(".row-link").text == "3 names are invalid"
    assert rows(page) == []
    ada.post(incident.form["action"])
    assert "Nothing needs you today." in ada.get(PAGE).text
    sees(app, 122, NAMES[4])
    assert "Nothing needs you today." in ada.get(PAGE).text


def test_the_pictures_of_issuers_and_of_the_last_days_are_those_counted_last(app, visit):
    ada = visit("ada")
    assert ada.get(PAGE).select("#issuers-heading, #trend-heading") == []
    with app.app_context():
        begin = NOW - timedelta(days=30)
        for name, issuer in (("alice.example", "R11, Let's Encrypt"), ("bob.example", "Own CA")):
            ends = NOW + timedelta(days=60)
            certificate = Certificate(name, issuer=issuer, not_before=begin, not_after=ends)
            found = Finding(name, name, Reason.OK, begin, 0.1, certificate=certificate)
            results.record(found, begin)
        broke_at = NOW - timedelta(days=3)
        refused = Finding("bob.example", "bob.example", Reason.REFUSED, broke_at, 0.1)
        results.record(refused, broke_at)
        for count in (history.COUNT, readiness.COUNT):
            counts.count_again(count, NOW)
    page = ada.get(PAGE)
    shown = [row.get_text(" ", strip=True) for row in page.select(".issuers li")]
    assert shown == ["Let's Encrypt 1"]  # of the other one no certificate is known any more
    card = page.select_one("#trend-heading").find_parent("section")
    assert "% valid" in card.text
    first, second, *_ = [row.get_text(" ", strip=True) for row in card.select("tbody tr")]
    assert first.endswith(" 1 1 0")
    assert second.endswith(" 2 0 0")
