"""The report and the lists as CSV, a row at a time: however much there is, little of it is in
memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from webapp import probe
from webapp.customers import client_list, lists, statuses, tags
from webapp.customers.listing_row import MODELS, row_id
from webapp.customers.lists import ListQuery
from webapp.customers.models import Domain, Service, User
from webapp.listing import page
from webapp.monitor.models import Standing, standing
from webapp.probe import Reason
from webapp.reports import item_facts, ssl_status
from webapp.reports.query import ReportQuery, rows_of
from webapp.words import activity, certificates, states, times, verdicts
from webapp.words.columns import headings

MOST_SHARED = 1000  # of what is said of many rows is remembered


class _Reader(NamedTuple):
    """Who reads the file, and when."""

    now: datetime
    zone: tzinfo
    is_client: bool


class _Item(NamedTuple):
    """A service or a domain as it is stored, and how it stands."""

    row: Any
    standing: Standing
    reader: _Reader


_TWO = [f"{number:02}" for number in range(60)]


def _instant(at: datetime | None) -> str:
    if at is None:
        return ""
    # A third of the time of str(at)
    return f"{_day(at.date())} {_TWO[at.hour]}:{_TWO[at.minute]}:{_TWO[at.second]}"


@lru_cache(4096)
def _day(on: date | None) -> str:
    return "" if on is None else str(on)


# What stands in each column. These go by the columns of `_SHARED` and those before, and by whether
# the certificate has expired. "time_zone" is that in whose calendar the days are counted.
_SHARED_CELLS: Mapping[str, Callable[[_Item], object]] = MappingProxyType(
    {
        "state": lambda item: states.look_of(item.standing.state, item.standing.reason).label,
        "kind": lambda item: activity.kind_text(item.row.kind),
        "status": lambda item: statuses.status_text(item.row.status, client=item.reader.is_client),
        "issuer": lambda item: (
            certificates.issuer_text(item.row.issuer, item.row.unreadable)
            if item.row.has_certificate
            else ""
        ),
        "reason": lambda item: verdicts.title(
            item.standing.state, item.standing.reason, item.standing.facts
        ),
        "browsers": lambda item: (
            states.browsers_may_refuse()
            if states.refused(item.standing.state, item.standing.facts)
            else ""
        ),
        "time_zone": lambda item: str(item.reader.zone),
    }
)
# These go by all that is stored
_OWN_CELLS: Mapping[str, Callable[[Any, _Reader], object]] = MappingProxyType(
    {
        "domain": lambda row, _: (
            probe.to_unicode(probe.authority(row.hostname, row.port))
            if row.hostname
            else row.entered
        ),
        "client": lambda row, _: row.client,
        "client_reference": lambda row, _: row.client_reference or "",
        "product": lambda row, _: row.product,
        "expires": lambda row, _: _instant(row.not_after),
        "days_left": lambda row, reader: (
            "" if row.not_after is None else times.days_left(row.not_after, reader.now, reader.zone)
        ),
        "last_checked": lambda row, _: _instant(row.checked_at),
        "last_changed": lambda row, _: _instant(row.changed_at),
        "contact_email": lambda row, _: row.contact_email or "",
        "client_note": lambda row, _: row.client_note or "",
        "note": lambda row, _: row.note or "",
        "next_due": lambda row, _: _day(row.next_due_on),
        "registered": lambda row, _: _day(row.registered_on),
        "registered_until": lambda row, _: _day(row.expires_on),
        "reference": lambda row, _: row.reference or "",
        "server": lambda row, _: row.server_address or "",
        "who_renews": lambda row, _: row.who_renews or "",  # as an import reads it
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
    reader = _Reader(now, zone, not user.sees_everything)  # the user may be a proxy: once
    own = [(place, _OWN_CELLS[name]) for place, name in enumerate(columns) if name in _OWN_CELLS]
    tags_at = columns.index("tags") if "tags" in columns else None
    known: dict[tuple[object, ...], list[object]] = {}
    for ids in pages:
        stored = item_facts.stored(ids)
        tagged = {} if tags_at is None else _tagged(ids)
        for id_ in ids:
            if (row := stored.get(id_)) is None:
                continue
            expired = row.not_after is not None and row.not_after <= now
            key = (expired, *row[: item_facts.SHARED_COLUMNS])
            if key not in known:
                if len(known) == MOST_SHARED:
                    known.clear()
                known[key] = _shared_cells(row, columns, reader)
            cells = known[key].copy()
            for place, cell in own:
                cells[place] = cell(row, reader)
            if tags_at is not None:
                cells[tags_at] = tagged.get(id_, "")
            yield cells


def _shared_cells(row: Any, columns: Sequence[str], reader: _Reader) -> list[object]:
    """A line with what is said of all rows like this one."""
    read = {name: json.loads(getattr(row, name) or "[]") for name in item_facts.AS_TEXT}
    row = row._replace(reason=row.reason and Reason(row.reason), **read)
    active = item_facts.is_active(row)
    stands = standing(row if row.has_target else None, active=active, now=reader.now)
    item = _Item(row, stands, reader)
    return [_SHARED_CELLS[name](item) if name in _SHARED_CELLS else "" for name in columns]


def _tagged(ids: Sequence[int]) -> dict[int, str]:
    """The tags of these listing rows, where they have any."""
    return {
        row_id(model.kind, id_): text
        for model in MODELS
        for id_, text in tags.texts_of(model, item_facts.of_kind(model.kind, ids)).items()
    }


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
    asked = client_list.understood(question)
    for ids in page.all_ids(asked.rows, asked.order, asked.sort):
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
