"""The site warns by mail of what its checks have seen: in time, once, and those who want it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from tests.monitor.processes import wait_for
from webapp.alerts import messages
from webapp.config.mail import mail_server
from webapp.customers import catalog
from webapp.customers.models import Client, Domain, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.monitor.health import collect
from webapp.monitor.health.facts import Flag, Level
from webapp.monitor.models import RefreshRun, RunKind, RunState, Target
from webapp.notices import acts, health, mails, minute, rules, subjects
from webapp.notices.models import (
    AlertAct,
    AlertClock,
    AlertIncident,
    AlertIncidentStep,
    AlertName,
    Scope,
)
from webapp.probe import Reason
from webapp.site import site_of

# The mails are sent by the real clock, which gives them up after a week
START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=5)
LATER = START + timedelta(hours=2)  # when what was so at first has been told
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SITE = "https://padlock.example.com"


@pytest.fixture
def site(in_app, server):
    """The site with a mail server, and five more names of Alice."""
    prepare(in_app, server)
    return in_app


def prepare(app, server):
    app.config["PADLOCK_SITE_URL"] = "https://padlock.example.com"
    app.config["PADLOCK_SMTP_URL"] = mail_server(f"smtp://127.0.0.1:{server.port}")
    app.config["PADLOCK_MAIL_RETRY_HOURS"] = 168
    add_names()


def add_names():
    with writing():
        alice = db.session.get(Client, 1)
        for number in range(1, 6):
            name = f"s{number}.example"
            catalog.add_service(alice, "Hosting", name, ServiceStatus.ACTIVE, None)


def sees(at, names, reason=Reason.OK, days=60, age=30, leaf="", address="192.0.2.1"):
    """A check of these names at this moment, of a certificate that is so old and has so many days
    left, seen from START."""
    with writing():
        for name in names:
            facts = {
                "state": reason.state,
                "reason": reason,
                "not_before": START - timedelta(days=age),
                "not_after": START + timedelta(days=days),
                "issuer": "R11, Let's Encrypt",
                "fingerprint": f"{name}{leaf}",
                "address": address,
                "checked_at": at,
            }
            db.session.execute(update(Target).where(Target.hostname == name).values(facts))


def tick(app, at):
    """What the scheduler does each minute, at this moment."""
    assert minute.evaluate in site_of(app).each_tick
    minute.evaluate(at)
    db.session.remove()


def pass_time(app, at, long):
    for hours in range(1, long // timedelta(hours=1) + 1):
        tick(app, at + timedelta(hours=hours))


def mails_of(server):
    """The mails that have come, once none waits: to, subject and text of each."""

    def all_sent():
        db.session.rollback()
        return not db.session.scalar(select(Job.id).where(Job.kind == mails.MAIL).limit(1))

    wait_for(all_sent, 10)
    found = []
    while not server.mails.empty():
        mail = server.mails.get()
        text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert "<script" not in html
        path = mail["List-Unsubscribe"].removeprefix(f"<{SITE}").removesuffix(">")
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert f"{SITE}{path}" in text
        assert f'"{SITE}{path}"' in html
        found.append((mail["To"], mail["Subject"], text.replace("\r\n", "\n")))
    return sorted(found)


def to_and_subject(server):
    return [mail[:2] for mail in mails_of(server)]


STAFF = ["ada@example.com", "sam@example.com"]
NAMES = [f"s{number}.example" for number in range(1, 6)]
ALL = [*NAMES, "alice.example", "bob.example"]


def set_rule(scope, rule, of=""):
    ada = db.session.get(User, 3)
    rules.save(ada, subjects.find(scope, of), rule, START)
    db.session.remove()


def begin(app):
    """A site whose names were well from the first minute on."""
    sees(START - MINUTE, ALL)
    for minutes in (0, 40, 80, 120):
        tick(app, START + minutes * MINUTE)
    # ... and checked since
    sees(LATER, ALL)


def test_what_is_so_at_the_first_evaluation_is_one_mail(site, server):
    sees(START - 3 * MINUTE, NAMES[:3], Reason.EXPIRED, days=-300, age=390)
    sees(START - 2 * MINUTE, NAMES[3:4], Reason.REFUSED)
    sees(START - MINUTE, ["alice.example"], days=5, age=85)
    sees(START, ["bob.example"], Reason.TIMEOUT)  # it is not waited for
    for minutes in (0, 1, 59, 61, 62, 120, 150):
        tick(site, START + minutes * MINUTE)
    found = mails_of(server)
    assert [mail[0] for mail in found] == STAFF
    subject, text = found[1][1:]
    assert subject == "3 certificates have expired, and 2 other notices"
    assert text.startswith("Hello Sam Staff,\n\n3 certificates have expired.")
    assert "- s4.example (Alice’s Bakery)\n  HTTPS is off.\n" in text
    page = f"https://padlock.example.com/admin/services/{service('alice.example').id}"
    assert "- alice.example (Alice’s Bakery)\n  Expires in 5 days, on " in text
    assert page in text
    assert f"Change which warnings you get: {SITE}/profile\n" in text
    assert db.session.scalar(select(func.count()).select_from(AlertName)) == 6


def service(name):
    return db.session.scalar(select(Service).where(Service.domain == name))


def test_a_server_that_breaks_is_one_mail_and_one_at_its_end(site, server):
    begin(site)
    db.session.get(User, 3).alert_mails = False  # Ada does not want them
    db.session.commit()
    for minutes in (5, 10):
        sees(LATER + minutes * MINUTE, NAMES, Reason.REFUSED)
        tick(site, LATER + minutes * MINUTE)
    assert not mails_of(server)  # others may join
    tick(site, LATER + 45 * MINUTE)
    (mail,) = mails_of(server)
    assert mail[:2] == ("sam@example.com", "5 names are invalid")
    assert "5 names are invalid. They probably have the same cause." in mail[2]
    assert db.session.scalar(select(func.count()).select_from(AlertIncident)) == 1
    with writing():
        service(NAMES[0]).status = ServiceStatus.TERMINATED  # it cannot recover any more
        catalog.drop_orphans([])
    for minutes in range(60):  # noticed within an hour
        tick(site, LATER + (50 + minutes) * MINUTE)
    sees(LATER + 120 * MINUTE, NAMES[1:])
    tick(site, LATER + 120 * MINUTE)
    assert to_and_subject(server) == [("sam@example.com", "4 names are valid again")]
    assert list(db.session.scalars(select(AlertIncident.ended_at))) == [LATER + 120 * MINUTE]


def test_many_incidents_at_once_are_one_mail(site, server, monkeypatch):
    monkeypatch.setattr(messages, "MOST_AT_ONCE", 4)
    monkeypatch.setattr(mails, "MOST_LISTED", 3)
    begin(site)
    db.session.get(User, 3).alert_mails = False
    db.session.commit()
    reasons = (
        *(Reason.REFUSED, Reason.SELF_SIGNED, Reason.WRONG_HOSTNAME),
        *(Reason.REVOKED, Reason.UNTRUSTED_ISSUER),
    )
    for minutes in (5, 10):
        for name, reason in zip(NAMES, reasons, strict=True):
            sees(LATER + minutes * MINUTE, [name], reason)
        tick(site, LATER + minutes * MINUTE)
    tick(site, LATER + 45 * MINUTE)
    (mail,) = mails_of(server)
    assert mail[:2] == ("sam@example.com", "5 names are invalid")
    assert "same cause" not in mail[2]
    assert f"2 more names are not listed here.\n\nAll names: {SITE}/\n" in mail[2]
    assert db.session.scalar(select(func.count()).select_from(AlertIncident)) == 5
    sees(LATER + 60 * MINUTE, NAMES[1:])  # four, and each has its own mail
    tick(site, LATER + 60 * MINUTE)
    assert [subject for _, subject in to_and_subject(server)] == [
        f"{name} is valid again" for name in NAMES[1:]
    ]


def test_renewals_are_quiet_and_what_is_not_renewed_is_told_once(site, server):
    begin(site)
    sees(LATER + DAY, NAMES, days=90, age=-1, leaf="new")
    sees(LATER + DAY, ["alice.example", "bob.example"])
    pass_time(site, LATER, DAY)
    assert not mails_of(server)
    # Bob's certificate is another from now on, and is not renewed any more
    sees(LATER + DAY + MINUTE, ["bob.example"], days=7.5, age=82.5, leaf="short")
    pass_time(site, LATER + DAY, DAY)
    told = "The certificate of bob.example expires very soon"
    subjects = (told, f"Reminder: {told}")
    assert to_and_subject(server) == sorted((to, each) for to in STAFF for each in subjects)


def test_an_outage_is_quiet_and_one_mail_after_it(site, server):
    begin(site)
    with writing():
        db.session.add(
            RefreshRun(slot="x", kind=RunKind.NOW, state=RunState.OFFLINE, started_at=LATER)
        )
    tick(site, LATER + MINUTE)
    for minutes in (5, 10):
        sees(LATER + minutes * MINUTE, NAMES, Reason.TIMEOUT)
        tick(site, LATER + minutes * MINUTE)
    with writing():
        db.session.execute(update(RefreshRun).values(state=RunState.RUNNING))
    for minutes in (15, 20):
        sees(LATER + minutes * MINUTE, NAMES[:2], Reason.REFUSED, address="192.0.2.2")
        sees(LATER + minutes * MINUTE, NAMES[2:4], Reason.SELF_SIGNED, leaf="own")
        sees(LATER + minutes * MINUTE, [*NAMES[4:], "alice.example", "bob.example"])
        tick(site, LATER + minutes * MINUTE)
    assert not mails_of(server)
    for minutes in (60, 90, 120):
        tick(site, LATER + minutes * MINUTE)
    assert to_and_subject(server) == [(to, "4 names are invalid") for to in STAFF]


def test_a_resolver_that_is_dead_is_an_outage_too(site, server, monkeypatch):
    begin(site)
    site.config["PADLOCK_CONNECT_TO"] = ()
    words = ("Resolver", Level.BAD, "192.0.2.53 did not answer.", "Start it.")
    resolver = Flag(*words, blinds=True)
    monkeypatch.setattr(collect, "ask_resolver", lambda names: [resolver])
    tick(site, LATER + MINUTE)
    assert health.flags(LATER + MINUTE)[0].level is Level.OK  # no one has asked it
    for minutes in (5, 10):
        sees(LATER + minutes * MINUTE, NAMES, Reason.REFUSED)
        tick(site, LATER + minutes * MINUTE)
    flag = health.flags(LATER + 10 * MINUTE)[0]
    assert (flag.level, flag.words[:25]) == (Level.WARNING, "No warnings are sent, bec")
    pass_time(site, LATER + 10 * MINUTE, HOUR)
    sees(LATER + 2 * HOUR, NAMES[:3])
    for hours in (2, 3, 3.1, 4):  # those that are not checked are not waited for
        tick(site, LATER + hours * HOUR)
    assert not mails_of(server)


def test_nothing_is_told_while_no_name_is_checked_any_more(site, server):
    begin(site)
    sees(LATER + MINUTE, NAMES[:1], days=1.25, age=88.75, leaf="short")  # until the next afternoon
    pass_time(site, LATER, 30 * HOUR)
    told = {subject for _, subject in to_and_subject(server)}
    assert told == {
        "The certificate of s1.example expires very soon",
        "Reminder: The certificate of s1.example expires very soon",
    }
    seen = LATER + 30 * HOUR + MINUTE
    sees(seen, ALL)
    sees(seen, NAMES[:1], Reason.EXPIRED, days=1.25, age=88.75, leaf="short")
    pass_time(site, seen, 2 * HOUR)
    assert to_and_subject(server) == [
        (to, "The certificate of s1.example has expired") for to in STAFF
    ]


def test_clients_are_told_of_their_own_names_where_the_provider_wants_it(site, server):
    set_rule(Scope.SITE, {"clients": "all"})
    with writing():
        bob = db.session.get(Client, 2)
        catalog.add_service(bob, "Hosting", NAMES[0], ServiceStatus.ACTIVE, None)
    begin(site)
    for minutes in (5, 10):
        sees(LATER + minutes * MINUTE, NAMES[:3], Reason.REFUSED)
        tick(site, LATER + minutes * MINUTE)
    with writing():
        service(NAMES[2]).client_id = 2  # it moves to Bob before the mail is sent
    tick(site, LATER + 45 * MINUTE)
    told = {to: (subject, text) for to, subject, text in mails_of(server)}
    assert told.keys() == {*STAFF, "alice@example.com", "bob@example.com"}
    assert told["alice@example.com"][0] == "2 names are invalid"
    subject, text = told["bob@example.com"]
    assert subject == f"{NAMES[0]} is invalid"
    assert "Alice" not in text
    assert NAMES[1] not in text
    assert "/admin/" not in text
    assert "Ask your hosting provider" in text


def test_what_fails_before_the_commit_is_told_once(site, server, monkeypatch):
    begin(site)
    for minutes in (5, 10):
        sees(LATER + minutes * MINUTE, NAMES[:1], Reason.REFUSED)
        tick(site, LATER + minutes * MINUTE)

    def fail(_session):
        raise OSError("killed")

    event.listen(db.session, "before_commit", fail, once=True)
    with pytest.raises(OSError, match="killed"):
        minute.evaluate(LATER + 45 * MINUTE)
    assert not mails_of(server)
    for minutes in (46, 47):  # as does a second process, which is a moment later
        tick(site, LATER + minutes * MINUTE)
        tick(site, LATER + minutes * MINUTE)
    assert to_and_subject(server) == [(to, "s1.example is invalid") for to in STAFF]


def test_many_checks_are_taken_up_in_parts(site, server, monkeypatch):
    monkeypatch.setattr(minute, "MOST_CHECKS", 2)
    begin(site)
    names = select(func.count()).select_from(AlertName)
    assert db.session.scalar(names) == 7
    # One is stored late: its check ended before others that are evaluated already
    sees(LATER + 5 * MINUTE, NAMES[:4])
    tick(site, LATER + 5 * MINUTE)
    sees(LATER + 4 * MINUTE, NAMES[4:])
    tick(site, LATER + 6 * MINUTE)
    assert sorted(db.session.scalars(select(AlertName.checked_at)))[-5:] == [
        LATER + 4 * MINUTE,
        *[LATER + 5 * MINUTE] * 4,
    ]
    with writing():
        catalog.drop_orphans(list(db.session.scalars(select(Target.id))))
        ids = list(db.session.scalars(select(Service.target_id)))
        db.session.execute(db.delete(Service))
        db.session.execute(db.delete(Domain))
        catalog.drop_orphans(ids)
    tick(site, LATER + 7 * MINUTE)
    assert db.session.scalar(names) == 0


def test_nothing_is_evaluated_where_it_is_off_and_nothing_mailed_where_there_is_no_server(site):
    site.config["PADLOCK_ALERTS"] = False
    tick(site, START)
    assert db.session.get(AlertClock, 1) is None
    assert health.why_off() == health.flags(START)[0].words
    site.config["PADLOCK_ALERTS"] = True
    server = site.config["PADLOCK_SMTP_URL"]
    site.config["PADLOCK_SMTP_URL"] = None
    begin(site)
    for minutes in (5, 10, 45):
        sees(LATER + minutes * MINUTE, NAMES[:1], Reason.REFUSED)
        tick(site, LATER + minutes * MINUTE)
    assert db.session.scalar(select(Job.id)) is None
    assert health.why_off() == health.flags(START)[0].words
    steps = db.session.scalars(select(AlertIncidentStep.step))
    assert list(steps) == ["opened"]
    site.config["PADLOCK_SMTP_URL"] = server
    seen = LATER + 45 * MINUTE
    for at, words, level in (
        (seen + MINUTE, "7 names are watched. Last evaluated 1 minute ago.", Level.OK),
        (seen + DAY, "7 names are watched. Last evaluated 24 hours ago.", Level.WARNING),
    ):
        assert (health.flags(at)[0].words, health.flags(at)[0].level) == (words, level)


def test_a_rule_that_is_changed_applies_within_an_hour_and_the_most_specific_wins(site, server):
    begin(site)  # 60 days of 90 are left
    set_rule(Scope.SITE, {"expiring": {"days": 70}})
    set_rule(Scope.CLIENT, {"expiring": {"days": 50}}, "Alice’s Bakery")
    set_rule(Scope.PRODUCT, {"expiring": {"share": 0.9}}, "Hosting")
    set_rule(Scope.NAME, {"urgent": {"days": 65}}, NAMES[0])
    for minutes in range(1, 62):
        tick(site, LATER + minutes * MINUTE)
    # Bob's goes into the next digest
    told = f"The certificate of {NAMES[0]} expires very soon"
    assert to_and_subject(server) == [(to, told) for to in STAFF]
    pass_time(site, LATER + timedelta(hours=1), DAY)
    reminders = [subject for to, subject, _ in mails_of(server) if to == STAFF[0]]
    assert reminders == [
        f"Reminder: {told}",
        "The certificate of bob.example expires soon",
    ]


def test_what_is_muted_or_acknowledged_is_not_told(site, server):
    begin(site)
    sam = db.session.get(User, 4)
    acts.mute(sam, service(NAMES[0]), None, LATER)
    acts.mute(sam, service(NAMES[1]), LATER + 2 * HOUR, LATER)
    for minutes in (5, 10, 45):
        sees(LATER + minutes * MINUTE, NAMES[:2], Reason.REFUSED)
        sees(LATER + minutes * MINUTE, NAMES[2:3], Reason.REFUSED, address="192.0.2.2")
        tick(site, LATER + minutes * MINUTE)
    assert to_and_subject(server) == [(to, f"{NAMES[2]} is invalid") for to in STAFF]
    pass_time(site, LATER + 45 * MINUTE, 3 * HOUR)
    assert to_and_subject(server) == [(to, f"{NAMES[1]} is invalid") for to in STAFF]
    # An acknowledged problem is told again where it gets worse
    sam = db.session.get(User, 4)
    acts.acknowledge(sam, service(NAMES[1]), LATER + 4 * HOUR)
    sees(LATER + 4 * HOUR, NAMES[1:2], Reason.EXPIRED, days=-1)
    tick(site, LATER + 4 * HOUR)
    sees(LATER + 5 * HOUR, NAMES[1:2], Reason.EXPIRED, days=-1)
    pass_time(site, LATER + 4 * HOUR, 2 * HOUR)
    told = f"The certificate of {NAMES[1]} has expired"
    assert to_and_subject(server) == [(to, told) for to in STAFF]


def test_an_acknowledged_incident_hides_no_name_that_is_valid_again_and_expires_soon(site):
    begin(site)
    for minutes in (5, 10):
        sees(LATER + minutes * MINUTE, NAMES[:3], Reason.REFUSED)
        tick(site, LATER + minutes * MINUTE)
    sees(LATER + 45 * MINUTE, NAMES[:1], days=10, age=80, leaf="new")
    tick(site, LATER + 45 * MINUTE)
    acts.acknowledge(db.session.get(User, 4), service(NAMES[1]), LATER + 46 * MINUTE)
    needs = select(AlertName.name).where(AlertName.need.is_not(None))
    assert list(db.session.scalars(needs)) == NAMES[:1]
    tick(site, LATER + 47 * MINUTE)
    assert list(db.session.scalars(needs)) == NAMES[:1]


def test_a_mute_outlasts_a_time_in_which_the_name_is_not_used(site, server):
    begin(site)
    acts.mute(db.session.get(User, 4), service(NAMES[0]), None, LATER)
    tick(site, LATER + MINUTE)
    with writing():
        service(NAMES[0]).status = ServiceStatus.TERMINATED
    for minutes in range(2, 62):
        tick(site, LATER + minutes * MINUTE)
    assert db.session.scalar(select(func.count()).select_from(AlertName)) == 6
    with writing():
        service(NAMES[0]).status = ServiceStatus.ACTIVE
    sees(LATER + 62 * MINUTE, NAMES[:1], Reason.EXPIRED, days=-1)
    tick(site, LATER + 62 * MINUTE)
    pass_time(site, LATER + 62 * MINUTE, 2 * HOUR)
    assert not mails_of(server)
    assert all(db.session.scalars(select(AlertAct.taken)))
    acts.unmute(db.session.get(User, 4), service(NAMES[0]), LATER + 182 * MINUTE)
    pass_time(site, LATER + 182 * MINUTE, HOUR)
    told = f"The certificate of {NAMES[0]} has expired"
    assert to_and_subject(server) == [(to, told) for to in STAFF]
