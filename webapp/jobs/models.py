"""What is stored of background work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Instant, Model
from webapp.mail import MOST_SAID_CHARACTERS


class RefusedAddress(Model):
    """An address that the mail server has refused for good, since `refused_at`, and what it `said`
    the last time. It has no row any more when a mail for it is accepted."""

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    said: Mapped[str] = mapped_column(String(MOST_SAID_CHARACTERS))
    refused_at: Mapped[datetime] = mapped_column(Instant)


class Job(Model):
    """One piece of work that waits, runs or has failed. What is done has no row any more.

    One row a kind and key: what is added again while it waits runs once. `arguments` are what its
    function needs, and no secret. A process that runs it holds it by `claim` until `claimed_until`.
    """

    # An id stands in the audit log: it is never given again
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_job_due", "failed_at", "run_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))  # of the function that does it
    key: Mapped[str] = mapped_column(String(100))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(Instant)  # when it was last added
    run_at: Mapped[datetime] = mapped_column(Instant)
    give_up_at: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(default=0)
    # Why the last try failed: a key of `words.jobs.PROBLEMS`, and what goes into its sentence
    problem: Mapped[str] = mapped_column(String(20), default="")
    detail: Mapped[str] = mapped_column(String(100), default="")
    failed_at: Mapped[datetime | None] = mapped_column(Instant)  # None: it waits or runs
    claim: Mapped[str | None] = mapped_column(String(32))
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
