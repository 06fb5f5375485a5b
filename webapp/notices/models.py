"""What the site remembers of alerts between two minutes.

`state` is the JSON of what `webapp.alerts` remembers, see `codec`; other columns are what rows are
found by.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Instant, Model


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
    state: Mapped[dict[str, Any]] = mapped_column(JSON)


class AlertIncident(Model):
    """An incident that is not over; its id is its number, and is never given again."""

    id: Mapped[int] = mapped_column(primary_key=True)
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)


class AlertClock(Model):
    """The one row that says up to when all was evaluated, and what belongs to no name: the
    monitor's outage, and the highest numbers that were given."""

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluated_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
