"""What the site remembers of alerts between two minutes, and what people have set.

`state` is the JSON of what `webapp.alerts` remembers, see `codec`; other columns are what rows are
found by.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.customers.models import User
from webapp.extensions import Instant, Model, word_column

MOST_TASK_NOTE = 200  # characters


class AlertName(Model):
    """One watched name, written as `Target.authority`. A name that is not active has no row.

    `checked_at` is that of the last check that was evaluated, `next_at` when the name is due. The
    row of a deleted target stays until its end is evaluated.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(260), unique=True)
    target_id: Mapped[int | None] = mapped_column(
        ForeignKey("target.id", ondelete="SET NULL"), index=True
    )
    checked_at: Mapped[datetime] = mapped_column(Instant)
    next_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    # Whether its renewals have a rhythm, see `webapp.alerts.rhythm`
    regular: Mapped[bool] = mapped_column(default=False, server_default=false())
    incident_id: Mapped[int | None] = mapped_column(index=True)  # one that has not ended
    # Why it needs a person, see `webapp.alerts.needs`
    need: Mapped[int | None] = mapped_column(SmallInteger)
    need_at: Mapped[datetime | None] = mapped_column(Instant)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)

    # What staff do about it on Today, until its problem is solved, see `tasks`
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    assigned_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    note: Mapped[str] = mapped_column(String(MOST_TASK_NOTE), default="", server_default="")
    snoozed_until: Mapped[datetime | None] = mapped_column(Instant)
    snoozed_need: Mapped[int | None] = mapped_column(SmallInteger)  # a more urgent one ends it

    written_at: Mapped[datetime | None] = mapped_column(Instant)  # to a client, see `letters`
    written_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True
    )

    assigned: Mapped[User | None] = relationship(foreign_keys=[assigned_id])
    written_by: Mapped[User | None] = relationship(foreign_keys=[written_by_id])


# Most names need no attention. It has all that Today counts by: each row beside it is far from the
# next one
_NEEDED = AlertName.need.is_not(None)
Index(
    "ix_alert_name_need",
    *(AlertName.need, AlertName.need_at, AlertName.id, AlertName.incident_id),
    *(AlertName.snoozed_until, AlertName.snoozed_need, AlertName.assigned_id),
    sqlite_where=_NEEDED,
    postgresql_where=_NEEDED,
)


class AlertIncident(Model):
    """An incident; its id is its number, and is never given again. `readers` are a part of its
    state that pages do not need: an event for each name and reader."""

    id: Mapped[int] = mapped_column(primary_key=True)
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    readers: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict, server_default="{}", deferred=True
    )


class IncidentStep(StrEnum):
    """What happens to an incident; `count` is of names."""

    OPENED = "opened"
    GREW = "grew"
    TOLD = "told"  # `readers` are those of messages
    ACKNOWLEDGED = "acknowledged"
    ENDED = "ended"


class AlertIncidentStep(Model):
    """A line of the timeline of an incident."""

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(
        ForeignKey("alert_incident.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(Instant)
    step: Mapped[IncidentStep] = mapped_column(word_column(IncidentStep))
    count: Mapped[int]
    readers: Mapped[list[str]] = mapped_column(JSON)
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True
    )

    user: Mapped[User | None] = relationship()


class AlertClock(Model):
    """The one row that says up to when all was evaluated, and what belongs to no name: the
    monitor's outage, and the highest numbers that were given."""

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluated_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)


class Scope(StrEnum):
    """What a rule is for, in the words of RULES; the widest first."""

    SITE = "site"
    PRODUCT = "products"
    CLIENT = "clients"
    ISSUER = "issuers"
    NAME = "names"


class AlertRule(Model):
    """A rule as it stands in RULES, see docs/alerts.md.

    `key`: the product, the id of the client, the issuer, the name as `Target.authority`; empty for
    the site. The rule of a client or name is deleted with it.
    """

    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[Scope] = mapped_column(word_column(Scope))
    key: Mapped[str] = mapped_column(String(260))
    client_id: Mapped[int | None] = mapped_column(
        ForeignKey("client.id", ondelete="CASCADE"), index=True
    )
    target_id: Mapped[int | None] = mapped_column(
        ForeignKey("target.id", ondelete="CASCADE"), index=True
    )
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)


class Act(StrEnum):
    """What people do about a name."""

    MUTE = "mute"
    ACKNOWLEDGE = "acknowledge"


class AlertAct(Model):
    """A name was muted, until then or, with no `until`, for ever; or its problem acknowledged.

    A mute ends early with another one, until the moment at which it was set. `taken`: it was
    evaluated.
    """

    __table_args__ = (Index("ix_alert_act_of", "target_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"))
    act: Mapped[Act] = mapped_column(word_column(Act))
    at: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    taken: Mapped[bool] = mapped_column(default=False, index=True)

    user: Mapped[User | None] = relationship()


class Channel(Model):
    """Where messages to staff go besides their mails: a service that Apprise knows, or a webhook,
    which has `secrets` to sign them with.

    `url` and `secrets` are encrypted, see `channels` and `webhooks`; `shown` is what people see of
    the URL, `service` the name that Apprise has for it, none for a webhook. `kinds`, `products` and
    `clients` (ids) limit it, an empty one does not. `said_at`, `problem` and `detail` are how the
    last message went: a key of `words.channels.PROBLEMS`, empty where it was taken.
    """

    # A job names it by its id: it is never given again
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    url: Mapped[str] = mapped_column(String(6000))
    secrets: Mapped[str | None] = mapped_column(String(1000))
    service: Mapped[str] = mapped_column(String(100))
    shown: Mapped[str] = mapped_column(String(300))
    paused: Mapped[bool] = mapped_column(default=False)
    kinds: Mapped[list[str]] = mapped_column(JSON, default=list)
    products: Mapped[list[str]] = mapped_column(JSON, default=list)
    clients: Mapped[list[int]] = mapped_column(JSON, default=list)
    said_at: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str] = mapped_column(String(20), default="")
    detail: Mapped[str] = mapped_column(String(100), default="")

    @property
    def is_webhook(self) -> bool:
        return self.secrets is not None


class WebhookDelivery(Model):
    """One message to a webhook: its `body`, and what the last try came to.

    `status` and `answer` are those of the HTTP response; `problem` is why there was none, or "".
    """

    __table_args__ = (UniqueConstraint("channel_id", "message_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Instant)
    body: Mapped[str] = mapped_column(String)
    tries: Mapped[int] = mapped_column(default=0)
    said_at: Mapped[datetime | None] = mapped_column(Instant)
    status: Mapped[int | None]
    problem: Mapped[str] = mapped_column(String(20), default="")
    answer: Mapped[str] = mapped_column(String(1000), default="")

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class AlertReader(Model):
    """What a user has chosen about warnings by mail.

    `choices` are of `alerts.delivery.Choice`, by kind; an empty `zone` is the site's.
    """

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    choices: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    zone: Mapped[str] = mapped_column(String(100), default="")
    digest_hour: Mapped[int] = mapped_column(default=8)
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]


class HeldMail(Model):
    """What a user is to be told later, in one mail: the arguments of its job."""

    __table_args__ = (UniqueConstraint("user_id", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    due_at: Mapped[datetime] = mapped_column(Instant, index=True)
    told: Mapped[dict[str, Any]] = mapped_column(JSON)


class Audience(StrEnum):
    """Who mails are written to."""

    STAFF = "staff"
    CLIENTS = "clients"


MOST_SUBJECT_CHARACTERS = 200
MOST_BODY_CHARACTERS = 4000


class MailTemplate(Model):
    """What the mails to these people say in place of the default, see `mail_templates`.

    `failed_at` and `problem` are of the first mail since that it could not be used for.
    """

    audience: Mapped[Audience] = mapped_column(word_column(Audience), primary_key=True)
    subject: Mapped[str] = mapped_column(String(MOST_SUBJECT_CHARACTERS))
    body: Mapped[str] = mapped_column(String(MOST_BODY_CHARACTERS))
    failed_at: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str] = mapped_column(String(500), default="")
