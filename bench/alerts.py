"""How much CPU a minute of alerts takes on a big site: what the scheduler does when one name in a
hundred was checked or falls due, beside 2 % that have been invalid for long.

`python bench/alerts.py [SIZE] [--postgresql]`
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import timedelta

from filling import NOW, filled, postgresql_server
from sqlalchemy import func, select, update

from webapp.config.mail import mail_server
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.notices import minute
from webapp.notices.models import AlertIncident, AlertName
from webapp.probe import Reason, State

SIZE = 100_000
POSTGRESQL = "--postgresql"
GOAL_SECONDS = 1.0
MINUTES = 5
MINUTE = timedelta(minutes=1)


def certificates() -> None:
    """Gives all targets certificates of 90 days and an address, and most a good result."""
    good = {"state": State.VALID, "reason": Reason.OK}
    facts = {
        "not_before": NOW - timedelta(days=30),
        "not_after": NOW + timedelta(days=60),
        "fingerprint": func.substr(Target.hostname + "0" * 64, 1, 64),
        "address": Target.hostname,
        "issuer": "R11, Let's Encrypt",
        "key": "RSA 2048",
    }
    refused = {"state": State.INVALID, "reason": Reason.REFUSED, "fingerprint": None, "issuer": ""}
    refused |= {"not_before": None, "not_after": None}
    with writing():
        quietly = {"synchronize_session": False}
        db.session.execute(update(Target).values(facts | good), execution_options=quietly)
        some = update(Target).where(Target.id % 50 == 0).values(refused)
        db.session.execute(some, execution_options=quietly)


def checked(number: int, part_number: int, size: int) -> None:
    """One name in a hundred is checked again in this minute, and another one is due."""
    at = NOW + number * MINUTE
    part = size // 100
    with writing():
        first = part_number * part
        now = update(Target).where(Target.id.between(first, first + part - 1))
        db.session.execute(now.values(checked_at=at - timedelta(seconds=20)))
        due = update(AlertName).where(
            AlertName.target_id.between(size - first, size - first + part - 1)
        )
        db.session.execute(due.values(next_at=at))
    db.session.remove()


def timed(number: int) -> float:
    started = time.process_time()
    minute.evaluate(NOW + number * MINUTE)
    taken = time.process_time() - started
    db.session.remove()
    return taken


def main() -> None:
    size = next((int(word) for word in sys.argv[1:] if word.isdecimal()), SIZE)
    minute.MOST_SECONDS = float("inf")
    server = postgresql_server() if POSTGRESQL in sys.argv else nullcontext()
    with tempfile.TemporaryDirectory() as folder, server as url:
        app = filled(url or f"sqlite:///{folder}/bench.sqlite3", size)
        app.config["PADLOCK_SITE_URL"] = "https://padlock.example.com"
        app.config["PADLOCK_SMTP_URL"] = mail_server("smtp://127.0.0.1:1")
        with app.app_context():
            certificates()
            gc.collect()
            gc.freeze()  # what the filling has left is none of the site's
            print(f"first evaluation: {timed(0):.1f} s", flush=True)
            for number in range(1, 90):  # what was so at first is told
                timed(number)
            names, incidents = (
                db.session.scalar(select(func.count()).select_from(model))
                for model in (AlertName, AlertIncident)
            )
            quiet = min(timed(number) for number in range(90, 95))
            times = []
            for number in range(95, 95 + MINUTES):
                checked(number, number - 94, size)
                times.append(timed(number))
    print(f"{names:,} names, {incidents:,} incidents, {quiet:.3f} s for a quiet minute, ", end="")
    print(f"{max(times):.2f} s for one with 2 x {size // 100:,} names to look at")
    sys.exit(max(times) > GOAL_SECONDS)


if __name__ == "__main__":
    main()
