"""Users choose what they are mailed and when, and hear of it when their address is refused."""

from sqlalchemy import func, select

from tests.monitor.processes import wait_for
from tests.notices.test_minute import (
    DAY,
    HOUR,
    LATER,
    MINUTE,
    NAMES,
    begin,
    mails_of,
    sees,
    site,  # noqa: F401 - a fixture
    tick,
    to_and_subject,
)
from webapp.customers.models import User
from webapp.extensions import db
from webapp.jobs.models import Job, RefusedAddress
from webapp.notices import readers
from webapp.notices.models import HeldMail
from webapp.probe import Reason

ADA, SAM = 3, 4


def choose(user_id, wanted=True, **chosen):
    chosen = {"zone": "UTC", "digest_hour": 18, "quiet_from": None, "quiet_until": None} | chosen
    readers.save(db.session.get(User, user_id), chosen, LATER, wanted=wanted)


def test_a_digest_is_one_mail_of_what_still_holds(site, server):  # noqa: F811
    choose(ADA, choices={"invalid": "never", "recovered": "never"})
    choose(SAM, choices={"invalid": "digest", "recovered": "digest"})
    begin(site)
    for minutes in (5, 10):
        sees(LATER + minutes * MINUTE, NAMES[:2], Reason.REFUSED)
        sees(LATER + minutes * MINUTE, NAMES[2:4], Reason.SELF_SIGNED, address="192.0.2.2")
        tick(site, LATER + minutes * MINUTE)
    tick(site, LATER + 45 * MINUTE)
    assert not mails_of(server)
    assert db.session.scalar(select(func.count()).select_from(HeldMail)) == 1
    sees(LATER + HOUR, NAMES[:2])  # they are solved before
    tick(site, LATER + HOUR)
    tick(site, LATER + 8 * HOUR)
    assert to_and_subject(server) == [("sam@example.com", "2 names are invalid")]
    assert db.session.scalar(select(func.count()).select_from(HeldMail)) == 0
    sees(LATER + 9 * HOUR, NAMES[2:4])
    tick(site, LATER + 9 * HOUR)
    for hours in (18, 20, DAY / HOUR + 8):
        tick(site, LATER + hours * HOUR)
    assert to_and_subject(server) == [("sam@example.com", "2 names are valid again")]


def test_quiet_hours_end_with_one_mail(site, server):  # noqa: F811
    choose(ADA, wanted=False)
    choose(SAM, quiet_from=11, quiet_until=15)
    begin(site)
    for start, names in ((5, NAMES[:1]), (50, NAMES[1:2])):
        for minutes in (start, start + 5):
            address = f"192.0.2.{start}"
            sees(LATER + minutes * MINUTE, names, Reason.REFUSED, address=address)
            tick(site, LATER + minutes * MINUTE)
    for minutes in (45, 95, 3 * 60 + 55):
        tick(site, LATER + minutes * MINUTE)
    assert not mails_of(server)
    tick(site, LATER + 4 * HOUR)
    assert to_and_subject(server) == [("sam@example.com", "2 names are invalid")]


def test_an_address_that_is_refused_is_tried_once_and_told(site, server):  # noqa: F811
    def refusal():
        db.session.rollback()
        return db.session.get(RefusedAddress, "sam@example.com")

    choose(ADA, wanted=False)
    begin(site)
    server.answers["RCPT"] = "550 no such user"
    for minutes in (5, 10, 45):
        if minutes < 45:
            sees(LATER + minutes * MINUTE, NAMES[:1], Reason.REFUSED)
        tick(site, LATER + minutes * MINUTE)
    wait_for(lambda: refusal() is not None)
    wait_for(lambda: db.session.rollback() or db.session.scalar(select(Job.failed_at)))
    assert refusal().said == "550 no such user"
    job = db.session.scalars(select(Job)).one()
    assert (job.problem, job.tries) == ("bounced", 1)
    del server.answers["RCPT"]
    sees(LATER + 90 * MINUTE, NAMES[:1])
    tick(site, LATER + 90 * MINUTE)
    assert server.mails.get(timeout=10)["Subject"] == f"{NAMES[0]} is valid again"
    wait_for(lambda: refusal() is None)
