"""Administrators edit the texts of mails, preview them, and restore the default."""

from sqlalchemy import select

from tests.browser import looked_at
from webapp.customers.models import Activity
from webapp.extensions import db
from webapp.notices.models import MailTemplate

PAGE = "/admin/warnings/mails"
CLIENTS = f"{PAGE}/clients"
NEW = {"subject": "{{ site }}: {{ summary }}", "body": "Dear {{ user }},\r\n\r\n{{ names }}"}


def opened(browser, **changes):
    """The form as it was opened, with these changes."""
    page = browser.get(CLIENTS)
    stored = {
        "subject": page.select_one("#subject")["value"],
        "body": page.select_one("#body").text.strip(),
        "version": page.select_one("[name=version]")["value"],
    }
    return stored | changes


def stored(app):
    with app.app_context():
        return [
            tuple(row)
            for row in db.session.execute(select(MailTemplate.subject, MailTemplate.body))
        ]


def test_a_text_is_previewed_saved_and_restored(app, visit):
    ada = visit("ada")
    assert "Hello {{ user }}," in ada.get(PAGE).text
    form = opened(ada, **NEW)
    assert form["version"]
    page = looked_at(ada.post(CLIENTS, form | {"do": "preview", "sample": "one"}))
    assert "Padlock: The certificate of blog.example.com expires soon" in page.text
    assert "Dear Alice Baker," in page.select_one("pre").text
    assert page.select_one("iframe")["sandbox"] in ("", [])
    frame = {one["name"]: one["value"] for one in page.select("#mail-html input")}
    mail = ada.client.post(f"{CLIENTS}/html", data=frame)
    assert "Dear Alice Baker,</p>" in mail.text
    assert "sandbox" in mail.headers["Content-Security-Policy"]
    assert stored(app) == []
    page = looked_at(ada.post(CLIENTS, form | {"do": "save"}, follow_redirects=True))
    assert "Mails to clients: the new text was saved." in page.text
    assert stored(app) == [("{{ site }}: {{ summary }}", "Dear {{ user }},\n\n{{ names }}")]
    assert "Dear {{ user }}," in visit("sam").get(PAGE).text
    assert "cannot be undone" in ada.get(f"{CLIENTS}/restore").text
    page = looked_at(ada.post(f"{CLIENTS}/restore", follow_redirects=True))
    assert "the default text applies again" in page.text
    assert stored(app) == []
    ada.post(f"{CLIENTS}/restore")  # there is nothing left to restore
    assert ada.post(CLIENTS, opened(ada, do="save")).status_code == 303  # nor to save
    with app.app_context():
        done = select(Activity.action).where(Activity.kind == "mail text").order_by(Activity.id)
        assert list(db.session.scalars(done)) == ["changed", "restored"]
    assert stored(app) == []


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(app, visit):
    ada = visit("ada")
    for field, value, words in (
        ("subject", " ", "Enter a subject."),
        ("subject", "x" * 201, "200"),
        ("subject", "{{ summary", "Line 1 can’t be read: "),
        ("subject", "{{ password }}", "There is no variable “password”."),
        ("body", "", "Enter a text."),
        ("body", "{{ names }}" + "x" * 4000, "4,000"),
        ("body", "Hello!", "Write {{ names }} where their list belongs."),
        ("body", "{{ names }}\n{% if %}", "Line 2 can’t be read: "),
        ("body", "{{ names }}\n{% for i in range(10**9) %}x{% endfor %}", "The loop in line 2"),
        ("body", "{{ names }}{{ 'a' * 10**9 }}", "Line 1 uses something that isn’t allowed here."),
    ):
        for what in ("save", "preview"):
            answer = ada.post(CLIENTS, opened(ada, **NEW) | {field: value, "do": what})
            assert answer.status_code == 422, value
            (error,) = looked_at(answer).select(".invalid-feedback")
            assert (error["id"], words in error.text) == (f"{field}-help", True), error.text
    assert stored(app) == []


def test_the_second_of_two_editors_is_told(app, visit):
    ada = visit("ada")
    first, second = (
        opened(ada, **NEW, do="save"),
        opened(ada, **NEW | {"subject": "Mine"}, do="save"),
    )
    assert ada.post(CLIENTS, first).status_code == 303
    answer = ada.post(CLIENTS, second)
    assert answer.status_code == 409
    page = looked_at(answer)
    assert "Another user has changed this. Nothing was saved." in page.text
    assert page.select_one("#subject")["value"] == "Mine"
    assert stored(app)[0][0] == "{{ site }}: {{ summary }}"
    second["version"] = page.select_one("[name=version]")["value"]
    assert ada.post(CLIENTS, second).status_code == 303
    assert stored(app)[0][0] == "Mine"
