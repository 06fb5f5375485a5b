"""What a kill loses: nothing that was acknowledged, and nothing is there twice.

In each round the site starts, and while people add services, sign in and import, and a refresh
asks what is there, it is killed at a random moment with SIGKILL. With --all there are two web
processes, two workers, a PostgreSQL and a Redis, and a round kills one kind of them or all.
Afterwards the site is started once more, and what was acknowledged is looked for. The number of
rounds is an argument; the exit code is 1 where something was lost.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, product
from pathlib import Path
from random import Random
from threading import Thread
from typing import NamedTuple

import distant
import requests
from flask import Flask
from sqlalchemy import func, or_, select
from start import ROOT, prepared

from scripts.ports import free_port
from tests import postgresql, redis_fixture
from webapp.accounts import sign_ins
from webapp.customers import catalog, index_check
from webapp.customers.models import Domain, Role, Service
from webapp.extensions import db, writing
from webapp.imports import run_job
from webapp.jobs.models import Job
from webapp.monitor.models import RefreshRun, RunState, Target

ALL = "--all"
ROUNDS = 30
LONGEST = 4.0  # seconds of a round, from the first answer on
AT_ONCE = 20  # names of an import
CALM_SECONDS = 240  # in which the last of the work has ended: a lease, a tick, and the work itself
SAFE = "synchronous_commit=on"  # as PostgreSQL comes; the tests' own is not
COOKIE = "padlock"
EMAIL = "ada{}@example.com"  # one a round: the oldest sign-ins of a user end when there are many
PASSWORD = "a password for a benchmark"
# What a person who uses a site that is killed meanwhile may meet
CUT_OFF = (requests.RequestException, LookupError)


@dataclass
class Acknowledged:
    """What the site has said is done."""

    services: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    imports: list[list[str]] = field(default_factory=list)
    begun: list[list[str]] = field(default_factory=list)  # imports that may have been done
    accepted: list[list[str]] = field(default_factory=list)  # that have to be done in the end

    def __str__(self) -> str:
        return (
            f"{len(self.services)} services, {len(self.sessions)} sign-ins,"
            f" {len(self.imports)} imports of {AT_ONCE} names"
        )


class Person:
    """Someone with a browser."""

    def __init__(self, site: str, session: str = "") -> None:
        self._site = site
        self.browser = requests.Session()
        if session:
            self.browser.cookies.set(COOKIE, session, domain="127.0.0.1", path="/")

    def get(self, path: str) -> requests.Response:
        return self.browser.get(self._site + path, timeout=20, allow_redirects=False)

    def post(self, path: str, **fields: str) -> requests.Response:
        """Sent with the token of a page: that of signing in for those who are not."""
        page = self.browser.get(f"{self._site}/profile/password", timeout=20).text
        fields["csrf_token"] = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page)[0]
        return self.browser.post(self._site + path, data=fields, timeout=20, allow_redirects=False)

    def sign_in(self, number: int) -> str | None:
        """The cookie of a new session of this user; None where a limit is reached."""
        answer = self.post("/sign-in", email=EMAIL.format(number), password=PASSWORD)
        return self.browser.cookies[COOKIE] if answer.status_code == 303 else None


class Task(NamedTuple):
    """What someone does until the site is killed: where, in which round, as whom, with which
    names."""

    site: str
    number: int
    session: str
    names: Iterator[str]


def add_services(task: Task, known: Acknowledged) -> None:
    ada = Person(task.site, task.session)
    for name in task.names:
        form = {"client": "All", "product": "Shop", "domain": name, "status": "Active"}
        if ada.post("/admin/services/new", **form).status_code == 303:
            known.services.append(name)


def sign_in(task: Task, known: Acknowledged) -> None:
    while session := Person(task.site).sign_in(task.number):
        known.sessions.append(session)


def import_names(task: Task, known: Acknowledged) -> None:
    ada = Person(task.site, task.session)
    while True:
        file = [next(task.names) for _ in range(AT_ONCE)]
        form = {"client": "All", "kind": "domain", "names": "\n".join(file)}
        job = ada.post("/admin/import/paste/names", **form).headers["Location"]
        heading(ada, job, "Review before importing")
        known.begun.append(file)
        if ada.post(job).status_code == 303:
            known.accepted.append(file)
        heading(ada, job, "Imported")
        known.imports.append(file)


def heading(person: Person, page: str, wanted: str) -> None:
    """Waits until the page has this heading."""
    while f">{wanted}</h1>" not in person.get(page).text:
        time.sleep(0.05)


TASKS = (add_services, sign_in, import_names)


class Place:
    """The processes of a site, each in a group of its own, and what can be killed."""

    def __init__(
        self, servers: dict[str, postgresql.Server | redis_fixture.Server], workers: int = 2
    ) -> None:
        self.servers = servers
        self._workers = workers
        self.sites = [f"http://127.0.0.1:{free_port()}" for _ in range(2 if servers else 1)]
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        module = [sys.executable, "-m"]
        for site in self.sites:
            self._run([*module, "gunicorn", "--log-level", "critical", "wsgi:app"], site)
        for _ in range(self._workers if self.servers else 0):
            self._run([*module, "flask", "worker"], "")
        for site in self.sites:
            while not answers(site):
                time.sleep(0.05)

    def _run(self, command: list[str], site: str) -> None:
        environ = os.environ | {"PADLOCK_LISTEN": site.removeprefix("http://")}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started = subprocess.Popen(command, cwd=ROOT, env=environ, process_group=0, **quiet)
        self._processes.append(started)

    def kill(self, chance: Random) -> None:
        """The site, and with it one of the servers, all or none."""
        for name in chance.choice([[], *([each] for each in self.servers), list(self.servers)]):
            self.servers[name].kill()
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()
        for server in self.servers.values():
            if isinstance(server, redis_fixture.Server):
                server.start()
            elif server.process.poll() is not None:
                server.start(SAFE)


def answers(site: str) -> bool:
    try:
        return requests.get(f"{site}/healthz", timeout=20).ok
    except requests.RequestException:
        return False


def play(place: Place, number: int, chance: Random, known: Acknowledged) -> None:
    """A round: people at work on a site that is killed."""
    place.start()
    ada = Person(place.sites[0])
    session = ada.sign_in(number) or ""
    ada.post("/admin/refresh")
    threads = []
    for who, (site, work) in enumerate(product(place.sites, TASKS)):
        task = Task(site, number, session, names_of(number, who))
        threads.append(Thread(target=until_killed, args=(work, task, known)))
        threads[-1].start()
    time.sleep(chance.uniform(0.1, LONGEST))
    place.kill(chance)
    for thread in threads:
        thread.join()


def names_of(number: int, who: int) -> Iterator[str]:
    """Host names of this worker alone, different in each round."""
    return (f"r{number}w{who}n{n}.s{n % distant.SERVERS}.example" for n in count())


def until_killed(
    work: Callable[[Task, Acknowledged], None], task: Task, known: Acknowledged
) -> None:
    with suppress(*CUT_OFF):
        work(task, known)


def lost(app: Flask, site: str, known: Acknowledged) -> dict[str, int]:
    """How much of it is not as it was said to be."""
    with app.app_context():
        services = Counter(db.session.scalars(select(Service.domain)))
        domains = Counter(db.session.scalars(select(Domain.name)))
        held = select(func.count()).where(Target.claim.is_not(None))
        running = select(func.count()).where(RefreshRun.state == RunState.RUNNING)
        found = {
            "services lost": sum(not services[name] for name in known.services),
            "names there twice": sum(n > 1 for n in (*services.values(), *domains.values())),
            "imports lost": sum(not all(domains[name] for name in file) for file in known.accepted),
            "imports that are there in part": sum(
                0 < sum(domains[name] for name in file) < AT_ONCE for file in known.begun
            ),
            "host names still claimed": db.session.scalar(held) or 0,
            "refreshes still running": db.session.scalar(running) or 0,
            "listing rows adrift": index_check.drifted(datetime.now(UTC)),
        }
        db.session.remove()
    signed_out = [s for s in known.sessions if Person(site, s).get("/profile").status_code != 200]
    return found | {"sign-ins lost": len(signed_out)}


def at_rest(app: Flask) -> bool:
    """Whether no refresh and no job is under way, and no import waits for a killed process."""
    with app.app_context():
        running = select(func.count()).where(RefreshRun.state == RunState.RUNNING)
        due = or_(Job.run_at <= func.now(), Job.kind == run_job.KIND)
        waiting = select(func.count()).where(Job.failed_at.is_(None), due)
        busy = db.session.scalar(running) or db.session.scalar(waiting)
        db.session.remove()
    return not busy


@contextmanager
def servers_of(folder: Path) -> Iterator[dict[str, postgresql.Server | redis_fixture.Server]]:
    database = postgresql.Server()
    broker = redis_fixture.Server(folder)
    with ExitStack() as ends:
        ends.callback(database.remove)
        ends.callback(broker.kill)
        database.start(SAFE)
        broker.start()
        yield {"PostgreSQL": database, "Redis": broker}


def main() -> int:
    rounds = next((int(word) for word in sys.argv[1:] if word.isdigit()), ROUNDS)
    seed = int(time.time())
    print(f"{rounds} kills, seed {seed}")
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        settings = ends.enter_context(distant.serving(folder))
        servers = ends.enter_context(servers_of(folder)) if ALL in sys.argv else {}
        if servers:
            settings["PADLOCK_DATABASE_URL"] = servers["PostgreSQL"].url()
            settings["PADLOCK_BROKER_URL"] = servers["Redis"].url
        app = prepared(folder, settings | {"PADLOCK_SECRET_KEY": "x" * 32})
        with app.app_context(), writing():
            now = datetime.now(UTC)
            catalog.add_client("All", now)
            for number in range(rounds + 1):
                email = EMAIL.format(number)
                sign_ins.add_user(email, "Ada", PASSWORD, now, role=Role.ADMIN)
        place = Place(servers)
        chance = Random(seed)  # noqa: S311 - printed above
        ends.callback(place.kill, chance)
        known = Acknowledged()
        for number in range(rounds):
            play(place, number, chance, known)
            print(f"  round {number + 1}: {known}", flush=True)
        place.start()
        until = time.monotonic() + CALM_SECONDS
        while not at_rest(app) and time.monotonic() < until:
            time.sleep(1)
        found = lost(app, place.sites[0], known)
    print(f"acknowledged: {known}")
    for words, number in found.items():
        print(f"{number:6} {words}")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
