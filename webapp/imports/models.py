"""What is kept of imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Instant, Model


class ImportMapping(Model):
    """How a file with these headings was read last, so that the next one needs no questions."""

    id: Mapped[int] = mapped_column(primary_key=True)
    # SHA-256 of the headings, see `imports.remembered.heading_key`
    headings: Mapped[str] = mapped_column(String(64), unique=True)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    used_at: Mapped[datetime] = mapped_column(Instant)
