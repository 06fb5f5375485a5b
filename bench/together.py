"""Two web processes and ten workers evaluate and send what falls due in the same minute, on one
PostgreSQL and one Redis: every event reaches every reader, and has one row in the outbox.

Names are invalid, each for itself, and their incidents fall due while nothing runs. Then all
processes start. Mails go to eighteen of the staff; a few names go to three channels as well, of
which one hangs and one answers 500.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from flask import Flask
from kills import Place, servers_of
from sqlalchemy import func, select
from start import prepared

from tests.notices.receiver import Receiver
from tests.served import served
from tests.smtp_server import MailServer
from webapp.accounts import sign_ins
from webapp.customers import catalog
from webapp.customers.models import Role, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.monitor import results
from webapp.notices import channels, mails, minute
from webapp.probe import Finding, Reason

WORKERS = 10
NAMES = 10  # more messages at once would be one
TO_CHANNELS = 5  # of the names
STAFF = [f"staff{number}@example.com" for number in range(18)]
LONGEST = 420  # seconds until all has arrived
CALM_SECONDS = 70  # after it, in which both schedulers tick once more
MINUTE = timedelta(minutes=1)


def name_of(number: int) -> str:
    return f"n{number}.example"


def fill(now: datetime) -> None:
    with writing():
        one, few = (catalog.add_client(name, now) for name in ("One", "Few"))
        for email in STAFF:
            sign_ins.add_user(email, "Sam", None, now, role=Role.ADMIN)
        for number in range(NAMES):
            client = few if number < TO_CHANNELS else one
            name = name_of(number)
            catalog.add_service(client, "Hosting", name, ServiceStatus.ACTIVE, None)


def turn_red(now: datetime) -> None:
    """The names are seen valid hours ago, and invalid twice since: the incidents are due by now."""
    for minutes in (180, 140, 100, 70):
        see(now - minutes * MINUTE, Reason.OK)
        minute.evaluate(now - minutes * MINUTE)
    for minutes in (50, 45):
        see(now - minutes * MINUTE, Reason.REFUSED)
        minute.evaluate(now - minutes * MINUTE)
    db.session.remove()


def see(at: datetime, reason: Reason) -> None:
    with writing():
        for number in range(NAMES):
            name = name_of(number)
            address = f"192.0.2.{number}"
            results.record_inside(Finding(name, name, reason, at, 0.1, address), at)


def add_channels(receivers: dict[str, Receiver], now: datetime) -> dict[str, int]:
    ada = db.session.scalars(select(User)).first()
    found = {}
    for name, receiver in receivers.items():
        settings = channels.Settings(name, receiver.url, kinds=[], products=[], clients=[2])
        found[name] = channels.save(ada, None, settings, now).id
    db.session.remove()
    return found


def waiting(app: Flask) -> Counter[str]:
    """How many messages are still to be sent, by kind."""
    with app.app_context():
        counted = select(Job.kind, func.count()).group_by(Job.kind)
        found = Counter(dict(db.session.execute(counted).all()))
        db.session.remove()
    return found


def main() -> int:
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        servers = ends.enter_context(servers_of(folder))
        mail_server = ends.enter_context(served(MailServer()))
        receivers = {
            name: ends.enter_context(served(Receiver(status)))
            for name, status in (("good", 200), ("hanging", 200), ("failing", 500))
        }
        receivers["hanging"].released.clear()
        app = prepared(
            folder,
            {
                "PADLOCK_DATABASE_URL": servers["PostgreSQL"].url(),
                "PADLOCK_BROKER_URL": servers["Redis"].url,
                "PADLOCK_SECRET_KEY": "x" * 32,
                "PADLOCK_CONNECT_TO": "*=127.0.0.1:1",
                "PADLOCK_ALLOWED_NETWORKS": "127.0.0.0/8",
            },
        )
        now = datetime.now(UTC)
        with app.app_context():
            fill(now)
            turn_red(now)
            ids = add_channels(receivers, now)
        os.environ["PADLOCK_SITE_URL"] = "https://padlock.example.com"
        os.environ["PADLOCK_SMTP_URL"] = f"smtp://127.0.0.1:{mail_server.port}"
        place = Place(servers, WORKERS)
        ends.callback(place.kill, Random(1))  # noqa: S311 - no secret
        began = time.monotonic()
        place.start()
        good = receivers["good"]
        took = {}
        while len(took) < 2 and time.monotonic() < began + LONGEST:
            if mail_server.mails.qsize() >= NAMES * len(STAFF):
                took.setdefault("mails", time.monotonic() - began)
            if good.bodies.qsize() >= TO_CHANNELS:
                took.setdefault("good channel", time.monotonic() - began)
            time.sleep(0.1)
        time.sleep(CALM_SECONDS)
        left = waiting(app)
        found = [mail_server.mails.get() for _ in range(mail_server.mails.qsize())]
        mailed = Counter((mail["To"], mail["Subject"].strip()) for mail in found)
        posted = Counter(good.bodies.get() for _ in range(good.bodies.qsize()))
        receivers["hanging"].released.set()
    expected = {(to, f"{name_of(number)} is invalid") for to in STAFF for number in range(NAMES)}
    faults = {
        "mails that did not arrive": len(expected - mailed.keys()),
        "mails of something else": len(mailed.keys() - expected),
        "mails that arrived twice": sum(times > 1 for times in mailed.values()),
        "mails still waiting": left[mails.MAIL],
        "messages that the good channel lacks": TO_CHANNELS - len(posted),
        "rows of the hanging channel too many or too few": abs(
            left[f"channel:{ids['hanging']}"] - TO_CHANNELS
        ),
        "rows of the failing channel too many or too few": abs(
            left[f"channel:{ids['failing']}"] - TO_CHANNELS
        ),
    }
    for words, number in faults.items():
        print(f"{number:6} {words}")
    print(f"{len(found)} mails, all of them within {took.get('mails', LONGEST):.0f} s;", end=" ")
    print(f"the good channel within {took.get('good channel', LONGEST):.0f} s,", end=" ")
    # Where a process of Apprise has to end before it hears the answer, the message comes again
    print(f"{sum(posted.values()) - len(posted)} of its {len(posted)} messages again")
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
