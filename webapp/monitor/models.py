"""What is stored of a host name: facts and instants. What they mean at a given moment is computed, see `standing`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Instant, Model, word_column
from webapp.probe import Reason, State


class Hostname(Model):
    """One row a host name, however many services and domains share it.

    `state` and `reason` are None until the first answer. The certificate's facts are those of the last certificate
    seen; going unknown keeps them, a server that shows none clears them.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(253), unique=True)  # the A-label, without the final dot

    state: Mapped[State | None] = mapped_column(word_column(State))
    reason: Mapped[Reason | None] = mapped_column(word_column(Reason))
    detail: Mapped[str] = mapped_column(String(500), default="")
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # each a `Problem`, in order
    notes: Mapped[list[str]] = mapped_column(JSON, default=list)  # each a `Note`
    address: Mapped[str | None] = mapped_column(String(45))
    port: Mapped[int | None]
    tls_version: Mapped[str | None] = mapped_column(String(10))

    fingerprint: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200), default="")
    issuer: Mapped[str] = mapped_column(String(200), default="")
    names: Mapped[list[str]] = mapped_column(JSON, default=list)
    serial: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str] = mapped_column(String(40), default="")
    signature: Mapped[str] = mapped_column(String(40), default="")
    not_before: Mapped[datetime | None] = mapped_column(Instant)
    not_after: Mapped[datetime | None] = mapped_column(Instant)

    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime | None] = mapped_column(Instant)  # since when the state is what it is
    last_valid_at: Mapped[datetime | None] = mapped_column(Instant)


# What the lists filter by, and what the report is sorted by.
Index("ix_hostname_reason", Hostname.reason, Hostname.not_after)
Index("ix_hostname_issuer_sorted", func.lower(Hostname.issuer), Hostname.id, Hostname.issuer)
Index("ix_hostname_not_after", Hostname.not_after, Hostname.id)
Index("ix_hostname_checked", Hostname.checked_at, Hostname.id)
Index("ix_hostname_changed", Hostname.changed_at, Hostname.id)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the padlock of one item says at one moment.

    `reason` is None for an inactive item and for one that was never asked. `facts` is None where there is no host
    name. `due`: nothing fresh is known, a cell may ask. `checking`: it is being asked now; `poll_seconds` is when to
    look again.
    """

    state: State
    reason: Reason | None
    facts: Hostname | None = None
    due: bool = False
    checking: bool = False
    poll_seconds: float = 0.0


def standing(hostname: Hostname | None, *, active: bool, now: datetime) -> Standing:
    """The verdict at `now` from what is stored. A certificate that was valid when last seen and has ended since is
    expired: nobody has to ask to know that."""
    if not active:
        return Standing(State.INACTIVE, None, hostname)
    if hostname is None:
        return Standing(State.UNKNOWN, Reason.NOT_CHECKABLE)
    reason = hostname.reason
    if reason is Reason.OK and hostname.not_after is not None and hostname.not_after <= now:
        reason = Reason.EXPIRED
    return Standing(State.UNKNOWN if reason is None else reason.state, reason, hostname)
