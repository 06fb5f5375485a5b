"""Results of checks as facts, whose clients are the ids of all who have the name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import null, or_, select

from webapp.alerts.facts import Certificate, Check
from webapp.customers.catalog import CHUNK_IDS
from webapp.customers.index_rows import inactive
from webapp.customers.models import Domain, Service
from webapp.customers.monitored_names import in_use
from webapp.extensions import db
from webapp.monitor.models import Target
from webapp.notices.models import AlertName
from webapp.probe import State, authority

_FACTS = (
    *(Target.id, Target.hostname, Target.port, Target.checked_at, Target.state, Target.reason),
    *(Target.not_before, Target.not_after, Target.issuer, Target.fingerprint),
    *(Target.names, Target.names_total, Target.key, Target.address),
)


class TargetCheck(NamedTuple):
    """The last check of a target."""

    target_id: int
    fact: Check


@dataclass(slots=True)
class Owners:
    """The ids of the clients that have a name, and the product of the first service with it."""

    ids: set[int] = field(default_factory=set)
    product: str | None = None

    @property
    def client(self) -> str | None:
        """The client of a `Check`."""
        return ",".join(map(str, sorted(self.ids))) or None


def not_evaluated(since: datetime, until: datetime, most: int) -> list[TargetCheck]:
    """The last checks of names in use in this time, without evaluated ones, the oldest first."""
    new = or_(AlertName.checked_at.is_(None), AlertName.checked_at != Target.checked_at)
    in_time = (Target.checked_at > since, Target.checked_at <= until)
    found = (
        select(*_FACTS)
        .outerjoin(AlertName, AlertName.target_id == Target.id)
        .where(*in_time, new, in_use(each=True))
        .order_by(Target.checked_at, Target.id)
        .limit(most)
    )
    rows: Sequence[Any] = db.session.execute(found).all()
    owners = owners_of([row.id for row in rows])
    return [TargetCheck(row.id, _fact(row, owners[row.id])) for row in rows]


def owners_of(target_ids: Collection[int]) -> dict[int, Owners]:
    """Whose active items these targets are."""
    owners = {id_: Owners() for id_ in target_ids}
    ids = list(target_ids)
    for start in range(0, len(ids), CHUNK_IDS):
        chunk = ids[start : start + CHUNK_IDS]
        for model in (Service, Domain):
            product = Service.product if model is Service else null()
            columns = select(model.target_id, model.client_id, product)
            active = columns.where(model.target_id.in_(chunk), ~inactive(model))
            found: Iterable[Any] = db.session.execute(active.order_by(model.id))
            for target_id, client_id, name in found:
                owner = owners[target_id]
                owner.ids.add(client_id)
                owner.product = owner.product or name
    return owners


def _fact(row: Any, owners: Owners) -> Check:
    # What is kept of a certificate while a server does not answer was seen by an earlier check
    seen = row.state is not State.UNKNOWN and (row.fingerprint or row.not_after)
    return Check(
        row.checked_at,
        authority(row.hostname, row.port),
        owners.client,
        owners.product,
        row.state,
        row.reason or "",
        _certificate(row) if seen else None,
        row.address or "",
    )


def _certificate(row: Any) -> Certificate:
    # The first hundred names are stored: those of a longer list cannot be compared
    known = len(row.names) == row.names_total
    names = tuple(row.names) if known else None
    return Certificate(
        row.fingerprint or "", row.not_before, row.not_after, row.issuer, names, row.key
    )
