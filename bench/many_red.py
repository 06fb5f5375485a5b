"""Ten thousand names of 400 clients become invalid within one minute, and valid again an hour and a
half later: for one cause, or each for a cause of its own. What the minutes of that time take, how
many incidents and mails come of it, how big they are, and how long pages take meanwhile.

`python bench/many_red.py [one|each] [SIZE] [--postgresql]`
"""

from __future__ import annotations

import gc
import resource
import statistics
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import datetime, timedelta

from filling import NOW, filled, postgresql_server
from pages import POSTGRESQL, browsers
from sqlalchemy import String, cast, delete, func, literal, select, update

from tests.served import served
from tests.smtp_server import MailServer
from webapp.config.mail import mail_server
from webapp.customers.models import Domain, DomainStatus, Role, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.jobs.queue import ClaimedJob
from webapp.monitor.models import Target
from webapp.notices import mails, minute
from webapp.notices.models import AlertIncident, AlertName, AlertRule, Scope
from webapp.probe import Reason, State
from webapp.site import site_of

SIZE = 16_000  # of 400 clients
RED_SHARE = 0.625
MINUTE = timedelta(minutes=1)
SECOND_LOOK = 5  # minutes later
SOLVED = 90
LOADS = 21
GOAL_SECONDS = 20.0  # of CPU in a minute
GOAL_MS = 60.0
GOAL_BYTES = 200_000  # of a mail
PAGES = ("/admin/today", "/admin/today?size=100", "/admin/incidents", "/admin/incidents?size=100")
GOOD = {"state": State.VALID, "reason": Reason.OK}


def prepare() -> None:
    """All names are in use and valid, and clients are told of everything."""
    facts = {
        "not_before": NOW - timedelta(days=30),
        "not_after": NOW + timedelta(days=60),
        "checked_at": NOW - MINUTE,
        "address": Target.hostname,
        "issuer": literal("R11, Org ").concat(cast(Target.id, String)),
    }
    with writing():
        run(update(Target).values(facts | GOOD))
        run(update(Target).values(fingerprint=func.substr(Target.hostname + "0" * 64, 1, 64)))
        run(update(Service).values(status=ServiceStatus.ACTIVE))
        run(update(Domain).values(status=DomainStatus.ACTIVE))
        run(update(User).where(User.email == "ada@example.com").values(role=Role.ADMIN))
        db.session.add(AlertRule(scope=Scope.SITE, key="", rule={"clients": "all"}))


def run(statement) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})


def see(count: int, at: datetime, values: dict[str, object]) -> None:
    with writing():
        run(update(Target).where(Target.id <= count).values(values | {"checked_at": at}))
    db.session.remove()


def evaluated(at: datetime) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    minute.evaluate(at)
    db.session.remove()
    return time.process_time() - cpu, time.perf_counter() - wall


def sent(server: MailServer) -> list[int]:
    """Sends the mails that wait; how big each is."""
    jobs = list(db.session.scalars(select(Job).where(Job.kind == mails.MAIL).order_by(Job.id)))
    claimed = [
        ClaimedJob(job.id, job.kind, job.arguments, {}, job.created_at, 1, "") for job in jobs
    ]
    stored = [len(str(job.arguments)) for job in jobs]
    with writing():
        db.session.execute(delete(Job))
    sizes = []
    slowest = 0.0
    for job in claimed[:600]:
        started = time.process_time()
        mails._send(job)
        slowest = max(slowest, time.process_time() - started)
        sizes.append(len(bytes(server.mails.get(timeout=10))))
    if claimed:
        print(
            f"    {len(claimed):,} mails: arguments up to {max(stored):,} bytes, the mail up to"
            f" {max(sizes):,} bytes, {slowest * 1000:.0f} ms of CPU the slowest",
            flush=True,
        )
    return sizes


def page_times(client, paths) -> float:
    worst = 0.0
    for path in paths:
        times = []
        for _ in range(LOADS):
            started = time.process_time()
            response = client.get(path)
            times.append(1000 * (time.process_time() - started))
            if response.status_code != 200:
                raise SystemExit(f"{path} answered {response.status_code}")
        p95 = statistics.quantiles(times[1:], n=20, method="inclusive")[-1]
        worst = max(worst, p95)
        print(
            f"    {path:40} cold {times[0]:6.1f}  p50 {statistics.median(times):6.1f}  p95"
            f" {p95:6.1f} ms of CPU, {len(response.data) / 1000:.0f} kB",
            flush=True,
        )
    return worst


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(case: str, size: int, url: str) -> bool:
    app = filled(url, size)
    count = int(RED_SHARE * size)
    app.config["PADLOCK_SITE_URL"] = "https://padlock.example.com"
    who = browsers(app)["ada"]
    with app.app_context(), served(MailServer()) as server:
        app.config["PADLOCK_SMTP_URL"] = mail_server(f"smtp://127.0.0.1:{server.port}")
        del site_of(app).jobs.works[mails.MAIL]  # they are sent here
        prepare()
        gc.collect()
        gc.freeze()
        for number in range(90):
            evaluated(NOW + number * MINUTE)
        print(
            f"{size:,} names, all valid: {evaluated(NOW + 90 * MINUTE)[0]:.3f} s; {peak():.0f} MB",
            flush=True,
        )
        red = {"state": State.INVALID, "reason": Reason.SELF_SIGNED}
        red["address"] = "192.0.2.1" if case == "one" else Target.hostname
        began = NOW + 91 * MINUTE
        ok = True
        slowest, total, over, biggest = 0.0, 0.0, 0, 0
        for number in range(180):
            at = began + number * MINUTE
            if number in (0, SECOND_LOOK):
                see(count, at - timedelta(seconds=20), red)
            if number == SOLVED:
                see(count, at - timedelta(seconds=20), GOOD | {"address": Target.hostname})
            cpu, wall = evaluated(at)
            total += cpu
            slowest = max(slowest, cpu)
            over += wall > minute.MOST_SECONDS
            if cpu > 0.5:
                print(f"  minute {number}: {cpu:.2f} s of CPU, {wall:.2f} s", flush=True)
            biggest = max([biggest, *sent(server)])
            if number in (SOLVED - 1,):
                incidents = db.session.scalar(select(func.count()).select_from(AlertIncident))
                needing = db.session.scalar(
                    select(func.count()).select_from(AlertName).where(AlertName.need.is_not(None))
                )
                state = db.session.scalar(
                    select(func.max(func.length(cast(AlertIncident.state, String))))
                )
                print(
                    f"  {incidents:,} incidents, the largest {state:,} bytes; {needing:,} names on"
                    f" Today; a quiet minute {evaluated(at + MINUTE / 2)[0]:.2f} s of CPU"
                )
                largest = db.session.scalar(select(func.min(AlertIncident.id)))
                of_one = [f"/admin/incidents/{largest}", f"/admin/incidents/{largest}?size=100"]
                ok &= page_times(who, [*PAGES, *of_one]) <= GOAL_MS
        open_ = db.session.scalar(
            select(func.count()).select_from(AlertIncident).where(AlertIncident.ended_at.is_(None))
        )
        print(
            f"  {open_} incidents are open at the end; {total:.0f} s of CPU in 180 minutes,"
            f" {slowest:.1f} s in the slowest, {over} minutes were not enough; the biggest mail"
            f" {biggest:,} bytes; {peak():.0f} MB"
        )
        ok &= slowest <= GOAL_SECONDS and biggest <= GOAL_BYTES and not open_
    return ok


def main() -> None:
    size = next((int(word) for word in sys.argv[1:] if word.isdecimal()), SIZE)
    cases = [word for word in sys.argv[1:] if word in ("one", "each")] or ["one", "each"]
    ok = True
    for case in cases:
        print(f"{int(RED_SHARE * size):,} names become invalid, cause: {case}", flush=True)
        server = postgresql_server() if POSTGRESQL in sys.argv else nullcontext()
        with tempfile.TemporaryDirectory() as folder, server as url:
            ok &= measure(case, size, url or f"sqlite:///{folder}/bench.sqlite3")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
