"""The whole report, a row at a time: however much there is, little of it is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import literal_column, select

from webapp import probe
from webapp.customers.listing_row import ItemModel, item_of
from webapp.customers.models import ACTIVE_DOMAINS, ACTIVE_SERVICES, Client, Domain, Service, User
from webapp.extensions import db
from webapp.listing import page
from webapp.listing.page import MOST_COUNTED
from webapp.monitor.models import Target, standing
from webapp.reports import ssl_status
from webapp.reports.query import ReportQuery, rows_of
from webapp.words import certificates, states, times, verdicts

ROWS_AT_ONCE = 1000
_FACTS = (
    Client.name.label("client"),
    Client.contact_email,
    Client.note.label("client_note"),
    Target.hostname.label("hostname"),
    Target.port,
    Target.reason,
    Target.problems,
    Target.notes,
    Target.not_after,
    Target.issuer,
    Target.fingerprint,
    Target.unreadable,
    Target.checked_at,
    Target.changed_at,
    Target.browsers_refuse,
)
_OF_SERVICES: Any = select(
    Service.id,
    Service.product,
    Service.domain.label("entered"),
    Service.status,
    Service.note,
    *_FACTS,
)
_OF_DOMAINS: Any = select(
    Domain.id,
    literal_column("''").label("product"),
    Domain.name.label("entered"),
    Domain.status,
    Domain.note,
    *_FACTS,
)
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


# What the cells of `rows` are. "Time zone" is that in whose calendar the days are counted.
COLUMNS = (
    *("State", "Domain", "Client", "Kind", "Product", "Status", "Issuer", "Expires", "Days left"),
    *("Reason", "Last checked", "Last changed", "Browsers", "Time zone"),
    *("Contact e-mail", "Client note", "Note"),
)


def rows(
    user: User, question: ReportQuery, now: datetime, zone: tzinfo = UTC
) -> Iterator[Sequence[object]]:
    """The rows of the report as it is filtered and sorted, in `COLUMNS`; instants in UTC."""
    listed = rows_of(user, ssl_status.understood(question), now)
    at = ""
    known = 0
    while True:
        part = page.fetch(listed, question.order, question.known_sort, at, ROWS_AT_ONCE, known)
        items = {}
        for kind in _STATEMENTS:
            wanted = [item for item in map(item_of, part.ids) if item[0] == kind]
            items.update(_items(kind, [id_ for _, id_ in wanted], now, zone) if wanted else {})
        yield from (items[item] for item in map(item_of, part.ids) if item in items)
        at = part.following
        if not at:
            return
        known = part.total if part.exact else MOST_COUNTED + 1  # they are not gathered again


def _items(
    kind: str, ids: list[int], now: datetime, zone: tzinfo
) -> dict[tuple[str, int], Sequence[object]]:
    model, statement, active = _STATEMENTS[kind]
    return {
        (kind, row.id): _cells(kind, row, row.status in active, now, zone)
        for row in db.session.execute(statement.where(model.id.in_(ids)))
    }


def _cells(kind: str, row: Any, active: bool, now: datetime, zone: tzinfo) -> Sequence[object]:
    facts: Any = row if row.hostname else None  # it has what a verdict is made of
    stands = standing(facts, active=active, now=now)
    return (
        states.look_of(stands.state, stands.reason).label,
        probe.to_unicode(probe.authority(row.hostname, row.port)) if row.hostname else row.entered,
        row.client,
        kind.capitalize(),
        row.product,
        row.status.value,
        certificates.issuer_text(row.issuer, row.unreadable) if row.fingerprint else "",
        _instant(row.not_after),
        "" if row.not_after is None else times.days_left(row.not_after, now, zone),
        verdicts.title(stands.state, stands.reason, facts),
        _instant(row.checked_at),
        _instant(row.changed_at),
        states.browsers_may_refuse() if states.refused(stands.state, facts) else "",
        str(zone),
        row.contact_email or "",
        row.client_note or "",
        row.note or "",
    )


def _instant(at: datetime | None) -> str:
    return "" if at is None else str(at)[:19]
