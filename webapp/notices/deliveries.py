"""Messages to channels are jobs: one for each message and channel.

Each channel has a lane of its own, so that one which hangs holds up no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select, update

from webapp import mail
from webapp.alerts.messages import STAFF, Message
from webapp.customers import audit_log
from webapp.customers.concurrency import still_admin
from webapp.customers.models import User
from webapp.errors import found
from webapp.extensions import db, writing
from webapp.jobs import outbox, queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.notices import channels, contents, webhooks
from webapp.notices.models import Channel, WebhookDelivery
from webapp.notices.store import Store
from webapp.site import site_of, this_site
from webapp.words import alert_mails as mail_words
from webapp.words import channels as say

MOST_LISTED = 20  # names in one message: many services cut what is longer than 4,000 characters
TEST_FOR = timedelta(minutes=2)  # for which a test waits for its turn
TEST = "test"
AGAIN = "again"
# Another try would be no use
_FINAL = frozenset({"blocked", "key", "local", "unknown"})
_PREFIX = "channel:"


def register(app: Flask) -> None:
    """Has each process send what any process has added."""
    site_of(app).each_tick.append(add_lanes)


def add_lanes(_now: datetime) -> None:
    """So that this process runs jobs that another one has added, or has left."""
    jobs = this_site().jobs
    waiting = select(Job.kind).where(Job.kind.startswith(_PREFIX)).distinct()
    new = [kind for kind in db.session.scalars(waiting) if kind not in jobs.works]
    for kind in new:
        _add_lane(int(kind.removeprefix(_PREFIX)))
    if new:
        jobs.wake()


def add(messages: Iterable[Message], store: Store, now: datetime) -> None:
    """Adds what channels are told of these messages. Call it inside the `writing()` that stores
    what was told."""
    active = channels.active()
    for message in messages if active else ():
        if message.to != STAFF:
            continue
        number = store.next_message()
        for channel in active:
            events = [
                event
                for event in message.events
                if channels.wants(channel, event, store.memory.names[event.name].product)
            ]
            if events:
                most = webhooks.MOST_EVENTS if channel.is_webhook else MOST_LISTED
                told = contents.arguments(
                    events, message.incident, store, most, reminder=message.reminder
                )
                _add_lane(channel.id)
                outbox.add(kind_of(channel.id), str(number), told, now)


def test(who: User, channel_id: int, now: datetime) -> None:
    """Has a test message sent; what comes of it is stored with the channel. Raises
    `errors.NotFound`."""
    with writing():
        still_admin(who)
        channels.get(channel_id)
        _add_lane(channel_id)
        queue.add(kind_of(channel_id), TEST, {TEST: True}, now, TEST_FOR)


def send_again(who: User, channel_id: int, delivery_id: int, now: datetime) -> None:
    """Has a webhook get a message once more, with the same id. Raises `errors.NotFound`."""
    with writing():
        still_admin(who)
        channel = webhooks.get(channel_id)
        mine = select(WebhookDelivery.id).filter_by(id=delivery_id, channel_id=channel_id)
        found(db.session.scalar(mine))
        audit_log.note(who, "sent again", "channel", channel_id, channel.name, now)
        _add_lane(channel_id)
        key = f"{AGAIN} {delivery_id}"
        queue.add(kind_of(channel_id), key, {AGAIN: delivery_id}, now, TEST_FOR)


def is_tested(channel_id: int, now: datetime) -> bool:
    """Whether a test of this channel is under way."""
    waits = (Job.failed_at.is_(None), Job.give_up_at > now)
    found = select(Job.id).where(Job.kind == kind_of(channel_id), Job.key == TEST, *waits)
    return db.session.scalar(found) is not None


def kind_of(channel_id: int) -> str:
    return f"{_PREFIX}{channel_id}"


def _add_lane(channel_id: int) -> None:
    jobs = this_site().jobs
    kind = kind_of(channel_id)
    if kind not in jobs.works:
        run = partial(_send, channel_id)
        about = partial(_name, channel_id)
        work = Work(run, lambda: True, about, lane=kind)
        jobs.works = {**jobs.works, kind: work}  # its threads read the old one meanwhile


def _name(channel_id: int, _arguments: dict[str, Any]) -> str:
    channel = db.session.get(Channel, channel_id)
    return channel.name if channel else ""


def _send(channel_id: int, job: ClaimedJob) -> Outcome:
    channel = db.session.get(Channel, channel_id)
    is_test = TEST in job.arguments
    asked_for = is_test or AGAIN in job.arguments
    if channel is None or (channel.paused and not asked_for):
        return DONE
    if channel.is_webhook:
        outcome = webhooks.send(channel, job, job.arguments.get(AGAIN))
        return DONE if asked_for else outcome
    url = channels.url_of(channel)
    message = (
        {"title": say.test_title(), "body": say.test_body()} if is_test else _message(job, channel)
    )
    db.session.rollback()  # no transaction is open while the service takes its time
    answer = channels.ask(url, **message) if url else {"problem": "key"}
    problem = answer.get("problem", "")
    detail = answer.get("detail", "")
    with writing():
        said = {"said_at": datetime.now(UTC), "problem": problem, "detail": detail}
        db.session.execute(update(Channel).where(Channel.id == channel_id).values(said))
    if is_test or not problem:
        return DONE
    return Outcome(problem, detail, final=problem in _FINAL)


def _message(job: ClaimedJob, channel: Channel) -> dict[str, str]:
    told = job.arguments
    lines = contents.lines(told["events"], limited_to=channel.clients)
    counts = Counter(told["counts"])
    zone = current_app.config["PADLOCK_TIMEZONE"]
    number = told["incident"]
    sections = mail_words.sections(
        *(lines, counts, job.created_at, zone), staff=True, together=number is not None
    )
    left = mail_words.left_text(lines, counts)
    if number:
        more = mail_words.incident_text(mail.link(current_app, f"/admin/incidents/{number}"))
    else:
        more = mail_words.all_names_text(mail.link(current_app, "/")) if left else ""
    return {
        "title": mail_words.subject(lines, counts, reminder=told["reminder"]),
        "body": mail_words.sections_text(sections, left, more),
    }
