"""Security events: who signed in, from where, and what failed; each is logged as well.

A flood of attempts must not fill the database. Equal events within a minute are one row with a
count. An hour takes `MOST_ROWS_AN_HOUR` rows of what anyone can cause; what comes beyond it is
counted without its address and its account.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import Flask, current_app
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import joinedload

from webapp.accounts.models import SecurityEvent
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.listing import page
from webapp.listing.order import Order
from webapp.listing.rows import Rows
from webapp.monitor.refresh import scheduler
from webapp.parsing import whole

NEWEST_FIRST = Order((), SecurityEvent.id)
MOST_ROWS_AN_HOUR = 1000  # rows of `ANYONES`
SEVERAL = "several"  # in place of the address, where many are counted in one row
DELETED_AT_ONCE = 1000  # rows; a scheduler comes by every minute, and no hour takes more than that

log = logging.getLogger("webapp.security")


class Event(StrEnum):
    """What is noted. The log and the database hold these words: they stay what they are."""

    SIGN_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in failed"
    SIGN_IN_REFUSED = "sign-in refused"
    SIGN_OUT = "sign-out"
    SIGN_IN_ENDED = "sign-in ended"
    SIGNED_OUT_ELSEWHERE = "signed out elsewhere"
    SIGNED_OUT_EVERYWHERE = "signed out everywhere"
    RESET_REQUESTED = "reset requested"
    RESET_REFUSED = "reset refused"
    RESET_LINK_MADE = "reset link made"
    PASSWORD_RESET = "password reset"  # noqa: S105 - it is words
    PASSWORD_CHANGED = "password changed"  # noqa: S105
    PASSWORD_CHECK_FAILED = "password check failed"  # noqa: S105
    PASSWORD_CHECK_REFUSED = "password check refused"  # noqa: S105
    EMAIL_CHANGED = "e-mail changed"
    USER_ADDED = "user added"
    ROLE_CHANGED = "role changed"
    USER_DISABLED = "user disabled"
    USER_ENABLED = "user enabled"
    VIEW_AS_STARTED = "view as started"
    VIEW_AS_ENDED = "view as ended"


REFUSED = frozenset({Event.SIGN_IN_REFUSED, Event.RESET_REFUSED, Event.PASSWORD_CHECK_REFUSED})
# What can be caused without knowing a password.
ANYONES = REFUSED | {Event.SIGN_IN_FAILED, Event.RESET_REQUESTED, Event.PASSWORD_CHECK_FAILED}


@dataclass(frozen=True)
class Caller:
    """Where a request comes from: its network address, and the browser in its own words."""

    address: str = ""
    user_agent: str = ""


COMMAND_LINE = Caller()  # has neither


@dataclass(frozen=True)
class SecurityLog(page.Shown[SecurityEvent]):
    """One page of the security events, newest first, and what was understood of the question."""

    search: str
    filters: Mapping[str, str]  # of "event", "address" and "user", in the words of the address bar
    person: str  # the e-mail address of the user that is filtered by


def register(app: Flask) -> None:
    """Has the scheduler delete old events."""
    scheduler.at_each_tick(app, delete_old)


def note(
    event: Event,
    caller: Caller,
    now: datetime,
    *,
    user: User | None = None,
    email: str = "",
    by: User | None = None,
    **parameters: str,
) -> None:
    """Stores one event and writes its line in the log.

    Call it inside the `writing()` of what it tells of.

    `user` is whom it is about. Where that is unknown, `email` is what was entered: only its keyed
    hash is kept. `by` is the administrator who did it to them.
    """
    facts: dict[str, Any] = {
        "user_id": user.id if user else None,
        "by_id": by.id if by else None,
        "email_hash": "" if user or not email else email_hash(email),
    }
    _log_line(event, caller.address, facts)
    address = caller.address
    if event in ANYONES and _of_the_hour(now) >= MOST_ROWS_AN_HOUR:
        address = SEVERAL
        facts = {"user_id": None, "by_id": None, "email_hash": ""}
    minute = now.replace(second=0, microsecond=0)
    facts |= {"event": event.value, "address": address}
    if not parameters:
        again = update(SecurityEvent).filter_by(**facts)
        again = again.where(SecurityEvent.at >= minute, SecurityEvent.at <= now)
        again = again.values(count=SecurityEvent.count + 1).execution_options(
            synchronize_session=False
        )
        counted: Any = db.session.execute(again)
        if counted.rowcount:
            return
    db.session.add(SecurityEvent(at=now, count=1, parameters=parameters, **facts))


def note_attempt(event: Event, email: str, caller: Caller, now: datetime) -> None:
    """Notes what was tried with an e-mail address, whether or not a user has it.

    Does the same work for both.
    """
    with writing():
        user = db.session.scalar(select(User).where(User.email == email))
        note(event, caller, now, user=user, email=email)


def log_only(event: Event, caller: Caller) -> None:
    """Writes the line in the log and stores nothing."""
    _log_line(event, caller.address, {})


def email_hash(email: str) -> str:
    """16 hex digits that stand for an e-mail address, the same ones each time, and cannot be turned
    back without the key. HMAC-SHA-256 with a key of its own, derived from the SECRET_KEY."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    key = hmac.digest(secret, b"e-mail addresses of security events", "sha256")
    return hmac.new(key, email.encode(), hashlib.sha256).hexdigest()[:16]


def list_events(asked: Mapping[str, str]) -> SecurityLog:
    """One page of the security events. For administrators only: who may ask is the gate's to say.

    `asked`: "event", "address", "user" (an id), "q" (an e-mail address of a user or not, or the
    beginning of a network address), "page" and "size". What cannot be understood of them filters
    nothing.
    """
    filters = {"event": asked["event"]} if asked.get("event") in set(Event) else {}
    if address := asked.get("address", "").strip()[:45]:
        filters["address"] = address
    user_id = whole(asked.get("user", ""))
    person = db.session.get(User, user_id) if user_id else None
    if person:
        filters["user"] = str(person.id)
    where = [
        column == filters[name]
        for name, column in (("event", SecurityEvent.event), ("address", SecurityEvent.address))
        if name in filters
    ]
    if person:
        where.append((SecurityEvent.user_id == person.id) | (SecurityEvent.by_id == person.id))
    search = asked.get("q", "").strip()[: page.MOST_SEARCH_CHARACTERS]
    if search:
        email = search.lower()
        of_user = SecurityEvent.user_id.in_(select(User.id).where(User.email == email))
        starts = SecurityEvent.address.startswith(email, autoescape=True)
        where.append(of_user | starts | SecurityEvent.email_hash.in_([email_hash(email), email]))
    size = page.size_of(asked.get("size", ""))
    shown = page.fetch(Rows(tuple(where)), NEWEST_FIRST, "-id", asked.get("page", ""), size)
    chosen = (
        select(SecurityEvent)
        .options(joinedload(SecurityEvent.user), joinedload(SecurityEvent.by))
        .where(SecurityEvent.id.in_(shown.ids))
        .order_by(SecurityEvent.id.desc())
    )
    rows = list(db.session.scalars(chosen))
    return SecurityLog(rows, shown, search, filters, person.email if person else "")


def delete_old(now: datetime) -> None:
    """Deletes events that are older than `PADLOCK_SECURITY_LOG_DAYS`, as many as a short write
    transaction can."""
    before = now - timedelta(days=current_app.config["PADLOCK_SECURITY_LOG_DAYS"])
    old = (
        select(SecurityEvent.id)
        .where(SecurityEvent.at < before)
        .order_by(SecurityEvent.at)
        .limit(DELETED_AT_ONCE)
    )
    if db.session.scalar(old.limit(1)) is not None:
        with writing():
            db.session.execute(delete(SecurityEvent).where(SecurityEvent.id.in_(old)))


def _of_the_hour(now: datetime) -> int:
    hour = (SecurityEvent.at > now - timedelta(hours=1), SecurityEvent.at <= now)
    return (
        db.session.scalar(
            select(func.count(SecurityEvent.id)).where(*hour, SecurityEvent.event.in_(ANYONES))
        )
        or 0
    )


def _log_line(event: Event, address: str, facts: Mapping[str, object]) -> None:
    """One line, such as "sign-in failed from 203.0.113.7, user 5". docs/fail2ban.md promises how it
    begins, and nothing in it is text that a visitor has chosen."""
    parts = (
        (", user %s", "user_id"),
        (", by user %s", "by_id"),
        (", unknown e-mail %s", "email_hash"),
    )
    told = "".join(words % facts[name] for words, name in parts if facts.get(name))
    level = logging.WARNING if event in REFUSED | {Event.SIGN_IN_FAILED} else logging.INFO
    log.log(level, "%s from %s%s", event.value, address or "the command line", told)
