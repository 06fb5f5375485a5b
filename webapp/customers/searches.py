"""How the rows of a search are found: by the index of `search_index` where there is one, else by
looking into each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, String, case, column, or_, select, table
from sqlalchemy.orm import InstrumentedAttribute

from webapp import probe
from webapp.customers import search_index
from webapp.customers.listing_row import MODELS, ListingRow
from webapp.customers.models import Activity, Domain, Service, User
from webapp.customers.search_index import LOG_NAME, NAME, PRIVATE, SERVICES
from webapp.extensions import contains, db
from webapp.listing.rows import Rows, Search
from webapp.site import this_site

SHORTEST = 3  # characters of a text that has a trigram

_NUMBERS = {
    Domain.kind: (0, SERVICES - 1),
    Service.kind: (SERVICES, 2 * SERVICES),
    None: (0, 2 * SERVICES),
}
_OF_KIND = {Domain.kind: ListingRow.domain_id, Service.kind: ListingRow.service_id}

_documents = table(NAME, column("rowid"), column(NAME, String))
_log_lines = table(LOG_NAME, column("rowid"), column(LOG_NAME, String))


def searched(
    rows: Rows, search: str, user: User | None, kind: str | None = None, owner: int | None = None
) -> Rows:
    """Those of these rows that have a text in what they copy of their item, or of its client.

    A client's own name stands on every row of theirs: for them it would find everything. `kind`,
    `owner`: where `rows` are of items of this kind or this client only, which is quicker to find.
    """
    if not search:
        return rows
    texts = {search}
    with suppress(probe.NotCheckable):
        # A user who pastes an address, or the same name in the other of its two spellings, finds it
        # too.
        asked = probe.understand(search)
        texts.add(probe.authority(asked.hostname, asked.port))
    everything = user is None or user.sees_everything
    columns = [ListingRow.text, *([ListingRow.client_text] if everything else [])]
    if user is not None and not user.sees_everything:
        owner = user.client_id
    return replace(rows, search=_in_items(columns, sorted(texts), kind, owner))


def _in_items(
    columns: Sequence[InstrumentedAttribute[Any]],
    texts: Sequence[str],
    kind: str | None = None,
    client_id: int | None = None,
) -> Search:
    """How listing rows are found that have one of these texts in one of these columns.

    `kind`, `client_id`: where no others are wanted. The index finds less then, but may still find
    some of others. Without `kind`, the rows have a split for each of `MODELS`.
    """
    has_it = _any_contains(columns, texts)
    if not _indexed(texts):
        return Search(has_it)
    if db.engine.dialect.name != "sqlite":
        kinds = [model.kind for model in MODELS] if kind is None else [kind]
        parts = tuple(_of_kind_contains(kind, columns, texts) for kind in kinds)
        return Search(has_it, indexed=True, by_itself=True, parts=parts)
    words = " OR ".join(f"({_all_of(one)})" for one in texts)
    if client_id is not None:
        words = f"({words}) AND {_quoted(_mark(client_id))}"
    number = _documents.c.rowid
    id_ = 2 * number.bitwise_and(SERVICES - 1) + number.bitwise_rshift(40)
    matches = (_documents.c[NAME].match(words), number.between(*_NUMBERS[kind]))
    candidates = select(id_.label("id")).where(*matches).subquery()
    found = candidates.c.id == ListingRow.id
    return Search(has_it, indexed=True, candidates=candidates, found=found)


def in_log(has_it: ColumnElement[bool], words: str) -> Search:
    """How lines of the log are found that have this text, which is what `has_it` tells of one."""
    if not _indexed([words]):
        return Search(has_it)
    if db.engine.dialect.name != "sqlite":
        return Search(has_it, indexed=True, by_itself=True)
    matches = _log_lines.c[LOG_NAME].match(_all_of(words))
    candidates = select(_log_lines.c.rowid.label("id")).where(matches).subquery()
    found = candidates.c.id == Activity.id
    return Search(has_it, indexed=True, candidates=candidates, found=found)


def _any_contains(columns: Iterable[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    return or_(*(contains(column, text) for text in texts for column in columns))


def _of_kind_contains(
    kind: str, columns: Iterable[InstrumentedAttribute[Any]], texts: Iterable[str]
) -> ColumnElement[bool]:
    """Whether a row is of this kind and has one of these texts, written as the expression that
    PostgreSQL's index has."""
    of_kind = _OF_KIND[kind].is_not(None)
    return _any_contains([case((of_kind, one)) for one in columns], texts)


def _indexed(texts: Iterable[str]) -> bool:
    if any(len(one) < SHORTEST or "\0" in one for one in texts):
        return False
    site = this_site()
    indexed = site.search_indexed or search_index.exists()
    # PostgreSQL finds the same without an index: it need not be looked for again
    site.search_indexed = indexed and db.engine.dialect.name != "sqlite"
    return indexed


def _all_of(words: str) -> str:
    """How FTS5 is asked for all trigrams of a text, wherever they stand."""
    trigrams = dict.fromkeys(words[n : n + SHORTEST] for n in range(len(words) - SHORTEST + 1))
    return " AND ".join(map(_quoted, trigrams))


def _quoted(trigram: str) -> str:
    return '"' + trigram.replace('"', '""') + '"'


def _mark(client_id: int) -> str:
    return "".join(chr(PRIVATE + (client_id >> bits & 0xFFF)) for bits in (24, 12, 0))
