"""From when on a certificate expires soon: `Target.expiring_at`, by the rules of warnings.

It is written in the transaction of what it depends on, before the listing rows are. A changed rule
has a background job go through all targets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask
from sqlalchemy import ColumnElement, Table, bindparam, func, select, update
from sqlalchemy.orm import attributes
from sqlalchemy.orm.util import identity_key

from webapp.alerts.plan import reached_at
from webapp.customers import index
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.monitor.models import Target
from webapp.notices import checks, rules
from webapp.probe import authority
from webapp.site import site_of

IDS_AT_ONCE = 1000

_targets = cast(Table, Target.__table__)
_FACTS = (
    *(Target.id, Target.hostname, Target.port, Target.issuer),
    *(Target.not_before, Target.not_after, Target.expiring_at),
)


def register(app: Flask) -> None:
    """Has the moments written together with what they depend on, and those of all targets where a
    rule has changed."""
    site_of(app).before_listing.append(_prepare)
    work = Work(_run, lambda: True, lambda _: "", lane=rules.REWRITE)
    site_of(app).jobs.works[rules.REWRITE] = work


def rewrite(go_on: Callable[[], bool] = lambda: True) -> None:
    """Writes the moment of each target that has another one, and the listing rows that copy it: in
    short transactions, after each of which it asks whether to go on."""
    for chosen in _ranges():
        with writing():
            _write(chosen)
        if not go_on():
            return


def drifted() -> int:
    """How many targets have another moment than the rules say."""
    count = 0
    for chosen in _ranges():
        count += len(_changed(chosen))
        db.session.rollback()  # what is written meanwhile is seen
    return count


def _prepare(target_ids: set[int]) -> None:
    """Before the listing rows are written, which copy it."""
    ids = sorted(target_ids)
    for start in range(0, len(ids), IDS_AT_ONCE):
        _write(Target.id.in_(ids[start : start + IDS_AT_ONCE]))


def _write(chosen: ColumnElement[bool]) -> None:
    changed = _changed(chosen, hold=True)
    if not changed:
        return
    new = [{"target_id": id_, "moment": moment} for id_, moment in changed.items()]
    one = update(_targets).where(_targets.c.id == bindparam("target_id"))
    db.session.connection().execute(one.values(expiring_at=bindparam("moment")), new)
    for id_, moment in changed.items():
        loaded = db.session.identity_map.get(identity_key(Target, id_))
        if loaded is not None:
            attributes.set_committed_value(loaded, "expiring_at", moment)
    index.touch(Target, changed)


def _changed(chosen: ColumnElement[bool], *, hold: bool = False) -> dict[int, datetime | None]:
    """The moments of these targets, where they have another one. `hold`: no one writes them until
    this commits."""
    found = select(*_FACTS).where(chosen).order_by(Target.id)
    if hold:
        found = found.with_for_update(key_share=True)
    rows: list[Any] = list(db.session.connection().execute(found))
    book = rules.book()
    owners = checks.owners_of([row.id for row in rows]) if book.depends_on_owner else {}
    no_owners = checks.Owners()
    moments = ((row, _moment(row, book, owners.get(row.id, no_owners))) for row in rows)
    return {row.id: moment for row, moment in moments if moment != row.expiring_at}


def _moment(row: Any, book: rules.SiteRules, owner: checks.Owners) -> datetime | None:
    if row.not_after is None:
        return None
    name = authority(row.hostname, row.port)
    rule = book.rule_for(name, owner.client, owner.product, row.issuer)
    return reached_at(rule.expiring, row.not_before, row.not_after)


def _run(job: ClaimedJob) -> Outcome:
    rewrite(lambda: queue.save_progress(job, {}, datetime.now(UTC)))
    return DONE


def _ranges() -> Iterator[ColumnElement[bool]]:
    """Conditions that find all targets, so many at once."""
    highest = db.session.scalar(select(func.max(Target.id))) or 0
    for first in range(1, highest + 1, IDS_AT_ONCE):
        yield Target.id.between(first, first + IDS_AT_ONCE - 1)
