"""What is reported was checked just before: with the lab's servers, a mail server, and a clock of
the test's own."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import update

from tests.monitor.conftest import fleet, site  # noqa: F401 - fixtures
from tests.monitor.refreshing import refresh
from tests.notices.test_minute import mails_of
from webapp.config.mail import mail_server
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import db, writing
from webapp.monitor import results
from webapp.monitor.models import Target
from webapp.notices import minute

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - 4 * DAY
EXPIRING = START + DAY + 5 * HOUR  # the digest comes at eight


@pytest.fixture
def warned(site, server):  # noqa: F811
    """The site with a mail server, and its daily refresh at three."""
    site.config.update(
        PADLOCK_SITE_URL="https://padlock.example.com",
        PADLOCK_SMTP_URL=mail_server(f"smtp://127.0.0.1:{server.port}"),
        PADLOCK_MAIL_RETRY_HOURS=168,  # mails are sent by the real clock
        PADLOCK_TIMEZONE=UTC,
        PADLOCK_REFRESH_AT=time(3),
    )
    return site


@pytest.fixture
def leaf(warned, lab):
    """Has a server show a certificate of 90 days that ends so long after *expiring*."""

    def leaf(name, left=timedelta(days=22.5)):
        end = EXPIRING + left
        shown = issue(name, issuer=lab.intermediate, not_after=end, not_before=end - 90 * DAY)
        show(warned, name, lab.serve(name, shown, lab.intermediate))

    return leaf


def show(app, name, address):
    others = (entry for entry in app.config["PADLOCK_CONNECT_TO"] if entry[0] != name)
    app.config["PADLOCK_CONNECT_TO"] = ((name, *address), *others)


def look(at):
    """A tick of the scheduler at this moment, and what is checked in it."""
    begun = datetime.now(UTC)
    refresh(clock=lambda: at)
    with writing():  # a check goes by the real clock
        checked = update(Target).where(Target.checked_at.between(begun, datetime.now(UTC)))
        again = checked.where(Target.recheck_at.is_not(None))
        db.session.execute(again.values(recheck_at=at + results.CONFIRMED_AFTER))
        db.session.execute(checked.values(checked_at=at, asked_at=at))
    minute.evaluate(at)
    db.session.remove()


def pass_time(begin, end, step):
    at = begin
    while at < end:
        look(at)
        at += step


def test_what_was_renewed_since_the_daily_check_is_not_reported(warned, fleet, leaf, server, lab):  # noqa: F811
    names = ["kept.example", "renewed.example"]
    fleet(*names)
    for name in names:
        leaf(name)
    pass_time(START, EXPIRING - HOUR / 4, HOUR / 2)
    checks = [lab.contacts(name) for name in names]
    pass_time(EXPIRING - HOUR / 4, EXPIRING + HOUR / 4, HOUR / 12)
    assert [lab.contacts(name) for name in names] == [number + 1 for number in checks]
    leaf("renewed.example", 80 * DAY)  # at half past five in the morning
    pass_time(EXPIRING + HOUR / 2, EXPIRING + 4 * HOUR, HOUR / 12)
    assert {subject for _, subject, _ in mails_of(server)} == {
        "The certificate of kept.example expires soon"
    }


def test_a_fault_of_two_minutes_is_not_reported(warned, fleet, leaf, server, lab):  # noqa: F811
    fleet("brief.example", "broken.example")
    leaf("brief.example", 80 * DAY)
    leaf("broken.example", 80 * DAY)
    pass_time(START, START + DAY + 3 * HOUR, HOUR / 2)
    for name in ("brief.example", "broken.example"):
        show(warned, name, lab.listen(name, behaviours.hangs_up))
    look(START + DAY + 3 * HOUR)
    leaf("brief.example", 80 * DAY)
    pass_time(START + DAY + 3.1 * HOUR, START + DAY + 5 * HOUR, HOUR / 12)
    subjects = {subject for _, subject, _ in mails_of(server)}
    assert subjects == {"broken.example is invalid"}
