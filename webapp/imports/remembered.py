"""The mappings that people have made, kept for the next file with the same headings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from webapp.extensions import db, writing
from webapp.imports.guessing import FileSample, guess
from webapp.imports.headings import PROBLEM, squashed
from webapp.imports.mapping import Mapping
from webapp.imports.models import ImportMapping


def heading_key(headings: Iterable[str]) -> str:
    """What a set of headings is remembered by, in whichever order they stand."""
    keys = sorted({squashed(heading) for heading in headings} - {PROBLEM, ""})
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def remember(sample: FileSample, mapping: Mapping, now: datetime) -> None:
    """Keeps how a file with these headings is read. Whose it is and how it is encoded may be
    otherwise the next time."""
    if not sample.has_headings:
        return
    named = {ours: squashed(sample.headings[number]) for ours, number in mapping.columns.items()}
    kept = {"columns": named, "kind": mapping.kind}
    key = heading_key(sample.headings)
    with writing():
        row = db.session.scalar(select(ImportMapping).filter_by(headings=key))
        row = row or ImportMapping(headings=key)
        row.mapping = kept
        row.used_at = now
        db.session.add(row)


def recall(sample: FileSample) -> Mapping | None:
    """How a file with these headings was read last."""
    key = heading_key(sample.headings)
    row = db.session.scalar(select(ImportMapping).filter_by(headings=key))
    if row is None or not sample.has_headings:
        return None
    keys = [squashed(heading) for heading in sample.headings]
    columns = {ours: keys.index(key) for ours, key in row.mapping["columns"].items()}
    guessed = guess(sample)
    parts = [] if "client_name" in columns else guessed.name_parts
    return Mapping(columns, parts, kind=row.mapping["kind"], source=guessed.source)


def proposed(sample: FileSample) -> tuple[Mapping, bool]:
    """How a file that looks like this is read, and whether that is sure enough to read it without
    asking: our own format, an export that is known, or headings that a person has mapped before;
    and an encoding that is no guess."""
    guessed = guess(sample)
    remembered = recall(sample)
    keys = {squashed(heading) for heading in sample.headings}
    known = remembered or guessed.source or {"kind", "client"} <= keys
    found = remembered or guessed
    return found, bool(known) and not found.missing and not sample.guessed
