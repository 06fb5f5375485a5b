"""What is kept of accounts beside the users themselves: sign-ins, links to calendars, tokens, and
what happened to accounts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.customers.models import Client, User
from webapp.extensions import Instant, Model, word_column


class SignIn(Model):
    """One signed-in browser.

    Its row is its right: without it, a cookie that was copied earlier opens nothing.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    # SHA-256 of the secret in the cookie
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)
    # A few minutes old: not every request writes
    last_used_at: Mapped[datetime] = mapped_column(Instant)
    address: Mapped[str] = mapped_column(String(45), default="")  # where it was last used from
    # What the browser said of itself at the start
    user_agent: Mapped[str] = mapped_column(String(255), default="")
    viewing_as_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))

    user: Mapped[User] = relationship(foreign_keys=user_id)
    # An admin who looks at the site as them
    viewing_as: Mapped[User | None] = relationship(foreign_keys=viewing_as_id)


class CalendarLink(Model):
    """The secret link by which a calendar program reads when a user's certificates expire."""

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of the secret
    created_at: Mapped[datetime] = mapped_column(Instant)


class Scope(StrEnum):
    """What a token is good for."""

    READ = "read"
    WRITE = "write"  # also what changes something, or has a server checked
    METRICS = "metrics"  # nothing but metrics


class Token(Model):
    """What a program signs in with: its row is its right. It is of a user, or of a client.

    `created_by` is an e-mail address, "" for the command line. `last_used_at` is a few minutes old:
    not every request writes.
    """

    # The activity log names it by its id
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of the secret
    name: Mapped[str] = mapped_column(String(100))
    scope: Mapped[Scope] = mapped_column(word_column(Scope))
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), index=True
    )
    client_id: Mapped[int | None] = mapped_column(
        ForeignKey("client.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(254), default="")
    ends_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_from: Mapped[str] = mapped_column(String(45), default="")

    user: Mapped[User | None] = relationship()
    client: Mapped[Client | None] = relationship()


class SecurityEvent(Model):
    """Something that happened to an account: a code with its parameters; see
    `security_events.Event` for the codes."""

    # What they are filtered by, newest first, and what is deleted when it is old
    __table_args__ = (
        Index("ix_security_event_event", "event", "id"),
        Index("ix_security_event_address", "address", "id"),
        Index("ix_security_event_user_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)  # the first of them
    event: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(45))
    # Whom it is about
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    by_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    email_hash: Mapped[str] = mapped_column(String(16))  # of an e-mail address that no user has
    count: Mapped[int]  # how often it happened within the minute
    parameters: Mapped[dict[str, str]] = mapped_column(JSON)

    user: Mapped[User | None] = relationship(foreign_keys=user_id)
    by: Mapped[User | None] = relationship(foreign_keys=by_id)
