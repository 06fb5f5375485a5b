"""What a source says of clients, services and domains: changes of it by hand give way at the next
sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import select

from webapp.customers.models import Activity, Client, Domain, Service
from webapp.extensions import db
from webapp.sources.models import Mode, Source, SourceRun
from webapp.sources.panel import Panel
from webapp.words.activity import Detail

# By the words of the activity log, with the columns of an import; a client is always said
_FACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "client": {"name": "", "contact e-mail": "contact_email"},
        "service": {
            **{"client": "", "product": "product", "domain": "domain", "status": "status"},
            **{"next due": "next_due", "server": "server"},
        },
        "domain": {
            **{"client": "", "domain": "domain", "status": "status"},
            **{"registered": "registered", "expires": "expires"},
        },
    }
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a row; the facts that it says, and those of them that were changed here since
    its last complete sync: words of the activity log."""

    source: Source
    facts: list[str]
    by_hand: list[str]


def origin_of(row: Client | Service | Domain) -> Origin | None:
    """Where a row comes from; None where it is kept by hand."""
    from webapp.sources.kinds import PANELS  # an HTTP client, which no start needs

    source = db.session.get(Source, row.source_id) if row.source_id else None
    if source is None:
        return None
    kind = row.__tablename__
    panel = PANELS[source.kind]
    facts = [
        fact
        for fact, column in _FACTS[kind].items()
        if not column or not issubclass(panel, Panel) or column in panel.columns
    ]
    changed = _changed_since_sync(source, kind, row.id)
    return Origin(source, facts, [fact for fact in facts if fact in changed])


def _changed_since_sync(source: Source, kind: str, row_id: int) -> set[str]:
    complete = SourceRun.source_id == source.id, SourceRun.mode == Mode.SYNC, SourceRun.fault == ""
    last = select(SourceRun.ended_at).where(*complete).order_by(SourceRun.id.desc()).limit(1)
    since = db.session.scalar(last) or source.created_at
    lines = select(Activity.detail_code, Activity.detail_parameters).where(
        Activity.kind == kind, Activity.item_id == row_id, Activity.at > since
    )
    found = set()
    for code, parameters in db.session.execute(lines):
        if code == Detail.CHANGES:
            found |= {fact for fact, _, _ in parameters["changes"]}
        elif code == Detail.MOVED:
            found.add("client")
    return found
