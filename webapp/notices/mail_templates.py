"""What mails about certificates say around their list of names: a default, or what administrators
have stored in its place."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from flask import current_app
from sqlalchemy import select, update

from webapp.customers import audit_log
from webapp.customers.concurrency import ChangedMeanwhile, still_admin
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.monitor.health.facts import Flag, Level
from webapp.notices.models import Audience, MailTemplate
from webapp.words import alert_mails
from webapp.words import mail_templates as say
from webapp.words.activity import Detail

NAME = "Mail texts"  # of a line of System health
LOGGED_AS = "mail text"  # the kind of item in the activity log


class MailText(NamedTuple):
    """The templates of a mail's two parts that can be changed."""

    subject: str
    body: str

    @property
    def version(self) -> str:
        """Tells this text from any other: what a form was opened with."""
        return sha256("\0".join(self).encode()).hexdigest()[:16]


def default() -> MailText:
    return MailText("{{ summary }}", alert_mails.hello("{{ user }}") + "\n\n{{ names }}")


def text_of(audience: Audience) -> MailText:
    """What mails to these people say."""
    row = db.session.get(MailTemplate, audience)
    return MailText(row.subject, row.body) if row else default()


def save(who: User, audience: Audience, text: MailText, version: str, now: datetime) -> None:
    """Stores a text that renders. The default is not stored.

    Raises `concurrency.ChangedMeanwhile` where the form was opened with another `version`.
    """
    with writing():
        still_admin(who)
        before = text_of(audience)
        if before.version != version:
            raise ChangedMeanwhile
        if text == default():
            _remove(audience)
        else:
            row = db.session.get(MailTemplate, audience) or MailTemplate(audience=audience)
            row.subject, row.body = text
            row.failed_at = None
            row.problem = ""
            db.session.add(row)
        changes = audit_log.changes(before._asdict(), text._asdict())
        if changes:
            title = say.AUDIENCES[audience]
            about = (who, "changed", LOGGED_AS, None, title, now)
            audit_log.note(*about, Detail.CHANGES, changes=changes)


def restore(who: User, audience: Audience, now: datetime) -> None:
    """Has the default apply again."""
    with writing():
        still_admin(who)
        if _remove(audience):
            title = say.AUDIENCES[audience]
            audit_log.note(who, "restored", LOGGED_AS, None, title, now)


def note_failure(audience: Audience, problem: str, now: datetime) -> None:
    """That a stored text could not be used for a mail; the first time is remembered, and logged."""
    first = update(MailTemplate).where(
        MailTemplate.audience == audience, MailTemplate.failed_at.is_(None)
    )
    with writing():
        noted = db.session.execute(first.values(failed_at=now, problem=problem[:500]))
    if noted.rowcount:  # type: ignore[attr-defined]
        current_app.logger.error(
            "The text of mails to %s could not be used, so the default is sent: %s",
            audience.value,
            problem,
        )


def flags(_now: datetime) -> list[Flag]:
    """Stored texts that could not be used for a mail."""
    failed = select(MailTemplate).where(MailTemplate.failed_at.is_not(None))
    return [
        Flag(
            NAME,
            Level.WARNING,
            say.fell_back(say.AUDIENCES[row.audience], row.problem),
            say.correct_the_text(),
        )
        for row in db.session.scalars(failed)
    ]


def _remove(audience: Audience) -> bool:
    """Whether a text was stored."""
    row = db.session.get(MailTemplate, audience)
    if row is not None:
        db.session.delete(row)
    return row is not None
