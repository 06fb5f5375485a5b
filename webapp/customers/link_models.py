"""What is stored of links that show a client's padlocks without a sign-in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.customers.models import Client, Domain, Service
from webapp.extensions import Instant, Model, word_column


class LinkUse(StrEnum):
    """What a link opens."""

    PAGE = "page"  # all padlocks of a client
    EMBED = "embed"  # the same, inside a page of another site
    BADGE = "badge"  # the state of one service or domain, as a picture


class PublicLink(Model):
    """A link that works until `ends_at`, None: until it is revoked, which deletes it.

    A badge is of one service or domain, as long as that is this client's. `created_by` is an e-mail
    address, "" for the command line.
    """

    # An id stands in the audit log: it is never given again
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    use: Mapped[LinkUse] = mapped_column(word_column(LinkUse))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[int | None] = mapped_column(
        ForeignKey("service.id", ondelete="CASCADE"), index=True
    )
    domain_id: Mapped[int | None] = mapped_column(
        ForeignKey("domain.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(254))
    ends_at: Mapped[datetime | None] = mapped_column(Instant)

    client: Mapped[Client] = relationship()
    service: Mapped[Service | None] = relationship()
    domain: Mapped[Domain | None] = relationship()

    @property
    def item(self) -> Service | Domain | None:
        """What a badge is of; None where another client has it now."""
        item = self.service or self.domain
        return item if item is not None and item.client_id == self.client_id else None
