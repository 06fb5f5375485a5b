"""What an administrator has selected in the report: some rows by name, or all that its filters
find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from webapp.customers import access, padlocks
from webapp.customers.listing_row import ListingRow
from webapp.customers.models import User
from webapp.errors import Refused
from webapp.extensions import db
from webapp.listing import plan
from webapp.listing.rows import Rows
from webapp.reports import ssl_status
from webapp.reports.query import ReportQuery, rows_of
from webapp.words import refusals

MOST_SELECTED = 10_000  # items that one request changes: a second for each thousand


@dataclass(frozen=True)
class Selection:
    """Items that are called "service-12" and the like, or all that a question `finds`."""

    names: Sequence[str] = ()
    finds: ReportQuery | None = None


def row_ids(user: User, selection: Selection, now: datetime) -> list[int]:
    """The ids of the listing rows of what is selected, as far as this user may see it.

    Raises `errors.Refused` where that is nothing, or more than `MOST_SELECTED`, or where a filter
    is not understood any more: without it the others find what no one has selected.
    """
    if selection.finds is None:
        named = ListingRow.id.in_(padlocks.row_ids_of(selection.names))
        rows = Rows((*access.rows_for(user), named))
    else:
        filters = ssl_status.understood(selection.finds)
        if not selection.finds.asked <= filters.keys():  # its issuer or its client is gone
            raise Refused(refusals.selection_changed())
        rows = plan.planned(rows_of(user, filters, now), ListingRow.id)
    ids = sorted(db.session.scalars(rows.matching(select(ListingRow.id), MOST_SELECTED + 1)))
    if not ids:
        raise Refused(refusals.nothing_selected())
    if len(ids) > MOST_SELECTED:
        raise Refused(refusals.too_many_selected(MOST_SELECTED))
    return ids
