"""What is stored of services and domains, as plain rows: for files that have all of them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import String, cast, literal_column, select, type_coerce

from webapp.customers.listing_row import ItemModel, item_of, row_id
from webapp.customers.models import ACTIVE_DOMAINS, ACTIVE_SERVICES, Client, Domain, Service
from webapp.extensions import among_ids, db
from webapp.monitor.models import Target

# The first ones are the same in many rows, and what is said of them alone is made once.
_SHARED = (
    Target.port,
    type_coerce(Target.reason, String).label("reason"),
    cast(Target.problems, String).label("problems"),
    cast(Target.notes, String).label("notes"),
    Target.issuer,
    cast(Target.unreadable, String).label("unreadable"),
    Target.browsers_refuse,
    Target.id.is_not(None).label("has_target"),
    Target.fingerprint.is_not(None).label("has_certificate"),
)
_FACTS = (
    Client.name.label("client"),
    Client.reference.label("client_reference"),
    Client.contact_email,
    Client.note.label("client_note"),
    Target.hostname.label("hostname"),
    Target.not_after,
    Target.checked_at,
    Target.changed_at,
)
_OF_SERVICES: Any = select(
    literal_column(f"'{Service.kind}'").label("kind"),
    type_coerce(Service.status, String).label("status"),
    Service.watched,
    *_SHARED,
    Service.id,
    Service.product,
    Service.domain.label("entered"),
    Service.note,
    Service.next_due_on,
    Service.reference,
    Service.server_address,
    Service.who_renews,
    *_FACTS,
)
_OF_DOMAINS: Any = select(
    literal_column(f"'{Domain.kind}'").label("kind"),
    type_coerce(Domain.status, String).label("status"),
    literal_column("1 = 1").label("watched"),
    *_SHARED,
    Domain.id,
    literal_column("''").label("product"),
    Domain.name.label("entered"),
    Domain.note,
    Domain.registered_on,
    Domain.expires_on,
    *_FACTS,
)
SHARED_COLUMNS = 3 + len(_SHARED)
AS_TEXT = ("problems", "notes", "unreadable")  # JSON
_STATEMENTS: Mapping[str, tuple[ItemModel, Any, frozenset[Any]]] = {
    Service.kind: (
        Service,
        _OF_SERVICES.join(Service.client).outerjoin(Service.target),
        ACTIVE_SERVICES,
    ),
    Domain.kind: (
        Domain,
        _OF_DOMAINS.join(Domain.client).outerjoin(Domain.target),
        ACTIVE_DOMAINS,
    ),
}


def is_active(row: Any) -> bool:
    """Whether the item of this row is checked."""
    return row.status in _STATEMENTS[row.kind][2] and row.watched


def of_kind(kind: str, ids: Sequence[int]) -> list[int]:
    """The ids of the items of this kind among these listing rows."""
    return [id_ for of, id_ in map(item_of, ids) if of == kind]


def stored(ids: Sequence[int]) -> dict[int, Any]:
    """What is stored of the items of these listing rows."""
    found: dict[int, Any] = {}
    for kind, (model, statement, _) in _STATEMENTS.items():
        if wanted := of_kind(kind, ids):
            chosen = db.session.connection().execute(
                statement.where(among_ids(model.__table__.c.id, wanted))
            )
            plain = _plain(tuple(chosen.keys()))
            found |= {row_id(kind, row.id): row for row in map(plain._make, chosen)}
    return found


@cache
def _plain(names: tuple[str, ...]) -> Any:
    """A tuple with these names. To read a value of SQLAlchemy's own rows takes four times as long,
    and the cells of a line read forty."""
    return namedtuple("_Plain", names)
