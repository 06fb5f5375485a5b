"""Incidents: their list, the page of one with its timeline, and its acknowledgement."""

from sqlalchemy import delete, select

from tests.jobs.conftest import server  # noqa: F401 - a fixture
from tests.notices.test_minute import (
    LATER,
    MINUTE,
    NAMES,
    STAFF,
    begin,
    mails_of,
    prepare,
    sees,
    tick,
)
from webapp.customers.models import Activity
from webapp.extensions import db
from webapp.notices.models import AlertIncident, AlertName
from webapp.probe import Reason

LIST = "/admin/incidents"


def timeline(page):
    return [line.contents[-1].strip() for line in page.select(".incident-steps li")]


def refuse(app, minutes, names):
    for minute in minutes:
        sees(LATER + minute * MINUTE, names, Reason.REFUSED)
        tick(app, LATER + minute * MINUTE)


def test_an_incident_has_a_page_and_one_acknowledgement(app, server, visit):  # noqa: F811
    sam = visit("sam")
    assert "No incidents yet" in sam.get(LIST).text
    with app.app_context():
        prepare(app, server)
        begin(app)
        refuse(app, (5, 10), NAMES[:2])
        refuse(app, (15, 20), NAMES[2:4])
        for minute in (45, 60):
            tick(app, LATER + minute * MINUTE)
        number = db.session.scalar(select(AlertIncident.id))
        page = f"{LIST}/{number}"
        mails = mails_of(server)
    assert {page in text for _, _, text in mails} == {True}
    listed = sam.get(LIST)
    assert listed.select_one("tbody .row-link").text == "4 names are invalid"
    assert "4 of 4 unresolved" in listed.text
    shown = sam.get(page)
    assert [row.text for row in shown.select(".name-table .row-link")] == NAMES[:4]
    assert shown.select_one(".name-table .cell-client").text.strip() == "Alice’s Bakery"
    assert "192.0.2.1" in shown.select_one(".incident-cause").text
    assert sam.post(f"{page}/acknowledge").status_code == 303
    assert visit("alice").get(page, 403)
    with app.app_context():
        tick(app, LATER + 61 * MINUTE)
        sees(LATER + 70 * MINUTE, NAMES[:4])
        tick(app, LATER + 70 * MINUTE)
        assert len(mails_of(server)) == len(STAFF)  # of its end
        assert set(db.session.scalars(select(AlertName.incident_id))) == {None}
        db.session.execute(delete(AlertName).filter_by(name=NAMES[3]))
        db.session.commit()
        line = db.session.scalars(select(Activity).order_by(Activity.id.desc())).first()
        assert (line.action, line.kind, line.item_id) == ("acknowledged", "incident", number)
    assert "Ended" in sam.get(LIST).select_one("tbody").text
    assert "No open incidents" in sam.get(f"{LIST}?status=open").text
    gone = sam.get(page).select(".name-table tbody tr")[3].text.split()
    assert " ".join(gone) == f"{NAMES[3]} No longer watched"
    assert timeline(sam.get(page)) == [
        "Opened with 2 names.",
        "2 more names joined.",
        "Staff got a message about 4 names.",
        "Acknowledged by Sam Staff.",
        "Ended. Staff got a message.",
    ]
    assert sam.post(f"{page}/acknowledge").status_code == 404
