"""What is kept of sources and of their runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, false
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Instant, Model, word_column

EVERY = timedelta(hours=1)  # that a source is read
GONE_PERCENT = 20  # of a kind, which may be gone at once unless an administrator says otherwise
GONE_KINDS = ("service", "domain")  # clients stay
PROPERTY_KEY = "domain"  # of the property of a service at Paymenter that holds its domain
MOST_ENCRYPTED_CHARACTERS = 8000  # of credentials
JOB_KIND = "source"  # of the background jobs that read sources; the key is the id of the source
TOO_MANY_GONE = "gone"  # the fault that a person can agree to


class Mode(StrEnum):
    """What a run is for. Only a sync writes; a test asks for the first page of each list."""

    SYNC = "sync"
    PREVIEW = "preview"
    TEST = "test"


class Source(Model):
    """A billing system. Clients and items name it in `source_id`.

    `credentials` is encrypted JSON, see `registry`. `next_at`: when it is read next by the
    scheduler, unless it is `paused`; None until someone has agreed to its first sync.
    """

    __table_args__ = ({"sqlite_autoincrement": True},)  # items may name one that was deleted

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(20))  # a key of `kinds.PANELS`
    url: Mapped[str] = mapped_column(String(500))
    credentials: Mapped[str] = mapped_column(String(MOST_ENCRYPTED_CHARACTERS))
    watch_other: Mapped[bool] = mapped_column(default=False)  # products of kind "other" of WHMCS
    property_key: Mapped[str] = mapped_column(String(60), default=PROPERTY_KEY)
    gone_percent: Mapped[int] = mapped_column(SmallInteger, default=GONE_PERCENT)
    add_users: Mapped[bool] = mapped_column(default=False, server_default=false())  # for clients
    paused: Mapped[bool] = mapped_column(default=False)
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class SourceRun(Model):
    """One run that has ended.

    `fault` is why it stopped, a key of `_FAULTS` in `words.sources`, and `fault_parameters` go into
    its sentence; it is empty where the run is complete. `counts` of a preview are what a sync would
    have done. Only the last run that read the source to its end has `problems`: the first of them.
    """

    __table_args__ = (Index("ix_source_run_source", "source_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id", ondelete="CASCADE"))
    mode: Mapped[Mode] = mapped_column(
        word_column(Mode), default=Mode.SYNC, server_default=Mode.SYNC
    )
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime] = mapped_column(Instant)
    who: Mapped[str] = mapped_column(String(254))  # as in `Activity`; empty: the scheduler
    fault: Mapped[str] = mapped_column(String(40), default="")
    fault_parameters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    counts: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON, default=dict)
    problem_count: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, deferred=True)

    @property
    def is_read(self) -> bool:
        """Whether the source was read to its end, and compared."""
        return self.mode is not Mode.TEST and self.fault in ("", TOO_MANY_GONE)

    @property
    def gone_percents(self) -> dict[str, int]:
        """By kind, how many percent may be gone for someone who agrees to what this run has found
        gone; a kind of which not too many were gone is not in it."""
        gone = self.fault_parameters
        return {
            kind: -(-100 * gone[kind] // gone[f"{kind}_total"])
            for kind in GONE_KINDS
            if gone.get(kind)
        }
