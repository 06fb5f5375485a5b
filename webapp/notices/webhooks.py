"""Webhooks: channels that get messages as JSON, signed by the Standard Webhooks specification."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, select, update
from standardwebhooks import Webhook

from webapp import encryption, mail
from webapp.customers import audit_log
from webapp.customers.concurrency import still_admin
from webapp.customers.models import User
from webapp.errors import found
from webapp.extensions import db, writing
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.notices import channels, contents
from webapp.notices.models import Channel, WebhookDelivery

PURPOSE = "webhook secrets"
SECRET_BYTES = 32
OLD_SECRET_FOR = timedelta(hours=24)  # after a rotation messages are signed with both
MOST_EVENTS = 1000  # in one message
MOST_KEPT = 100  # deliveries of a webhook
GONE = 410  # its receiver wants no more
TEST_TYPE = "test"
ALERT_TYPE = "certificate.alert"
_FINAL = frozenset({"blocked", "key"})


def new_secrets() -> str:
    """The secrets of a new webhook, as they are stored."""
    return _stored([(_new_secret(), None)])


def rotate(who: User, channel_id: int, now: datetime) -> None:
    """Gives a webhook a new secret; the last one is good for `OLD_SECRET_FOR`. Raises
    `errors.NotFound`."""
    with writing():
        still_admin(who)
        channel = get(channel_id)
        until = now + OLD_SECRET_FOR
        old = [(secret, until) for secret in valid_secrets(channel, now)[:1]]
        channel.secrets = _stored([(_new_secret(), None), *old])
        audit_log.note(who, "changed", "channel", channel.id, channel.name, now)


def get(channel_id: int) -> Channel:
    """Raises `errors.NotFound`, also for a channel that is no webhook."""
    channel = channels.get(channel_id)
    return found(channel if channel.is_webhook else None)


def valid_secrets(channel: Channel, now: datetime) -> list[str]:
    """Those that messages are signed with, the newest first; none where they were stored under
    another secret key of the site."""
    text = encryption.decrypt(channel.secrets or "", current_app.config["SECRET_KEY"], PURPOSE)
    stored = json.loads(text) if text else []
    return [
        secret for secret, until in stored if until is None or datetime.fromisoformat(until) > now
    ]


def latest(channel_id: int) -> list[WebhookDelivery]:
    """What was sent to a webhook, the newest first."""
    each = select(WebhookDelivery).filter_by(channel_id=channel_id)
    return list(db.session.scalars(each.order_by(WebhookDelivery.id.desc()).limit(MOST_KEPT)))


def send(channel: Channel, job: ClaimedJob, delivery_id: int | None) -> Outcome:
    """Posts the message of this job, or this one again, and stores what came of it."""
    url = channels.url_of(channel)
    keys = valid_secrets(channel, datetime.now(UTC))
    channel_id = channel.id
    delivery = _delivery(channel, job, delivery_id)
    if delivery is None:
        return DONE
    message_id = delivery.message_id
    body = delivery.body
    db.session.rollback()  # no transaction is open while the receiver takes its time
    if url and keys:
        headers = _headers(message_id, body, keys, datetime.now(UTC))
        answer = channels.ask_webhook(url, headers=headers, body=body)
    else:
        answer = {"problem": "key"}
    _store(channel_id, message_id, answer, datetime.now(UTC))
    status = answer.get("status", 0)
    if 200 <= status < 300:
        return DONE
    problem = answer.get("problem", "status")
    detail = str(status) if status else answer.get("detail", "")
    return Outcome(problem, detail, final=problem in _FINAL or status == GONE)


def alert_body(told: dict[str, Any], at: datetime, limited_to: Collection[int]) -> str:
    """A message as JSON: the same events that mails and other channels tell of."""
    lines = contents.lines(told["events"], limited_to=limited_to)
    number = told["incident"]
    incident = {"id": number, "link": mail.link(current_app, f"/admin/incidents/{number}")}
    data = {
        "reminder": told["reminder"],
        "incident": incident if number else None,
        "counts": told["counts"],
        "events": [
            {
                "kind": line.kind,
                "name": line.name,
                "client": line.client or None,
                "reason": line.reason or None,
                "not_after": _instant(line.not_after) if line.not_after else None,
                "link": line.link or None,
            }
            for line in lines
        ],
    }
    return _body(ALERT_TYPE, at, data)


def test_body(at: datetime) -> str:
    return _body(TEST_TYPE, at, {})


def _body(type_: str, at: datetime, data: dict[str, Any]) -> str:
    return json.dumps({"type": type_, "timestamp": _instant(at), "data": data})


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _delivery(channel: Channel, job: ClaimedJob, delivery_id: int | None) -> WebhookDelivery | None:
    """The row of a message, made at its first try; None where the one to be sent again is gone."""
    if delivery_id is not None:
        return db.session.get(WebhookDelivery, delivery_id)
    message_id = f"msg_{job.id}"
    channel_id = channel.id
    each = select(WebhookDelivery).filter_by(channel_id=channel_id, message_id=message_id)
    known = db.session.scalar(each)
    if known is not None:
        return known
    at = job.created_at
    told = job.arguments
    body = alert_body(told, at, channel.clients) if "events" in told else test_body(at)
    with writing():
        new = WebhookDelivery(
            channel_id=channel_id, message_id=message_id, created_at=at, body=body
        )
        db.session.add(new)
    return new


def _headers(message_id: str, body: str, keys: Iterable[str], now: datetime) -> dict[str, str]:
    signatures = (Webhook(key).sign(message_id, now, body) for key in keys)
    return {
        "content-type": "application/json",
        "user-agent": "Padlock",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _store(channel_id: int, message_id: str, answer: dict[str, Any], now: datetime) -> None:
    status: int | None = answer.get("status")
    problem = answer.get("problem", "")
    arrived = status is not None and 200 <= status < 300
    said = {"said_at": now, "problem": problem, "detail": answer.get("detail", "")}
    if not arrived and not problem:
        said |= {"problem": "status", "detail": str(status)}
    text = answer.get("answer", "").replace("\0", "\ufffd")
    tried = {"status": status, "problem": problem, "answer": text[:1000], "said_at": now}
    mine = WebhookDelivery.channel_id == channel_id
    kept = select(WebhookDelivery.id).where(mine).order_by(WebhookDelivery.id.desc())
    with writing():
        db.session.execute(
            update(WebhookDelivery)
            .where(mine, WebhookDelivery.message_id == message_id)
            .values(**tried, tries=WebhookDelivery.tries + 1)
        )
        if status == GONE:
            said["paused"] = True
        db.session.execute(update(Channel).where(Channel.id == channel_id).values(said))
        oldest = db.session.scalar(kept.offset(MOST_KEPT - 1).limit(1))
        if oldest is not None:
            db.session.execute(delete(WebhookDelivery).where(mine, WebhookDelivery.id < oldest))


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _stored(each: Iterable[tuple[str, datetime | None]]) -> str:
    text = json.dumps([(secret, until and until.isoformat()) for secret, until in each])
    return encryption.encrypt(text, current_app.config["SECRET_KEY"], PURPOSE)
