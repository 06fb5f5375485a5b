"""A made-up history as the site lives through it: its scheduler ticks by a clock that is set, its
database takes up what checks see, and its mails arrive at a mail server.

Of all minutes only those are played in which something happens or falls due, and one each six
hours: see `play`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from itertools import groupby, pairwise
from operator import attrgetter

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from tests.alerts.fleet import Fleet
from tests.smtp_server import MailServer
from webapp.accounts import sign_ins
from webapp.alerts import messages
from webapp.alerts.facts import Check, Fact, Monitor
from webapp.alerts.messages import STAFF, Event, Kind, Message
from webapp.alerts.rehearsal import in_order
from webapp.config.mail import mail_server
from webapp.customers import catalog
from webapp.customers.models import Role, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.monitor import check_counts, results
from webapp.monitor.health import releases
from webapp.monitor.models import RunState, Target
from webapp.monitor.refresh import runs, scheduler
from webapp.notices import mails, minute, rules
from webapp.notices.models import AlertClock, AlertIncident, AlertName, HeldMail, Scope
from webapp.notices.rules import Subject
from webapp.probe import Certificate, Finding, Reason
from webapp.words.alert_mails import happened

MINUTE = timedelta(minutes=1)
LONGEST_STEP = timedelta(hours=6)  # between two minutes that are played
TICK_EVERY = timedelta(days=1)  # the scheduler does all that it does each minute
# For which a `Fleet` is made: checks come four times a day, and all at full minutes
GRAIN = 60
PACE = 6 * 3600
MOST_LISTED = 10_000
PATIENCE_SECONDS = 60  # for the mails of a minute
STAFF_EMAIL = "staff@example.com"


def facts_of(fleet: Fleet) -> list[Fact]:
    """Its history; what the monitor itself is like comes first in its minute, as on the site."""
    facts = in_order(line.encode() for line in fleet.lines())
    return sorted(facts, key=lambda fact: (fact.at, not isinstance(fact, Monitor)))


def set_up(app: Flask, fleet: Fleet, server: MailServer, now: datetime) -> None:
    """Gives the site the names, with a user for each client and one of the staff, and has it mail
    them all."""
    app.config["PADLOCK_SITE_URL"] = "https://padlock.example.com"
    app.config["PADLOCK_SMTP_URL"] = mail_server(f"smtp://127.0.0.1:{server.port}")
    with writing():
        db.session.execute(update(User).values(alert_mails=False))
        ada = sign_ins.add_user("ada@fleet.example", "Ada", None, now, role=Role.ADMIN)
        ada.alert_mails = False
        sign_ins.add_user(STAFF_EMAIL, "Sam Staff", None, now, role=Role.STAFF)
        clients = {}
        for name in fleet.names:
            if name.client not in clients:
                client = clients[name.client] = catalog.add_client(name.client, now)
                sign_ins.add_user(_email(name.client), name.client, None, now, client=client)
            client = clients[name.client]
            catalog.add_service(client, "Hosting", name.name, ServiceStatus.ACTIVE, None)
    rules.save(ada, Subject(Scope.SITE), {"clients": "all"}, now)
    db.session.remove()


def play(app: Flask, facts: Iterable[Fact], server: MailServer) -> Iterator[Message]:
    """The messages of the mails that arrive, as the site lives through these facts.

    Their instants are full minutes. A minute is played where a check sees for the first or second
    time what it sees, where the monitor goes offline or online, and where something falls due.
    """
    player = _Player(app, server)
    with pytest.MonkeyPatch.context() as patch:
        # Minutes that are left out are no gap, and a mail is one message and lists all of its names
        patch.setattr(minute, "GAP", 2 * LONGEST_STEP)
        patch.setattr(messages, "MOST_AT_ONCE", MOST_LISTED)
        patch.setattr(mails, "MOST_LISTED", MOST_LISTED)
        # The libraries of today come from the future of this history, as if its clock were wrong
        patch.setattr(releases, "released", lambda _name, _version: None)
        for at, group in groupby(facts, attrgetter("at")):
            yield from player.pass_time(at)
            yield from player.see(at, list(group))


class _Player:
    def __init__(self, app: Flask, server: MailServer) -> None:
        self._app = app
        self._server = server
        self._last: datetime | None = None  # that was played
        self._due: datetime | None = None
        self._seen: dict[str, tuple[object, int]] = {}  # by name: what, how many times
        self._not_evaluated: set[str] = set()
        self._offline = False
        self._ticked: datetime | None = None

    def pass_time(self, until: datetime) -> Iterator[Message]:
        """Plays the minutes before this one."""
        while self._last is not None:
            moment = self._last + LONGEST_STEP
            if self._due is not None:
                moment = min(moment, max(self._due, self._last + MINUTE))
            if moment >= until:
                break
            yield from self._tick(moment)

    def see(self, at: datetime, facts: list[Fact]) -> Iterator[Message]:
        """Plays the minute of these facts, if it has to be."""
        checks = [fact for fact in facts if isinstance(fact, Check)]
        monitor = [fact for fact in facts if isinstance(fact, Monitor)]
        again = any(check.name in self._not_evaluated for check in checks)
        if self._last is not None and self._last < at - MINUTE and (again or monitor):
            yield from self._tick(at - MINUTE)
        for fact in monitor:
            self._offline = not fact.online
        with time_machine.travel(at, tick=False), self._app.app_context():
            self._judge_network(at)
            self._record(checks)
        self._not_evaluated |= {check.name for check in checks}
        news = [check for check in checks if self._is_news(check)]
        is_due = self._due is not None and self._due <= at
        if news or monitor or is_due or self._last is None or at >= self._last + LONGEST_STEP:
            yield from self._tick(at)

    def _is_news(self, check: Check) -> bool:
        what = (check.state, check.reason, check.certificate)
        before, times = self._seen.get(check.name, (None, 0))
        times = times + 1 if what == before else 1
        self._seen[check.name] = (what, times)
        return times <= 2

    def _judge_network(self, now: datetime) -> None:
        """What the refresh that is under way notes of the monitor's network."""
        run = runs.under_way()
        if run is not None and (run.state is RunState.OFFLINE) != self._offline:
            note = runs.went_offline if self._offline else lambda id_, _now: runs.went_well(id_)
            note(run.id, now)

    def _record(self, checks: list[Check]) -> None:
        """As the refresh records what arrives together."""
        run = runs.under_way()
        findings = {check.name: (_finding(check), check.at) for check in checks}
        with writing():
            named = select(Target.hostname, *results.STORED).where(Target.hostname.in_(findings))
            rows = list(db.session.execute(named))
            values = [results.new_values(row, *findings[row.hostname]) for row in rows]
            pairs = [(row, new) for row, new in zip(rows, values, strict=True) if new]
            results.write([new for _, new in pairs])
            results.note([one for row, new in pairs for one in results.history_entries(row, new)])
            check_counts.add([finding for finding, _ in findings.values()])
            if run is not None and not self._offline:
                runs.count(run.id, {"asked": len(checks)})
        db.session.remove()

    def _tick(self, now: datetime) -> Iterator[Message]:
        self._last = now
        self._not_evaluated.clear()
        with time_machine.travel(now, tick=False):
            if self._ticked is None or now >= self._ticked + TICK_EVERY:
                self._ticked = now
                scheduler._tick(self._app)
            with self._app.app_context():
                minute.evaluate(now)
                self._judge_network(now)
                self._wait_for_mails()
                due = _next_due()
                db.session.remove()
        self._due = None if due is None else _full_minute(due)
        while not self._server.mails.empty():
            yield message_of(self._server.mails.get())

    def _wait_for_mails(self) -> None:
        waiting = select(Job.id).where(Job.kind == mails.MAIL).limit(1)
        until = time.monotonic() + PATIENCE_SECONDS
        while db.session.scalar(waiting) is not None:
            assert time.monotonic() < until, "a mail is not sent"
            db.session.rollback()
            time.sleep(0.002)


def _next_due() -> datetime | None:
    """When the site has something to tell next, as far as it is known."""
    clock = db.session.get(AlertClock, 1)
    outage = clock.state.get("outage_at") if clock else None
    found = [datetime.fromisoformat(outage)] if outage else []
    for column in (AlertName.next_at, AlertIncident.next_at, HeldMail.due_at):
        first = db.session.scalar(select(func.min(column)))
        found += [first] if first is not None else []
    return min(found, default=None)


def _full_minute(at: datetime) -> datetime:
    """The first one that is not before it."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + MINUTE


def _finding(check: Check) -> Finding:
    seen = check.certificate
    certificate = seen and Certificate(
        fingerprint=seen.fingerprint,
        issuer=seen.issuer,
        names=seen.names or (),
        names_total=len(seen.names or ()),
        not_before=seen.not_before,
        not_after=seen.not_after,
        key=seen.key,
    )
    return Finding(
        input=check.name,
        hostname=check.name,
        reason=Reason(check.reason),
        checked_at=check.at,
        elapsed_seconds=0.1,
        address=check.address,
        certificate=certificate,
    )


# --- What a mail says ---


def _email(client: str) -> str:
    return f"{client.replace(' ', '-').lower()}@fleet.example"


def message_of(mail: EmailMessage) -> Message:
    """The message that this mail tells, of which all names are listed."""
    to = mail["To"]
    reader = STAFF if to == STAFF_EMAIL else f"client:{_client_at(to)}"
    thread = mail["References"]
    return Message(
        at=parsedate_to_datetime(mail["Date"]),
        to=reader,
        events=tuple(_events(mail.get_body(("plain",)).get_content(), reader)),
        incident=int(thread.partition("@")[0].removeprefix("<incident-")) if thread else None,
        reminder=mail["Subject"].strip().startswith("Reminder: "),
    )


def _client_at(email: str) -> str:
    return email.partition("@")[0].replace("-", " ").title()


def _events(text: str, reader: str) -> Iterator[Event]:
    """What stands below each heading."""
    parts = text.replace("\r\n", "\n").split("\n\n")
    for heading, part in pairwise(parts):
        lines = [line[2:] for line in part.split("\n") if line.startswith("- ")]
        first = lines[0].partition(" (")[0] if lines else ""
        for kind in Kind if lines else ():
            if heading.startswith(f"{happened(kind, len(lines), first)}."):
                for line in lines:
                    name, _, client = line.partition(" (")
                    yield Event(kind, name, client.removesuffix(")") or reader[len("client:") :])


# --- Beside a rehearsal ---


def differences(told: Iterable[Message], rehearsed: Iterable[Message]) -> list[str]:
    """What the site told and a rehearsal did not, and the other way round: who is told of what, in
    which incident, within two minutes."""
    incidents: dict[int | None, set[int | None]] = defaultdict(set)
    left = defaultdict(list)
    for message in rehearsed:
        left[_key(message)].append(message)
    found = []
    for message in told:
        same = left[_key(message)]
        near = [other for other in same if abs(message.at - other.at) <= 2 * MINUTE]
        if near:
            same.remove(near[0])
            incidents[near[0].incident].add(message.incident)
        else:
            found.append(f"told only: {message}")
    found += [f"rehearsed only: {message}" for same in left.values() for message in same]
    found += [f"incident {a}: {bs}" for a, bs in incidents.items() if len(bs) > 1]
    return found


def _key(message: Message) -> object:
    events = frozenset((event.kind, event.name, event.client) for event in message.events)
    return message.to, message.reminder, events
