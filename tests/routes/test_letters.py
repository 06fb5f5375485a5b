"""Staff write to the clients of rows of Today: a draft first, then one mail to each client."""

from sqlalchemy import select, update

from tests.browser import looked_at
from tests.jobs.conftest import server  # noqa: F401 - a fixture
from tests.monitor.processes import wait_for
from tests.notices.test_minute import NAMES, SITE, prepare
from tests.routes.test_tasks import items, row_of, shown
from tests.routes.test_today import NOW, PAGE, in_time, sees  # noqa: F401 - one is a fixture
from webapp.customers import catalog
from webapp.customers.models import Activity, Client, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.notices import letters, minute
from webapp.probe import Reason
from webapp.renewer import Renewer

WRITE = f"{PAGE}/selected/write"


def begin(app, server):  # noqa: F811
    """Three names of Alice need a person, of which Bob has the first as well."""
    with app.app_context():
        prepare(app, server)
        with writing():
            bob = db.session.get(Client, 2)
            catalog.add_service(bob, "Hosting", NAMES[0], ServiceStatus.ACTIVE, None)
            of_client = update(Service).where(Service.domain == NAMES[1])
            db.session.execute(of_client.values(who_renews=Renewer.CLIENT))
            values = {"contact_email": "office@alice.example"}
            db.session.execute(update(Client).where(Client.id == 1).values(values))
        minute.evaluate(NOW)
    sees(app, 1, NAMES[0], left=-3, reason=Reason.EXPIRED)
    sees(app, 1, NAMES[1], left=15)
    sees(app, 1, NAMES[2], reason=Reason.SELF_SIGNED)


def draft(browser, names, **changed):
    """The page with the drafts about these names, and what its form sends."""
    chosen = items(browser.get(PAGE), *names)
    answer = browser.post(f"{PAGE}/selected", {"do": "write", "item": chosen})
    page = browser.get(answer.location)
    fields = page.select("main form input, main form textarea")
    form = {"item": chosen}
    for field in fields:
        if field["name"] not in ("item", "csrf_token"):
            form[field["name"]] = field.get("value") or field.text.lstrip("\n")
    for choice in page.select("main form select"):
        form[choice["name"]] = choice.option["value"]
    return page, form | changed


def letters_left():
    return db.session.scalars(select(Job.id).filter_by(kind="letter")).all()


def test_one_mail_goes_to_each_client_with_all_of_its_names(app, visit, server):  # noqa: F811
    begin(app, server)
    sam = visit("sam")
    page, form = draft(sam, NAMES[:3])
    assert page.h1.text == "Write to 2 clients"
    assert "2 mails about 3 names, one to each client." in page.text
    assert [one["value"] for one in page.select("#c1-to option")] == [
        "office@alice.example",
        "alice@example.com",
    ]
    text = form["c1-text"]
    assert "The certificate expired 3 days ago" in text
    assert "Please renew the certificate, and install the new one." in text
    assert "certificate it signed itself" in text
    assert f"{SITE}/services/" in text
    assert text.endswith("Kind regards\nSam Staff\nPadlock")
    assert form["c1-subject"] == "3 certificates of your websites need attention"
    assert NAMES[1] not in form["c2-text"]
    assert "Alice" not in form["c2-text"]
    form |= {"c1-to": "alice@example.com", "c1-text": f"{text}\n\nPS: call us."}
    told = sam.post(WRITE, form, follow_redirects=True)
    assert "2 mails are on their way. Replies come to you." in told.text
    found = {}
    for _ in range(2):
        mail = server.mails.get(timeout=10)
        assert mail["Reply-To"] == "sam@example.com"
        found[mail["To"]] = (mail["Subject"], mail.get_content().replace("\r\n", "\n"))
    assert found.keys() == {"alice@example.com", "bob@example.com"}
    assert found["alice@example.com"][1].strip() == f"{text}\n\nPS: call us."
    assert found["bob@example.com"][0] == form["c2-subject"]
    for name in NAMES[:3]:
        assert "Sam Staff wrote to the client on" in row_of(sam.get(PAGE), name)
    with app.app_context():
        lines = select(Activity.detail_parameters).filter_by(action="wrote to client")
        assert sorted(line["email"] for line in db.session.scalars(lines)) == [
            *["alice@example.com"] * 3,
            "bob@example.com",
        ]
        wait_for(lambda: db.session.rollback() or not letters_left(), 10)
    # The new certificate is seen
    sees(app, 2, NAMES[1], left=88)
    assert NAMES[1] not in shown(sam.get(PAGE))


def test_what_is_wrong_is_said_and_nothing_is_sent(app, visit, server, monkeypatch):  # noqa: F811
    begin(app, server)
    sam, ada = visit("sam"), visit("ada")
    _, form = draft(sam, NAMES[1:2])
    for wrong, words in (
        ({"c1-subject": " "}, "Enter a subject."),
        ({"c1-subject": "x" * 201}, "200 characters"),
        ({"c1-text": "\u200b"}, "Enter a text."),
        ({"c1-text": "x" * 20_001}, "20,000 characters"),
    ):
        page = looked_at(sam.post(WRITE, form | wrong))
        assert words in page.select_one(".invalid-feedback").text
    for address in ("ivan@example.net", ""):
        answer = sam.post(WRITE, form | {"c1-to": address})
        assert answer.status_code == 409
        assert "The client no longer has this address." in answer.text
    # A colleague writes first
    _, other = draft(ada, NAMES[1:2])
    assert ada.post(WRITE, other).status_code == 303
    answer = sam.post(WRITE, form)
    assert answer.status_code == 409
    assert "A colleague has changed 1 name meanwhile." in answer.text
    assert "Ada Admin wrote to the client on" in looked_at(answer).main.text
    assert server.mails.get(timeout=10)["Reply-To"] == "ada@example.com"
    monkeypatch.setattr(letters, "MOST_LETTERS", 1)
    chosen = items(sam.get(PAGE), NAMES[0])
    told = sam.post(f"{PAGE}/selected", {"do": "write", "item": chosen}, follow_redirects=True)
    assert "At most 1 client can be written to at once." in told.text
    monkeypatch.undo()
    # A client without any address is left out, and one alone gets none
    with app.app_context(), writing():
        db.session.execute(update(User).where(User.client_id == 2).values(active=False))
    page, form = draft(sam, NAMES[:1])
    assert "Bob & Sons has no e-mail address." in page.text
    assert page.select_one("button.btn-primary").text == "Send 1 mail"
    with app.app_context():
        app.config["PADLOCK_SMTP_URL"] = None
    page, form = draft(sam, NAMES[:1])
    assert "Mails can’t be sent yet." in page.text
    assert page.select_one("main button.btn-primary") is None
    assert sam.post(WRITE, form).status_code == 200
    assert visit("alice").post(WRITE, form).status_code == 403
    assert server.mails.empty()


def test_a_refused_letter_is_told_on_the_pages_of_client_and_user(app, visit, server):  # noqa: F811
    """*Try again* sends a test mail, and what is accepted ends the warning."""
    begin(app, server)
    server.answers["RCPT"] = "550 5.1.1 no such\0 user"
    sam, ada, alice = visit("sam"), visit("ada"), visit("alice")
    client_page, profile = "/admin/clients/1", "/profile"
    assert not sam.get(client_page).select(".refused-address")
    _page, form = draft(sam, NAMES[1:2])
    sam.post(WRITE, form | {"c1-to": "alice@example.com"})

    def told(browser, path):
        return [one.div.text for one in browser.get(path).select(".refused-address")]

    wait_for(lambda: told(sam, client_page))
    (text,) = told(sam, client_page)
    assert text.startswith("Mails to alice@example.com have been refused since ")
    assert "The mail server says: “550 5.1.1 no such user”." in text
    assert told(alice, profile) == told(ada, "/admin/users/1") == [text]
    assert told(sam, profile) == []
    assert told(sam, f"{WRITE}?item={form['item'][0]}") == [text]
    del server.answers["RCPT"]
    sent = {"email": "alice@example.com", "back": client_page}
    assert visit("bob").post("/refused-addresses/try-again", sent).status_code == 403
    again = sam.post("/refused-addresses/try-again", sent, follow_redirects=True)
    assert "A test mail to alice@example.com is on its way." in again.text
    assert server.mails.get(timeout=10)["Subject"] == "Test mail from Padlock"
    wait_for(lambda: not told(sam, client_page))
    statuses = [sam.post("/refused-addresses/try-again", sent).status_code for _ in range(5)]
    assert statuses == [404, 404, 404, 404, 429]
