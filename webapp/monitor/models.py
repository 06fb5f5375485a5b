"""What is stored of a target: facts and instants.

What they mean at a given moment is computed, see `standing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Instant, Model, word_column
from webapp.probe import HTTPS_PORT, Protocol, Reason, State, authority
from webapp.words import refreshes


class Target(Model):
    """One row a host name, port and protocol, however many services and domains share it.

    An item points at its main target. `address` and `address_port` are where that was asked last:
    another port than its own where `PADLOCK_CONNECT_TO` says so.

    `state` and `reason` are None until the first answer. The certificate's facts are those of the
    last certificate seen; going unknown keeps them, a server that shows none clears them.
    """

    # The index is what a refresh looks for
    __table_args__ = (
        UniqueConstraint("hostname", "port", "protocol"),
        Index("ix_target_due", "asked_at", "urgent_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # The A-label, without the final dot
    hostname: Mapped[str] = mapped_column(String(253))
    port: Mapped[int] = mapped_column(default=HTTPS_PORT, server_default=str(HTTPS_PORT))
    protocol: Mapped[Protocol] = mapped_column(
        word_column(Protocol), default=Protocol.HTTPS, server_default=Protocol.HTTPS.value
    )

    state: Mapped[State | None] = mapped_column(word_column(State))
    reason: Mapped[Reason | None] = mapped_column(word_column(Reason))
    detail: Mapped[str] = mapped_column(String(500), default="")
    # Each a `Problem`, in order
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    notes: Mapped[list[str]] = mapped_column(JSON, default=list)  # each a `Note`
    # Though valid
    browsers_refuse: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Each a `Stray`
    stray: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default="[]")
    address: Mapped[str | None] = mapped_column(String(45))
    address_port: Mapped[int | None]
    tls_version: Mapped[str | None] = mapped_column(String(10))
    curl: Mapped[int | None]  # see `Finding.curl`; None until the first check that says it

    fingerprint: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200), default="")
    issuer: Mapped[str] = mapped_column(String(200), default="")
    names: Mapped[list[str]] = mapped_column(JSON, default=list)  # the first hundred
    names_total: Mapped[int] = mapped_column(default=0)  # 0 until the first check that counts them
    # Each a `Field` of the certificate
    unreadable: Mapped[list[str]] = mapped_column(JSON, default=list)
    serial: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str] = mapped_column(String(40), default="")
    signature: Mapped[str] = mapped_column(String(40), default="")
    not_before: Mapped[datetime | None] = mapped_column(Instant)
    not_after: Mapped[datetime | None] = mapped_column(Instant)
    # From when on it expires soon, by the rules of warnings: see `notices.expiring`
    expiring_at: Mapped[datetime | None] = mapped_column(Instant)

    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    # Since when the state is what it is
    changed_at: Mapped[datetime | None] = mapped_column(Instant)
    last_valid_at: Mapped[datetime | None] = mapped_column(Instant)

    # What the refresh goes by. `asked_at` is when it was last asked, whatever came of it:
    # `checked_at` stays behind where that failed on our side. `urgent_at` is since when it goes
    # before others; None: it does not.
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    urgent_at: Mapped[datetime | None] = mapped_column(Instant)
    # When it is checked next, see `adaptive_schedule`; None: at once
    next_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    # When it is checked once more, outside its turn, see `refresh.rechecks`; None: it is not
    recheck_at: Mapped[datetime | None] = mapped_column(Instant)
    run_id: Mapped[int | None]  # the last refresh that has asked it
    # The batch that is asking it now
    claim: Mapped[str | None] = mapped_column(String(32), index=True)
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def authority(self) -> str:
        """The host name, with its port where that is another than 443: what a check is told, and
        what everything goes by that is done for one target at a time."""
        return authority(self.hostname, self.port)


class Change(Model):
    """One check that found something else than the one before: what it was, and what it is since
    then. The very first answer is a change too, from nothing."""

    __table_args__ = (Index("ix_change_of", "target_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant)
    old_state: Mapped[State | None] = mapped_column(word_column(State))
    new_state: Mapped[State] = mapped_column(word_column(State))
    old_reason: Mapped[Reason | None] = mapped_column(word_column(Reason))
    new_reason: Mapped[Reason] = mapped_column(word_column(Reason))
    old_issuer: Mapped[str] = mapped_column(String(200))
    new_issuer: Mapped[str] = mapped_column(String(200))
    old_fingerprint: Mapped[str | None] = mapped_column(String(64))
    new_fingerprint: Mapped[str | None] = mapped_column(String(64))
    # Not known of what was noted before they were
    old_not_before: Mapped[datetime | None] = mapped_column(Instant)
    new_not_before: Mapped[datetime | None] = mapped_column(Instant)
    old_serial: Mapped[str] = mapped_column(String(200), default="", server_default="")
    new_serial: Mapped[str] = mapped_column(String(200), default="", server_default="")
    old_not_after: Mapped[datetime | None] = mapped_column(Instant)
    new_not_after: Mapped[datetime | None] = mapped_column(Instant)

    target: Mapped[Target] = relationship()


class RunKind(StrEnum):
    DAILY = "daily"
    NOW = "now"  # a user pressed the button
    COMMAND = "command"  # flask refresh
    RECHECK = "recheck"  # of a day: what is checked once more


class RunState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    OFFLINE = "offline"  # the monitor had no network: it is tried again


class RefreshRun(Model):
    """One refresh of many host names, running or ended.

    Its `slot` is unique: for a daily run the local day, so that no second scheduler, restart or
    turn of the clock runs a day twice. Rechecks have one a day as well, which is not listed.

    `total` is how many were due when it began and may be asked, `asked` how many of them have been;
    the counts below it add up to `asked`. Until it has ended a background job works on it, see
    `refresh.runner`. `retry_at`: when the monitor, found ill by any process, is to try again.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[RunKind] = mapped_column(word_column(RunKind))
    who: Mapped[str] = mapped_column(String(254), default="")  # whose button or command it was
    state: Mapped[RunState] = mapped_column(word_column(RunState), default=RunState.RUNNING)
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    most: Mapped[int] = mapped_column(default=0)  # how many names it may ask; 0: all
    total: Mapped[int] = mapped_column(default=0)
    asked: Mapped[int] = mapped_column(default=0)
    valid: Mapped[int] = mapped_column(default=0)
    invalid: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    # On our side: what was known of these names is kept
    failed: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    detail_code: Mapped[str] = mapped_column(
        String(40), default=""
    )  # see `words.refreshes.RunDetail`
    detail_parameters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    tries: Mapped[int] = mapped_column(default=0)  # in a row that failed on our side
    retry_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def ended(self) -> bool:
        return self.ended_at is not None

    @property
    def detail(self) -> str:
        """What else there is to say of it, in the reader's language."""
        return refreshes.detail_text(self.detail_code, self.detail_parameters)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.asked // self.total) if self.total else 0


class Heartbeat(Model):
    """The one row that says when the scheduler last looked whether there is something to do."""

    id: Mapped[int] = mapped_column(primary_key=True)
    ticked_at: Mapped[datetime] = mapped_column(Instant)


Index("ix_target_issuer", Target.issuer)  # which issuers there are
Index("ix_target_checked", Target.checked_at, Target.id)
# Few names wait for that
_RECHECKED = Target.recheck_at.is_not(None)
Index(
    "ix_target_recheck",
    *(Target.recheck_at, Target.id),
    sqlite_where=_RECHECKED,
    postgresql_where=_RECHECKED,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the padlock of one item says at one moment.

    `reason` is None for an inactive item and for one that was never asked. `facts` is None where
    there is no host name. `due`: nothing fresh is known, a cell may ask. `checking`: it is being
    asked now; `poll_seconds` is when to look again.
    """

    state: State
    reason: Reason | None
    facts: Target | None = None
    due: bool = False
    checking: bool = False
    poll_seconds: float = 0.0


def standing(target: Target | None, *, active: bool, now: datetime) -> Standing:
    """The verdict at `now` from what is stored.

    A certificate that was valid when last seen and has expired since is expired: no one has to ask
    to know that.
    """
    if not active:
        return Standing(State.INACTIVE, None, target)
    if target is None:
        return Standing(State.UNKNOWN, Reason.NOT_CHECKABLE)
    reason = target.reason
    if reason is Reason.OK and target.not_after is not None and target.not_after <= now:
        reason = Reason.EXPIRED
    return Standing(State.UNKNOWN if reason is None else reason.state, reason, target)
