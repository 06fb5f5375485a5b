"""What is stored of diagnoses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Instant, Model


class Diagnosis(Model):
    """The last diagnosis of a target for the server that it is meant for. `name` is its host name,
    with its port where that is not 443; or what was entered instead of a host name.

    It is run by the job that has its id as key. One that has not ended and has no such job any more
    has failed.
    """

    # Failed jobs stay for a month: no other diagnosis has their key
    __table_args__ = (UniqueConstraint("name", "server"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(259))  # 253, a colon and five digits
    server: Mapped[str] = mapped_column(String(45))  # its address; empty where none is known
    viewer: Mapped[int]  # the user who started it
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)  # with a verdict


class DiagnosisStep(Model):
    """One step, see `probe.steps`. Later steps have higher ids, and no id is given twice: a page
    says by the id of its last step what it has."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    diagnosis_id: Mapped[int] = mapped_column(
        ForeignKey("diagnosis.id", ondelete="CASCADE"), index=True
    )
    step: Mapped[dict[str, Any]] = mapped_column(JSON)
