"""Who renews a certificate: said of a service or by a rule, and what its client is asked for."""

from datetime import UTC, datetime, timedelta

from tests.browser import looked_at
from tests.routes.test_selection import agree, chosen
from webapp.customers.models import Activity, Service
from webapp.extensions import db
from webapp.words import alert_mails
from webapp.words.alert_mails import Line

RULE = "/admin/warnings/rule"
EDIT = "/admin/services/1/edit"


def said(page):
    """What the page of an item says about it."""
    facts = {fact.dt.text: fact.dd.text for fact in page.select(".facts > div")}
    return facts.get("Who renews")


def rule(ada, scope, of, renewer):
    form = {"scope": scope, "of": of, "who_renews": renewer, "clients": "off", "do": "save"}
    page = looked_at(ada.post(RULE, form, follow_redirects=True))
    assert "The rule was saved." in page.text


def test_a_service_says_it_itself_else_the_most_specific_rule_does(app, visit):
    ada = visit("ada")
    pages = ("/admin/services/1", "/admin/domains/1")
    assert [said(ada.get(page)) for page in pages] == [None, None]
    for scope, of, renewer, expected in (
        ("site", "", "provider", ["We do", "We do"]),
        ("products", "Starter Hosting", "client", ["The client does", "We do"]),
        ("clients", "Alice’s Bakery", "automatic", ["It renews itself", "It renews itself"]),
    ):
        rule(ada, scope, of, renewer)
        assert [said(ada.get(page)) for page in pages] == expected
    form = {field["name"]: field["value"] for field in ada.get(EDIT).select("main form input")}
    assert ada.post(EDIT, form | {"status": "Active", "who_renews": "bob"}).status_code == 422
    assert ada.post(EDIT, form | {"status": "Active", "who_renews": "client"}).status_code == 303
    assert [said(ada.get(page)) for page in pages] == ["The client does", "It renews itself"]
    assert "The client does" not in visit("alice").get("/services/1").text
    with app.app_context():
        assert db.session.scalars(db.select(Activity)).all()[-1].detail == "who renews – → client"


def test_it_is_said_of_many_services_at_once(app, visit):
    ada = visit("ada")
    page = chosen(ada, "renewer", {"item": ["service-1", "service-2", "domain-1"]})
    assert page.h1.text == "Who renews 2 services and 1 domain?"
    agree(ada, page, {"who_renews": "automatic"})
    with app.app_context():
        said = db.select(Service.who_renews).order_by(Service.id)
        assert db.session.scalars(said).all() == ["automatic"] * 2
    agree(ada, chosen(ada, "renewer", {"item": ["service-1"]}), {"who_renews": ""})
    with app.app_context():
        assert db.session.scalars(said).all() == [None, "automatic"]


def test_the_mail_to_a_client_asks_for_what_they_have_to_do():
    now = datetime.now(UTC)

    def texts(kind, reason, renewer, staff=False):
        line = Line(kind, "s.example", "", reason, now + timedelta(days=5), "", renewer)
        (section,) = alert_mails.sections([line], {kind: 1}, now, UTC, staff=staff, together=False)
        return " ".join(section.entries[0].texts)

    for kind, reason in (("expiring", ""), ("expired", "expired")):
        assert "We’ll renew it." in texts(kind, reason, "provider")
        assert "Please renew the certificate" in texts(kind, reason, "client")
        assert "renewed automatically" in texts(kind, reason, "automatic")
        assert "Please renew" not in texts(kind, reason, "client", staff=True)
    assert "Ask your hosting provider" in texts("expired", "expired", "")
    assert "Ask your hosting provider" not in texts("expired", "expired", "provider")
    assert "Ask your hosting provider" in texts("invalid", "self_signed", "client")
