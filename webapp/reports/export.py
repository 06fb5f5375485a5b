"""The report and the lists as CSV, a row at a time: however much there is, little of it is in
memory."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import literal_column, select

from webapp import probe
from webapp.customers import client_list, lists, statuses, tags
from webapp.customers.listing_row import MODELS, ItemModel, item_of, row_id
from webapp.customers.lists import ListQuery
from webapp.customers.models import ACTIVE_DOMAINS, ACTIVE_SERVICES, Client, Domain, Service, User
from webapp.extensions import among_ids, db
from webapp.listing import page
from webapp.monitor.models import Standing, Target, standing
from webapp.parsing import LARGEST
from webapp.reports import ssl_status
from webapp.reports.query import ReportQuery, rows_of
from webapp.words import activity, certificates, states, times, verdicts
from webapp.words.columns import headings

_FACTS = (
    Client.name.label("client"),
    Client.reference.label("client_reference"),
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
    Service.next_due_on,
    Service.reference,
    Service.server_address,
    Service.who_renews,
    Service.watched,
    *_FACTS,
)
_OF_DOMAINS: Any = select(
    Domain.id,
    literal_column("''").label("product"),
    Domain.name.label("entered"),
    Domain.status,
    Domain.note,
    Domain.registered_on,
    Domain.expires_on,
    literal_column("1 = 1").label("watched"),
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


class _Item(NamedTuple):
    """A service or a domain as it is stored, and how it stands."""

    kind: str
    row: Any
    standing: Standing
    now: datetime
    zone: tzinfo
    client_reads: bool
    tags: str


# What stands in each column. "time_zone" is that in whose calendar the days are counted.
_CELLS: Mapping[str, Callable[[_Item], object]] = MappingProxyType(
    {
        "state": lambda item: states.look_of(item.standing.state, item.standing.reason).label,
        "domain": lambda item: (
            probe.to_unicode(probe.authority(item.row.hostname, item.row.port))
            if item.standing.facts
            else item.row.entered
        ),
        "client": lambda item: item.row.client,
        "client_reference": lambda item: item.row.client_reference or "",
        "kind": lambda item: activity.kind_text(item.kind),
        "product": lambda item: item.row.product,
        "status": lambda item: statuses.status_text(item.row.status, client=item.client_reads),
        "issuer": lambda item: (
            certificates.issuer_text(item.row.issuer, item.row.unreadable)
            if item.row.fingerprint
            else ""
        ),
        "expires": lambda item: _instant(item.row.not_after),
        "days_left": lambda item: (
            ""
            if item.row.not_after is None
            else times.days_left(item.row.not_after, item.now, item.zone)
        ),
        "reason": lambda item: verdicts.title(
            item.standing.state, item.standing.reason, item.standing.facts
        ),
        "last_checked": lambda item: _instant(item.row.checked_at),
        "last_changed": lambda item: _instant(item.row.changed_at),
        "browsers": lambda item: (
            states.browsers_may_refuse()
            if states.refused(item.standing.state, item.standing.facts)
            else ""
        ),
        "time_zone": lambda item: str(item.zone),
        "contact_email": lambda item: item.row.contact_email or "",
        "client_note": lambda item: item.row.client_note or "",
        "note": lambda item: item.row.note or "",
        "tags": lambda item: item.tags,
        "next_due": lambda item: _day(item.row.next_due_on),
        "registered": lambda item: _day(item.row.registered_on),
        "registered_until": lambda item: _day(item.row.expires_on),
        "reference": lambda item: item.row.reference or "",
        "server": lambda item: item.row.server_address or "",
        "who_renews": lambda item: item.row.who_renews or "",  # as an import reads it
    }
)
_COLUMNS = (
    *("state", "domain", "client", "kind", "product", "status", "issuer", "expires", "days_left"),
    *("reason", "last_checked", "last_changed", "browsers", "time_zone"),
    *("contact_email", "client_note", "note", "tags"),
)
_OF_CERTIFICATE = ("state", "reason", "issuer", "expires", "last_checked")
_LIST_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        Service.kind: ("product", "domain", "status", "next_due", *_OF_CERTIFICATE),
        Domain.kind: ("domain", "status", "registered", "registered_until", *_OF_CERTIFICATE),
    }
)
_OF_CLIENT = ("client", "client_reference", "contact_email")
# What else the provider's people get
_MORE_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        Service.kind: (*_OF_CLIENT, "reference", "server", "who_renews", "note", "tags"),
        Domain.kind: (*_OF_CLIENT, "note", "tags"),
    }
)


def report_headings() -> tuple[str, ...]:
    """What the cells of `rows` are."""
    return headings(_COLUMNS)


def rows(
    user: User, question: ReportQuery, now: datetime, zone: tzinfo = UTC
) -> Iterator[Sequence[object]]:
    """The rows of the report as it is filtered and sorted; instants in UTC."""
    listed = rows_of(user, ssl_status.understood(question), now)
    pages = page.all_ids(listed, question.order, question.known_sort)
    return _rows(pages, _COLUMNS, user, now, zone)


def list_headings(user: User, kind: str) -> tuple[str, ...]:
    """What the cells of `list_rows` are."""
    return headings(_list_columns(user, kind))


def _list_columns(user: User, kind: str) -> tuple[str, ...]:
    return (*_LIST_COLUMNS[kind], *(_MORE_COLUMNS[kind] if user.sees_everything else ()))


def list_rows(
    user: User, kind: str, question: ListQuery, now: datetime
) -> Iterator[Sequence[object]]:
    """The rows of a list of services or domains in the same way."""
    asked = lists.understood(kind, user, question)
    pages = page.all_ids(asked.rows, asked.order, asked.sort)
    return _rows(pages, _list_columns(user, kind), user, now, UTC)


def _rows(
    pages: Iterator[Sequence[int]],
    columns: Sequence[str],
    user: User,
    now: datetime,
    zone: tzinfo,
) -> Iterator[Sequence[object]]:
    cells = [_CELLS[column] for column in columns]
    client_reads = not user.sees_everything  # the user may be a proxy, which takes its time
    for ids in pages:
        stored = _stored(ids)
        tagged = _tagged(ids) if "tags" in columns else {}
        for id_ in ids:
            if (found := stored.get(id_)) is not None:
                kind, row = found
                active = row.status in _STATEMENTS[kind][2] and row.watched
                stands = standing(row if row.hostname else None, active=active, now=now)
                theirs = tagged.get(id_, "")
                item = _Item(kind, row, stands, now, zone, client_reads, theirs)
                yield [cell(item) for cell in cells]


def _tagged(ids: Sequence[int]) -> dict[int, str]:
    """The tags of these listing rows, where they have any."""
    return {
        row_id(model.kind, id_): text
        for model in MODELS
        for id_, text in tags.texts_of(model, _of_kind(model.kind, ids)).items()
    }


def _of_kind(kind: str, ids: Sequence[int]) -> list[int]:
    """The ids of the items of this kind among these listing rows."""
    return [id_ for of, id_ in map(item_of, ids) if of == kind]


def _stored(ids: Sequence[int]) -> dict[int, tuple[str, Any]]:
    """The kind and what is stored of the items of these listing rows."""
    found = {}
    for kind, (model, statement, _) in _STATEMENTS.items():
        if wanted := _of_kind(kind, ids):
            chosen = db.session.execute(statement.where(among_ids(model.id, wanted)))
            plain = _plain(tuple(chosen.keys()))
            for row in map(plain._make, chosen):
                found[row_id(kind, row.id)] = (kind, row)
    return found


@cache
def _plain(names: tuple[str, ...]) -> Any:
    """A tuple with these names. To read a value of SQLAlchemy's own rows takes four times as long,
    and the cells of a line read forty."""
    return namedtuple("_Plain", names)


def _instant(at: datetime | None) -> str:
    return "" if at is None else str(at)[:19]


def _day(on: date | None) -> str:
    return "" if on is None else str(on)


_CLIENT_COLUMNS = (
    *("name", "reference", "contact_email", "note", "tags"),
    *("services", "domains", "users"),
)


def client_headings() -> tuple[str, ...]:
    """What the cells of `client_rows` are: an item is counted in one state."""
    return (
        *headings(_CLIENT_COLUMNS),
        *map(states.STATE_FILTERS.__getitem__, client_list.STATES.values()),
        *headings(["since"]),
    )


def client_rows(question: ListQuery) -> Iterator[Sequence[object]]:
    """The rows of the list of clients in the same way."""
    for ids in _client_ids(question):
        for row in client_list.rows_of(ids):
            client = row.client
            texts = (client.name, client.reference, client.contact_email, client.note)
            yield (
                *(text or "" for text in texts),
                ", ".join(tags.names_of(client)),
                *(row.counts.services, row.counts.domains, row.counts.users),
                *(row.states.get(state, 0) for state in client_list.STATES.values()),
                _instant(client.created_at),
            )


def _client_ids(question: ListQuery) -> Iterator[Sequence[int]]:
    asked = client_list.understood(question)
    if asked.sort.removeprefix("-") not in client_list.COUNTED_SORTS:
        return page.all_ids(asked.rows, asked.order, asked.sort)
    # At once: for each part all would be counted again
    ids = page.fetch(asked.rows, asked.order, asked.sort, size=LARGEST).ids
    most = page.ROWS_AT_ONCE
    return (ids[first : first + most] for first in range(0, len(ids), most))
