"""Calendar programs read when certificates expire, by a secret link."""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar
from sqlalchemy import select, update

from tests.browser import looked_at
from webapp.customers.models import Domain, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, limiter, writing
from webapp.monitor.models import Target
from webapp.notices import rules, subjects
from webapp.notices.models import Scope
from webapp.probe import Reason

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def has_certificate(app, name, begins, days):
    """The last check of a name saw a certificate that lives for so many days."""
    with app.app_context(), writing():
        dates = {"not_before": begins, "not_after": begins + days * DAY}
        known = {"reason": Reason.OK, "state": Reason.OK.state, "issuer": "R11, Let’s Encrypt"}
        db.session.execute(update(Target).where(Target.hostname == name).values(**known, **dates))


def link_of(browser):
    page = looked_at(browser.post("/profile/calendar"))
    return page.find(id="calendar-link").text.removeprefix("http://127.0.0.1:8000")


def events(visit, link):
    """By UID, as an icalendar program reads them without signing in: start and alarms."""
    answer = visit().client.get(link)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    calendar = Calendar.from_ical(answer.data)
    assert calendar.errors == []
    found = {}
    for event in calendar.walk("VEVENT"):
        start = event["dtstart"].dt
        alarms = (start + alarm["trigger"].dt for alarm in event.walk("VALARM"))
        found[str(event["uid"])] = (start, *alarms)
    return found


def test_an_expiry_moves_when_the_certificate_is_renewed(visit, app):
    ours, bobs = "alice.example@127.0.0.1:8000", "bob.example@127.0.0.1:8000"
    has_certificate(app, "alice.example", NOW - 60 * DAY, 90)
    has_certificate(app, "bob.example", NOW - 10 * DAY, 200)
    hers, adas = link_of(visit("alice")), link_of(visit("ada"))
    before = {ours: (NOW + 30 * DAY, NOW + 7.5 * DAY, NOW + 23 * DAY)}
    assert events(visit, hers) == before
    assert events(visit, adas) == before | {
        bobs: (NOW + 190 * DAY, NOW + 160 * DAY, NOW + 183 * DAY)
    }

    has_certificate(app, "alice.example", NOW - DAY, 90)
    after = {ours: (NOW + 89 * DAY, NOW + 66.5 * DAY, NOW + 82 * DAY)}
    assert events(visit, hers) == after
    assert events(visit, adas)[ours] == after[ours]


def test_the_alarm_goes_by_the_rule(visit, app):
    has_certificate(app, "alice.example", NOW, 90)
    with app.app_context():
        ada = db.session.scalar(select(User).where(User.email == "ada@example.com"))
        rule = {"expiring": {"days": 10}}
        rules.save(ada, subjects.find(Scope.CLIENT, "Alice’s Bakery"), rule, NOW)
    assert [*events(visit, link_of(visit("alice"))).values()] == [
        (NOW + 90 * DAY, NOW + 80 * DAY, NOW + 83 * DAY)
    ]


def test_inactive_items_and_old_expiries_have_no_event(visit, app):
    has_certificate(app, "alice.example", NOW, 90)
    has_certificate(app, "bob.example", NOW - 130 * DAY, 90)  # it expired long ago
    with app.app_context(), writing():
        for model, status in ((Service, ServiceStatus), (Domain, DomainStatus)):
            hers = update(model).where(model.client_id == 1)
            db.session.execute(hers.values(status=status.CANCELLED))
    assert events(visit, link_of(visit("ada"))) == {}


def test_only_staff_read_whose_name_it_is(visit, app):
    has_certificate(app, "alice.example", NOW, 90)
    told = {}
    for who in ("alice", "sam"):
        (event,) = Calendar.from_ical(visit().client.get(link_of(visit(who))).data).walk("VEVENT")
        told[who] = (str(event["description"]), str(event["url"]))
    address = "http://127.0.0.1:8000"
    end = "This event moves when the certificate is renewed."
    issued = "Issued by R11, Let’s Encrypt.\n"
    assert told == {
        "alice": (issued + end, f"{address}/domains/1"),
        "sam": (f"{issued}Client: Alice’s Bakery\n{end}", f"{address}/admin/domains/1"),
    }


def test_a_link_that_was_replaced_or_revoked_says_so(visit, app):
    alice = visit("alice")
    first = link_of(alice)
    second = link_of(alice)
    assert "Replace link" in alice.get("/profile").text
    assert visit().client.get(second).status_code == 200
    assert alice.post("/profile/calendar/revoke").headers["Location"] == "/profile"
    for link in (first, second):
        answer = visit().client.get(link)
        assert answer.status_code == 410
        assert "create a new one on your profile" in answer.text
    third = link_of(alice)
    with app.app_context(), writing():
        db.session.execute(update(User).values(active=False))
    assert visit().client.get(third).status_code == 410


def test_an_unchanged_calendar_is_not_sent_again(visit, app):
    has_certificate(app, "alice.example", NOW, 90)
    link = link_of(visit("alice"))
    answer = visit().client.get(link)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in answer.headers
    known = {"If-None-Match": answer.headers["ETag"]}
    again = visit().client.get(link, headers=known)
    assert (again.status_code, again.data) == (304, b"")
    has_certificate(app, "alice.example", NOW, 91)
    assert visit().client.get(link, headers=known).status_code == 200


def test_a_link_is_read_thirty_times_in_ten_minutes(visit, monkeypatch):
    monkeypatch.setattr(limiter, "enabled", True)
    link = link_of(visit("alice"))
    answers = {visit().client.get(link).status_code for _ in range(30)}
    assert (answers, visit().client.get(link).status_code) == ({200}, 429)
