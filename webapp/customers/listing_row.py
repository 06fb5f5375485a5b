"""The listing row: what each list and the report sort and filter by, copied into one row an item.

Only `index` writes it, in the transaction that changes what it copies. docs/adr/0016 says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from sqlalchemy import ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.customers.models import Domain, Service
from webapp.extensions import Instant, Model
from webapp.probe import BY_SEVERITY, Reason, State
from webapp.words.report_filters import NEVER_ASKED as NOT_YET

# What needs a person first comes first.
INVALID = 0
EXPIRING = 1  # valid, with an amber badge
UNKNOWN = 2
NEVER_ASKED = 3
VALID = 4
INACTIVE = 5
# Which ranks each of `words.states.STATE_FILTERS` finds: what expires soon is valid as well.
RANKS = MappingProxyType(
    {
        "invalid": (INVALID,),
        "expiring": (EXPIRING,),
        "unknown": (UNKNOWN,),
        NOT_YET: (NEVER_ASKED,),
        "valid": (EXPIRING, VALID),
        "inactive": (INACTIVE,),
    }
)
# The number of each reason in `ListingRow.reason`: the most severe first. Rows have to be written
# again where this changes, see CONTRIBUTING.md.
SEVERITIES = MappingProxyType(
    {
        word: number
        for number, word in enumerate(
            (*(reason.value for reason in BY_SEVERITY[:-1]), NOT_YET, Reason.OK.value)
        )
    }
)
NOT_SOON = datetime(1970, 1, 1, tzinfo=UTC)  # `soonest` of what does not expire soon
ItemModel = type[Service] | type[Domain]
MODELS: tuple[ItemModel, ...] = (Service, Domain)


class ListingRow(Model):
    """One service or domain, as lists sort and filter it.

    `id` is `row_id` of the item. Names are in lower case. What is said of the certificate is that
    of the item's target; `rank` and `reason` are its state, and hold until `rank_until`.
    """

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(10))
    service_id: Mapped[int | None] = mapped_column(
        ForeignKey("service.id", ondelete="CASCADE"), unique=True
    )
    domain_id: Mapped[int | None] = mapped_column(
        ForeignKey("domain.id", ondelete="CASCADE"), unique=True
    )
    client_id: Mapped[int]
    client_name: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(255))  # as it was entered
    product: Mapped[str] = mapped_column(String(200))  # of a domain: "domain"
    status: Mapped[str] = mapped_column(String(32))
    due_on: Mapped[date | None]  # when a service is due next, or a domain's registration expires
    registered_on: Mapped[date | None]
    origin: Mapped[str | None] = mapped_column(String(32))  # see `Service.origin`
    target_id: Mapped[int | None]
    rank: Mapped[int] = mapped_column(SmallInteger)
    rank_until: Mapped[datetime | None] = mapped_column(Instant, index=True)
    soonest: Mapped[datetime] = mapped_column(Instant)  # `not_after` of what expires soon
    reason: Mapped[int | None] = mapped_column(SmallInteger)  # see `SEVERITIES`; None: inactive
    browsers_refuse: Mapped[bool]  # though valid
    issuer: Mapped[str | None] = mapped_column(String(200))
    not_after: Mapped[datetime | None] = mapped_column(Instant)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime | None] = mapped_column(Instant)
    # What a search looks through, a line each: name, product, host name with its port, reference
    text: Mapped[str] = mapped_column(String(800))
    # The same of the client, for those who see more than one: name, reference
    client_text: Mapped[str] = mapped_column(String(300))


def ranks_of_reason(word: str) -> tuple[int, ...]:
    """The ranks that rows with this reason can have."""
    if word == Reason.OK:
        return RANKS["valid"]
    if word == NOT_YET:
        return (NEVER_ASKED,)
    return (INVALID if Reason(word).state is State.INVALID else UNKNOWN,)


def ranks_of(filters: Mapping[str, str]) -> list[int] | None:
    """The ranks that rows with these filters can have: an empty list if they exclude each other,
    None if no filter limits the rank."""
    found = [{*RANKS[filters["ssl"]]}] if "ssl" in filters else []
    found += [{*ranks_of_reason(filters["reason"])}] if "reason" in filters else []
    found += [{*RANKS["valid"]}] if "browsers" in filters else []
    return sorted(set.intersection(*found)) if found else None


def row_id(kind: str, item_id: int) -> int:
    """The id of an item's row: in the order of the items' own ids, whichever kind they are."""
    return 2 * item_id + (kind == Service.kind)


def item_of(id_: int) -> tuple[str, int]:
    """The kind and the id of the item that this row is of."""
    return (Service.kind if id_ % 2 else Domain.kind), id_ // 2


# An index an order; tests/customers/test_orders.py asks for it. Client and status stand behind, so
# that who walks along it for one client need not fetch the rows of all the others.
_ROW = (ListingRow.id, ListingRow.client_id, ListingRow.status)
Index("ix_listing_row_name", ListingRow.kind, ListingRow.name, *_ROW)
Index("ix_listing_row_product", ListingRow.kind, ListingRow.product, *_ROW)
Index(
    "ix_listing_row_client_name",
    *(ListingRow.kind, ListingRow.client_name, ListingRow.client_id, ListingRow.id),
)
Index("ix_listing_row_status", ListingRow.kind, ListingRow.status, *_ROW[:2])
Index("ix_listing_row_due_on", ListingRow.kind, ListingRow.due_on, *_ROW)
Index("ix_listing_row_registered_on", ListingRow.kind, ListingRow.registered_on, *_ROW)
Index("ix_listing_row_rank", ListingRow.kind, ListingRow.rank, *_ROW)
Index("ix_listing_row_soonest", ListingRow.kind, ListingRow.rank, ListingRow.soonest, *_ROW)
Index("ix_listing_row_reason", ListingRow.kind, ListingRow.reason, *_ROW)
Index("ix_listing_row_issuer", ListingRow.kind, ListingRow.issuer, *_ROW)
Index("ix_listing_row_not_after", ListingRow.kind, ListingRow.not_after, *_ROW)
Index(
    "ix_listing_row_checked_at",
    *(ListingRow.kind, ListingRow.checked_at, *_ROW, ListingRow.rank, ListingRow.not_after),
)
Index("ix_listing_row_changed_at", ListingRow.kind, ListingRow.changed_at, *_ROW)
# The same of the rows of one state, see `orders.narrowed`; numbers go by the first, too
Index(
    "ix_listing_row_rank_not_after",
    *(ListingRow.kind, ListingRow.rank, ListingRow.not_after, *_ROW[:2]),
)
Index(
    "ix_listing_row_rank_status",
    *(ListingRow.kind, ListingRow.rank, ListingRow.status, *_ROW[:2]),
)
# What filters and numbers alone go by
Index(
    "ix_listing_row_issuer_rank",
    *(ListingRow.kind, ListingRow.issuer, ListingRow.rank, ListingRow.not_after),
)
Index("ix_listing_row_client", ListingRow.client_id, ListingRow.kind, ListingRow.rank)
Index(
    "ix_listing_row_origin",
    ListingRow.origin,
    sqlite_where=ListingRow.origin.is_not(None),
    postgresql_where=ListingRow.origin.is_not(None),
)
Index(
    "ix_listing_row_browsers_refuse",
    *(ListingRow.kind, ListingRow.id),
    sqlite_where=ListingRow.browsers_refuse.is_(True),
    postgresql_where=ListingRow.browsers_refuse.is_(True),
)
