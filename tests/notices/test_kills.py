"""A process that is killed at any step of a mail: every event arrives, and no mail is stored
twice."""

from collections import Counter

from sqlalchemy import select

from tests.monitor.processes import wait_for
from tests.notices.killed import Step, environ_of, kill_at
from tests.notices.test_minute import LATER, MINUTE, NAMES, SITE, begin, sees, tick
from tests.notices.test_minute import site as site
from tests.notices.test_readers import ADA, SAM, choose
from webapp.extensions import db
from webapp.jobs.models import Job
from webapp.notices import mails
from webapp.notices.models import HeldMail
from webapp.probe import Reason
from webapp.site import site_of

# What follows once a mail is stored; in the last three the mail server has it already
SENDING = (
    Step("before", "webapp.jobs.queue", "claim"),
    Step("after", "webapp.jobs.queue", "claim"),
    Step("after", "webapp.mail", "_connected"),
    Step("before", "smtplib", "SMTP.data"),
    Step("before", "smtplib", "_quote_periods"),  # the server has said that it waits for the text
    Step("after", "smtplib", "SMTP.data"),
    Step("after", "webapp.mail", "send"),
    Step("before", "webapp.jobs.queue", "finish"),
)
ARRIVED = 3


def turn_red(app):
    """A name is invalid and confirmed to be: it is told at 11:40."""
    begin(app)
    for minutes in (5, 10):
        sees(LATER + minutes * MINUTE, NAMES[:1], Reason.REFUSED)
        tick(app, LATER + minutes * MINUTE)


def stored(model):
    db.session.rollback()
    return list(db.session.scalars(select(model)))


def alert_mails():
    return [job for job in stored(Job) if job.kind == mails.MAIL]


def kill_while_sending(app, server, at, ids, steps=SENDING):
    """Kills a process at each step of the mails of these jobs, which are there all the time."""
    environ = environ_with(app, server)
    for number, step in enumerate(steps):
        kill_at(step, at + number * MINUTE, environ)
        assert {job.id for job in alert_mails()} == ids, step


def environ_with(app, server):
    url = f"smtp://127.0.0.1:{server.port}"
    return environ_of(app, PADLOCK_SITE_URL=SITE, PADLOCK_SMTP_URL=url)


def arrived(app, server):
    """How many times each mail has come, once all are sent: by its reader, subject and id."""
    site_of(app).jobs.wake()
    wait_for(lambda: not alert_mails())
    found = [server.mails.get() for _ in range(server.mails.qsize())]
    return Counter((mail["To"], mail["Subject"], mail["Message-ID"]) for mail in found)


def test_mails_that_are_sent_at_once(site, server):
    choose(ADA, wanted=False)
    turn_red(site)
    environ = environ_with(site, server)
    at = LATER + 45 * MINUTE
    kill_at(Step("after", "webapp.notices.mails", "add"), at, environ)  # nothing is stored yet
    assert alert_mails() == []
    kill_at(Step("before", "webapp.notices.mails", "release"), at + MINUTE, environ)
    (job,) = alert_mails()
    kill_while_sending(site, server, at + 2 * MINUTE, {job.id})
    done = Step("after", "webapp.jobs.queue", "finish")
    kill_at(done, at + 12 * MINUTE, environ)
    assert alert_mails() == []
    tick(site, LATER + 58 * MINUTE)
    ((mail, times),) = arrived(site, server).items()
    assert mail[:2] == ("sam@example.com", f"{NAMES[0]} is invalid")
    assert times == ARRIVED + 1


def test_mails_that_wait_for_a_digest_or_the_end_of_quiet_hours(site, server):
    choose(ADA, quiet_from=11, quiet_until=12)
    choose(SAM, choices={"invalid": "digest"}, digest_hour=12)
    turn_red(site)
    environ = environ_with(site, server)
    at = LATER + 45 * MINUTE
    kill_at(Step("after", "webapp.notices.held", "add"), at, environ)
    assert stored(HeldMail) == []
    for number in (1, 2):  # stored, and evaluated once more
        kill_at(Step("before", "webapp.notices.mails", "release"), at + number * MINUTE, environ)
        assert len(stored(HeldMail)) == 2
    noon = LATER + 60 * MINUTE
    kill_at(Step("after", "webapp.jobs.outbox", "add"), noon, environ)
    assert (len(stored(HeldMail)), alert_mails()) == (2, [])
    kill_at(Step("after", "webapp.notices.mails", "release"), noon + MINUTE, environ)
    assert stored(HeldMail) == []
    ids = {job.id for job in alert_mails()}
    assert len(ids) == 2
    # From here on it is what the test above kills at every step
    kill_while_sending(site, server, noon + 2 * MINUTE, ids, SENDING[-3::2])
    tick(site, noon + 15 * MINUTE)
    found = arrived(site, server)
    subject = f"{NAMES[0]} is invalid"
    assert {mail[:2] for mail in found} == {
        ("ada@example.com", subject),
        ("sam@example.com", subject),
    }
    assert len(found) == 2  # the same mail each time
    assert sum(found.values()) == 2 + 2
