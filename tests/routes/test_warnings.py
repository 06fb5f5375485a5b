"""The rules of warnings, their rehearsal, and what staff do about a name."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from tests.browser import looked_at
from tests.monitor.processes import wait_for
from webapp.customers import index_check, items
from webapp.customers.models import Activity, User
from webapp.extensions import db
from webapp.jobs.models import Job
from webapp.monitor import results
from webapp.notices import expiring, rules
from webapp.notices.models import Act, AlertAct, AlertRule
from webapp.probe import Certificate, Finding, Reason

DAY = timedelta(days=1)
RULE = "/admin/warnings/rule"
ITEM = "/admin/services/1"


def sees(name, at, left, lifetime=90, leaf="a"):
    """A check has found a certificate of this name with so many days left."""
    not_after = at + left * DAY
    certificate = Certificate(
        leaf,
        issuer="R11, Let's Encrypt",
        not_before=not_after - lifetime * DAY,
        not_after=not_after,
    )
    results.record(Finding(name, name, Reason.OK, at, 0.1, certificate=certificate), at)


def first_error(page):
    (error,) = page.select(".invalid-feedback")
    return error["id"], error.text


def test_a_rule_is_set_listed_and_removed(app, visit):
    ada = visit("ada")
    assert "25 % of the lifetime, at most 30 days" in ada.get("/admin/warnings").text
    for scope, of, title in (
        ("site", "", "The site"),
        ("clients", "Alice’s Bakery", "Alice’s Bakery"),
        ("products", "Starter Hosting", "Starter Hosting"),
        ("names", "alice.example", "alice.example"),
    ):
        form = {"scope": scope, "of": of, "expiring_days": "14", "clients": "urgent", "do": "save"}
        page = looked_at(ada.post(RULE, form, follow_redirects=True))
        assert "The rule was saved." in page.text
        assert title in page.text
    with app.app_context():
        stored = list(db.session.scalars(select(AlertRule.rule)))
        assert stored == [{"expiring": {"days": 14}, "clients": "urgent"}] * 4
        line = db.session.scalars(select(Activity).order_by(Activity.id)).first()
        assert (line.action, line.kind) == ("created", "warning rule")
    assert "14 days" in visit("sam").get("/admin/warnings").text
    assert ada.get(f"{RULE}?scope=clients&of=%231").select_one("#expiring_days")["value"] == "14"
    ada.post(RULE, {"scope": "clients", "of": "#1", "do": "remove"})
    with app.app_context():
        assert len(list(db.session.scalars(select(AlertRule)))) == 3


def test_the_site_sets_when_its_digest_comes_and_how_long_an_incident_collects(app, visit):
    ada = visit("ada")
    form = {"digest_at": "6:30", "gather_minutes": "0", "clients": "off"}
    assert "would have received 0 messages" in ada.post(RULE, form | {"do": "rehearse"}).text
    page = looked_at(ada.post(RULE, form | {"do": "save"}, follow_redirects=True))
    assert "06:30 UTC" in page.text
    assert "0 minutes" in page.text
    with app.app_context():
        rule = rules.book().rule_for("alice.example", "1", None, "")
        assert (rule.digest_at, rule.gather) == (timedelta(hours=6.5), timedelta())
    page = ada.get(RULE)
    assert page.select_one("#digest_at")["value"] == "06:30"
    assert page.select_one("#gather_minutes")["value"] == "0"
    assert not ada.get(f"{RULE}?scope=clients&of=%231").select("#digest_at, #gather_minutes")


def test_what_is_wrong_with_a_rule_is_said_beside_its_field(visit):
    ada = visit("ada")
    for field, value, words in (
        ("expiring_days", "0", "Enter a number above 0"),
        ("expiring_days", "nan", "Enter a number above 0"),
        ("expiring_days", "soon", "Enter a number above 0"),
        ("urgent_share", "101", "Enter a share above 0"),
        ("urgent_share", "x" * 21, "20 characters"),
        ("unknown_days", "-1", "Enter a number above 0"),
        ("unknown_days", "0", "Enter a number above 0"),
        ("digest_at", "24:00", "Enter a time from 00:00 to 23:59"),
        ("digest_at", "8 am", "Enter a time from 00:00 to 23:59"),
        ("gather_minutes", "1441", "Enter a number from 0 to 1440"),
        ("gather_minutes", "-1", "Enter a number from 0 to 1440"),
    ):
        answer = ada.post(RULE, {field: value, "clients": "off", "do": "save"})
        assert answer.status_code == 422
        id_, error = first_error(looked_at(answer))
        assert (id_, words in error) == (f"{field}-help", True)
    both = {"expiring_days": "7", "urgent_days": "7,5", "clients": "off", "do": "save"}
    assert first_error(looked_at(ada.post(RULE, both)))[0] == "urgent_days-help"
    for scope, of in (
        ("names", "no.example"),
        ("products", "x"),
        ("issuers", "x"),
        ("clients", ""),
    ):
        page = ada.get(f"{RULE}?scope={scope}&of={of}", 422)
        assert first_error(page)[0] == "of-help"


def test_a_rule_is_rehearsed_before_it_is_saved(app, visit):
    now = datetime.now(UTC)
    with app.app_context():
        # Renewed 24 days before the end, then in the middle: not regularly
        for number, (age, left) in enumerate(((85, 60), (49, 90), (1, 88))):
            sees("alice.example", now - age * DAY, left, leaf=f"leaf {number}")
    form = {"expiring_days": "30", "expiring_share": "", "clients": "off", "do": "rehearse"}
    page = looked_at(visit("ada").post(RULE, form | {"scope": "names", "of": "alice.example"}))
    assert (
        "would have received 1 message in the last 90 days; with the current rules, 0." in page.text
    )
    assert "history of 1 name. That history begins on " in page.text
    (told,) = page.select(".rehearsed li")
    assert told.text.endswith("The certificate of alice.example expires soon")
    assert page.select_one("#expiring_days")["value"] == "30"
    with app.app_context():
        assert db.session.scalar(select(AlertRule)) is None


def test_the_page_of_an_item_says_which_rule_applies_and_staff_mute_it(app, visit):
    now = datetime.now(UTC)
    with app.app_context():
        sees("alice.example", now, 80)
    sam = visit("sam")
    card = "[aria-labelledby=warnings-heading]"
    assert (
        ", 22 days before the certificate expires. The site’s rule applies."
        in sam.get(ITEM).select_one(card).text
    )
    visit("ada").post(
        RULE, {"scope": "issuers", "of": "let's encrypt", "expiring_days": "10", "do": "save"}
    )
    assert (
        ", 10 days before the certificate expires. The issuer’s rule applies."
        in sam.get(ITEM).select_one(card).text
    )
    yesterday, later = (f"{now + days * DAY:%Y-%m-%d}" for days in (-1, 9))
    for wrong in (yesterday, "x"):
        answer = sam.post(f"{ITEM}/warnings/mute", {"until": wrong})
        assert first_error(looked_at(answer)) == (
            "until-help",
            "Enter a day in the future, or leave it empty.",
        )
    sam.post(f"{ITEM}/warnings/mute", {"until": later})
    assert "By Sam Staff." in sam.get(ITEM).select_one(card).text
    sam.post(f"{ITEM}/warnings/unmute")
    sam.post(f"{ITEM}/warnings/acknowledge")
    sam.post(f"{ITEM}/warnings/mute")
    assert "Muted until you unmute it. By Sam Staff." in sam.get(ITEM).select_one(card).text
    with app.app_context():
        found = db.session.execute(select(AlertAct.act, AlertAct.taken).order_by(AlertAct.id))
        assert [row.act for row in found] == [Act.MUTE, Act.MUTE, Act.ACKNOWLEDGE, Act.MUTE]
        lines = db.session.scalars(select(Activity).filter_by(kind="service").order_by(Activity.id))
        told = [(line.action, line.detail_parameters) for line in lines]
        assert told == [
            ("muted", {"day": later}),
            ("unmuted", {}),
            ("acknowledged", {}),
            ("muted", {}),
        ]


def test_lists_follow_the_rule(app, visit):
    now = datetime.now(UTC)
    ada = visit("ada")

    def soon():
        return len(ada.get("/admin/services?ssl=expiring").select("tbody tr"))

    def is_rewritten():
        with app.app_context():
            return db.session.scalar(select(Job.id).filter_by(kind=rules.REWRITE)) is None

    with app.app_context():
        for name in ("alice.example", "bob.example"):
            sees(name, now, 60)
    assert soon() == 0
    form = {"clients": "off", "do": "save"}
    for scope, of, days, count in (
        ("site", "", "61", 2),
        ("products", "Starter Hosting", "59", 0),
        ("clients", "#2", "61", 1),
    ):
        ada.post(RULE, form | {"scope": scope, "of": of, "expiring_days": days})
        wait_for(is_rewritten, 10)
        assert soon() == count
    # The rule of a name applies at once, and a client's to what moves to it
    ada.post(RULE, form | {"scope": "names", "of": "bob.example", "expiring_days": "59"})
    assert soon() == 0
    with app.app_context():
        who = db.session.scalar(select(User).filter_by(email="ada@example.com"))
        for kind in ("service", "domain"):
            items.move(who, kind, 1, 1, 2, now)
    assert soon() == 1
    with app.app_context():
        assert expiring.drifted() == index_check.drifted(datetime.now(UTC)) == 0
