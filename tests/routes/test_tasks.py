"""What staff do about rows of Today: assign, snooze, note; gone when the problem is solved."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.browser import looked_at
from tests.notices.test_minute import NAMES, add_names
from tests.routes.test_today import (  # noqa: F401 - one is a fixture
    MINUTE,
    NOW,
    PAGE,
    id_of,
    in_time,
    rows,
    sees,
)
from webapp.customers.models import Activity, User
from webapp.extensions import db, writing
from webapp.notices import minute
from webapp.notices.models import AlertName
from webapp.probe import Reason

SELECTED = f"{PAGE}/selected"


@pytest.fixture
def names(app):
    """Three names expire soon."""
    with app.app_context():
        add_names()
        minute.evaluate(NOW)
    for name in NAMES[:3]:
        sees(app, 1, name, left=15)
    return NAMES[:3]


def shown(page):
    return [name for name, _ in rows(page)]


def items(page, *names):
    """The values of the boxes of these rows."""
    boxes = {
        row.select_one(".cell-main a").text: row.select_one("input[type=checkbox]")["value"]
        for row in page.select(".today-table tbody tr")
    }
    return [boxes[name] for name in names]


def send(browser, what, chosen, asked, status=303):
    answer = browser.post(f"{SELECTED}/{what}", {"item": chosen, "asked": asked})
    assert answer.status_code == status
    return looked_at(answer) if status != 303 else browser.get(PAGE)


def row_of(page, name):
    (row,) = (row for row in page.select(".today-table tbody tr") if name in row.text)
    return row.text


def test_rows_are_assigned_filtered_and_free_again_when_a_colleague_is_disabled(app, visit, names):
    sam, ada = visit("sam"), visit("ada")
    first = items(ada.get(PAGE), *names)
    answer = ada.post(SELECTED, {"do": "assign", "item": first[:2], "back": f"{PAGE}?size=50"})
    page = ada.get(answer.location)
    assert page.h1.text == "Assign 2 names"
    (sam_id,) = (one["value"] for one in page.select("option") if one.text == "Sam Staff")
    page = send(ada, "assign", first[:2], sam_id)
    assert "2 names are assigned to Sam Staff." in page.text
    assert shown(sam.get(f"{PAGE}?show=mine")) == names[:2]
    assert shown(sam.get(f"{PAGE}?show=unassigned")) == names[2:]
    assert "No names are assigned to you." in ada.get(f"{PAGE}?show=mine").text
    (free,) = items(sam.get(PAGE), names[2])
    sam.post(SELECTED, {"do": f"take-{free}"})
    assert shown(sam.get(f"{PAGE}?show=mine")) == names
    with app.app_context(), writing():
        db.session.execute(update(User).where(User.id == int(sam_id)).values(active=False))
    assert shown(ada.get(f"{PAGE}?show=unassigned")) == names
    assert "Sam Staff (disabled)" in row_of(ada.get(PAGE), names[0])
    again = items(ada.get(PAGE), names[0])
    assert "can’t sign in any more" in send(ada, "assign", again, sam_id, 422).text
    assert "assigned to no one" in send(ada, "assign", again, "").text
    with app.app_context():
        lines = [(line.action, line.detail) for line in db.session.scalars(select(Activity))]
        assert lines == [("assigned", "to Sam Staff")] * 3 + [("unassigned", "")]


def test_a_snoozed_row_comes_back_on_its_day_or_when_it_gets_worse(app, visit, names):
    sam = visit("sam")
    for day, words in (
        ("", "Enter the day"),
        ("2020-01-01", "Enter a day after today, at most 366 days ahead."),
        ("9999-12-31", "at most 366 days ahead."),
        (NOW.date().isoformat(), "Enter a day after today"),
        ("soon", "2026-"),
    ):
        page = send(sam, "snooze", items(sam.get(PAGE), *names), day, 422)
        assert words in page.select_one(".invalid-feedback").text
    next_week = (NOW + timedelta(days=7)).date().isoformat()
    page = send(sam, "snooze", items(sam.get(PAGE), *names), next_week)
    assert "3 names are snoozed until" in page.text
    assert shown(page) == []
    snoozed = sam.get(f"{PAGE}?show=snoozed")
    assert shown(snoozed) == names
    (first,) = items(snoozed, names[0])
    sam.post(SELECTED, {"do": f"wake-{first}"})
    sees(app, 2, names[1], left=5)
    assert rows(sam.get(PAGE)) == [(names[1], "Expires very soon"), (names[0], "Expires soon")]
    with app.app_context(), writing():
        past = {"snoozed_until": NOW - MINUTE}
        db.session.execute(update(AlertName).where(AlertName.name == names[2]).values(past))
    assert names[2] in shown(sam.get(PAGE))


def test_a_note_is_for_colleagues_until_the_problem_is_solved(app, visit, names):
    sam = visit("sam")
    page = send(sam, "note", items(sam.get(PAGE), *names), "x" * 201, 422)
    assert "200 characters" in page.select_one(".invalid-feedback").text
    page = send(sam, "note", items(sam.get(PAGE), names[0]), "Waits for <b>DNS</b>\n of Alice")
    assert "Note: Waits for <b>DNS</b> of Alice" in row_of(page, names[0])
    form = sam.get(f"{SELECTED}/note?item={items(page, names[0])[0]}")
    assert form.select_one("#asked")["value"] == "Waits for <b>DNS</b> of Alice"
    assert "Waits for" not in visit("alice").get("/services").text
    sam.post(SELECTED, {"do": f"take-{items(page, names[0])[0]}"})
    # Acknowledged it is not listed, and not solved
    sam.post(PAGE, {"do": f"acknowledge-{id_of(app, names[0])}"})
    sees(app, 2, names[0], left=5)
    assert "Note: Waits" in row_of(sam.get(PAGE), names[0])
    sees(app, 3, names[0], left=88)
    assert names[0] not in shown(sam.get(PAGE))
    sees(app, 4, names[0], reason=Reason.SELF_SIGNED)
    again = row_of(sam.get(PAGE), names[0])
    assert "Waits" not in again
    assert "Assigned" not in again


def test_the_second_of_two_colleagues_is_told_and_overwrites_nothing(app, visit, names):
    sam, ada = visit("sam"), visit("ada")
    seen = items(ada.get(PAGE), *names[:2])
    send(sam, "note", seen[:1], "Sam asked the client")
    page = send(ada, "note", seen, "Ada asks the client", 409)
    assert "A colleague has changed 1 name meanwhile." in page.text
    assert "Sam asked the client" in page.text
    assert page.select_one("#asked")["value"] == "Ada asks the client"
    assert "Sam asked" in row_of(ada.get(PAGE), names[0])
    assert "Ada asks" in row_of(ada.get(PAGE), names[1])
    told = ada.post(SELECTED, {"do": f"take-{seen[0]}"}, follow_redirects=True)
    assert "A colleague has changed 1 name meanwhile." in told.text
    again = [field["value"] for field in page.select("input[name=item]")]
    assert "Ada asks" in row_of(send(ada, "note", again, "Ada asks the client"), names[0])


def test_what_is_solved_or_tampered_with_does_nothing(app, visit, names):
    sam = visit("sam")
    chosen = items(sam.get(PAGE), names[0])
    sees(app, 2, names[0], left=88)
    answer = sam.post(f"{SELECTED}/note", {"item": chosen, "asked": "x"}, follow_redirects=True)
    assert "These names don’t need you any more." in answer.text
    odd = ["0.1", "x", "9.9.9", "99999999999999.1", ""]
    for what in ("assign", "note"):
        told = sam.post(SELECTED, {"do": what, "item": odd}, follow_redirects=True)
        assert "don’t need you any more" in told.text or "Select at least" in told.text
    assert sam.post(SELECTED, {"do": "delete", "item": chosen}).status_code == 400
    assert send(sam, "assign", items(sam.get(PAGE), names[1]), "9" * 30, 422)
    assert visit("alice").post(f"{SELECTED}/note", {"item": chosen}).status_code == 403
