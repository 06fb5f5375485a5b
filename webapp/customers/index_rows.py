"""What the listing rows of services and domains are to be, as one SELECT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from webapp.customers import listing_row
from webapp.customers.listing_row import NOT_SOON, SEVERITIES, ItemModel
from webapp.customers.models import (
    ACTIVE_DOMAINS,
    ACTIVE_SERVICES,
    Client,
    Domain,
    DomainStatus,
    Service,
    ServiceStatus,
)
from webapp.extensions import Instant
from webapp.monitor.models import Target
from webapp.probe import HTTPS_PORT, Reason, State
from webapp.words.report_filters import NEVER_ASKED as NOT_YET

Moment = datetime | BindParameter[datetime]

_INACTIVE: Mapping[ItemModel, Sequence[str]] = MappingProxyType(
    {
        Service: sorted(set(ServiceStatus) - ACTIVE_SERVICES),
        Domain: sorted(set(DomainStatus) - ACTIVE_DOMAINS),
    }
)
_REASONS = MappingProxyType(
    {state: [reason for reason in Reason if reason.state is state] for state in State}
)


def inactive(model: ItemModel) -> ColumnElement[bool]:
    """Whether an item is not active; such a one is never asked."""
    ended = model.status.in_(_INACTIVE[model])
    return or_(ended, ~Service.watched) if model is Service else ended


def rank_at(model: ItemModel, now: Moment) -> ColumnElement[int]:
    """The rank of an item at `now`, in a statement that joins its target.

    It is the verdict of `monitor.models.standing` and nothing else; a test holds the two together.
    What only one process knows (a check in progress) is not in it.
    """
    ended = Target.not_after <= now
    well = Target.reason == Reason.OK
    return case(
        (inactive(model), listing_row.INACTIVE),
        (Target.id.is_(None), listing_row.UNKNOWN),
        (Target.reason.is_(None), listing_row.NEVER_ASKED),
        (
            or_(Target.reason.in_(_REASONS[State.INVALID]), and_(well, ended)),
            listing_row.INVALID,
        ),
        (~well, listing_row.UNKNOWN),
        (Target.expiring_at <= now, listing_row.EXPIRING),
        else_=listing_row.VALID,
    )


def rows_of(model: ItemModel, now: Moment) -> Select[Any]:
    """The listing rows that the services or the domains are to have at `now`."""
    is_service = model is Service
    entered = Service.domain if is_service else Domain.name
    ended = Target.not_after <= now
    well = Target.reason == Reason.OK
    rank = rank_at(model, now)
    reason = case(
        (inactive(model), null()),
        (Target.id.is_(None), SEVERITIES[Reason.NOT_CHECKABLE]),
        (Target.reason.is_(None), SEVERITIES[NOT_YET]),
        (and_(well, ended), SEVERITIES[Reason.EXPIRED]),
        else_=case({word.value: SEVERITIES[word] for word in Reason}, value=Target.reason),
    )
    is_valid = rank.in_((listing_row.EXPIRING, listing_row.VALID))
    columns: dict[str, Any] = {
        "id": 2 * model.id + (1 if is_service else 0),
        "kind": literal(model.kind),
        "service_id": Service.id if is_service else null(),
        "domain_id": null() if is_service else Domain.id,
        "client_id": model.client_id,
        "client_name": func.lower(Client.name),
        "name": func.lower(entered),
        "product": func.lower(Service.product) if is_service else literal(Domain.kind),
        "status": model.status,
        "due_on": Service.next_due_on if is_service else Domain.expires_on,
        "registered_on": null() if is_service else Domain.registered_on,
        "origin": Service.origin if is_service else null(),
        "target_id": model.target_id,
        "rank": rank,
        "rank_until": case(
            (~is_valid, null()),
            (rank == listing_row.EXPIRING, Target.not_after),
            else_=func.coalesce(Target.expiring_at, Target.not_after),
        ),
        "soonest": case(
            (rank == listing_row.EXPIRING, Target.not_after), else_=literal(NOT_SOON, Instant)
        ),
        "reason": reason,
        "browsers_refuse": case(
            (and_(is_valid, Target.browsers_refuse.is_(True)), true()), else_=false()
        ),
        "issuer": func.nullif(func.lower(Target.issuer), ""),
        "not_after": Target.not_after,
        "checked_at": Target.checked_at,
        "changed_at": Target.changed_at,
        "text": _lines(
            entered,
            Service.product if is_service else None,
            _authority(),
            Service.reference if is_service else None,
        ),
        "client_text": _lines(Client.name, Client.reference),
    }
    return (
        select(*(column.label(name) for name, column in columns.items()))
        .select_from(model)
        .join(model.client)
        .outerjoin(model.target)
    )


def _authority() -> ColumnElement[str]:
    """As `Target.authority`."""
    port = literal(":").concat(cast(Target.port, String))
    return case((Target.port == HTTPS_PORT, Target.hostname), else_=Target.hostname.concat(port))


def _lines(*texts: Any) -> ColumnElement[str]:
    """These texts, a line each; None and what is empty has none."""
    whole: ColumnElement[str] = literal("")
    for text in texts:
        if text is not None:
            whole = whole.concat(func.coalesce(text.concat("\n"), ""))
    return whole
