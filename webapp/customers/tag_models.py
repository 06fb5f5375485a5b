"""The tables of tags, and of what has them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, String, Table
from sqlalchemy.orm import Mapped, Relationship, mapped_column, relationship

from webapp.extensions import Model

MOST_CHARACTERS = 40  # of a tag


class Tag(Model):
    """A word that the provider's people give to clients, services and domains, and clients do not
    see. `key` is its `name_key`: two spellings of it are one tag."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MOST_CHARACTERS))
    key: Mapped[str] = mapped_column(String(3 * MOST_CHARACTERS), unique=True)  # see `Client`


def _row_id(context: Any) -> int:
    """The default of `item_tag.row_id`: as `listing_row.row_id`."""
    given: dict[str, int] = context.get_current_parameters()
    return 2 * given["service_id"] + 1 if "service_id" in given else 2 * given["domain_id"]


def _owner(name: str, table: str, **options: Any) -> Column[int]:
    return Column(name, ForeignKey(f"{table}.id", ondelete="CASCADE"), **options)


# Lists go by the id of the listing row. What has the tag is named beside it, so that the database
# itself deletes the link with it.
item_tag = Table(
    "item_tag",
    Model.metadata,
    _owner("tag_id", "tag", primary_key=True),
    Column("row_id", Integer, primary_key=True, autoincrement=False, default=_row_id),
    _owner("service_id", "service", index=True),
    _owner("domain_id", "domain", index=True),
)
client_tag = Table(
    "client_tag",
    Model.metadata,
    _owner("tag_id", "tag", primary_key=True),
    _owner("client_id", "client", primary_key=True, index=True),
)


def linked_by(links: Table) -> Relationship[list[Tag]]:
    """The tags that what has this attribute has by these links, by name."""
    return relationship(
        secondary=links,
        order_by=Tag.key,
        passive_deletes=True,
        overlaps="tags",  # services and domains share a table of links
    )
