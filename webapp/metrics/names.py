"""The metrics of each host name, a line at a time: however many there are, few are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import select

from webapp.customers.listing_row import INACTIVE, ListingRow
from webapp.customers.models import Client
from webapp.extensions import db
from webapp.metrics.collect import REASONS, gauge, state_of, written
from webapp.monitor.models import Target
from webapp.probe import authority

NOT_AFTER = "padlock_certificate_not_after_timestamp_seconds"
STATE = "padlock_state"
STATE_OF = {severity: state_of(word) for severity, word in REASONS.items()}
LINES = 1000  # that are given at once
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def name_metrics() -> Iterator[bytes]:
    """When the certificate of each active name expires, and its state, by name and client, as text.

    Prometheus refuses two numbers with the same labels. So a name that one client has twice, or two
    clients with the same name have, is there once: as the item of it that is worst.
    """
    yield from _family(NOT_AFTER, _ends())
    yield from _family(STATE, _states())


def _family(name: str, lines: Iterator[str]) -> Iterator[bytes]:
    yield written([gauge(name)])
    while some := [*islice(lines, LINES)]:
        yield "".join(some).encode()


def _ends() -> Iterator[str]:
    for labels, _severity, not_after in _names():
        if not_after is not None:
            yield f"{NOT_AFTER}{{{labels}}} {not_after.timestamp():.0f}\n"


def _states() -> Iterator[str]:
    for labels, severity, _not_after in _names():
        yield f'{STATE}{{{labels},state="{STATE_OF[severity]}"}} 1\n'


def _names() -> Iterator[tuple[str, Any, datetime | None]]:
    """The labels of each name, its number in `SEVERITIES` and its not_after."""
    order = (Target.hostname, Target.port, Client.name, ListingRow.reason)
    rows = (
        select(*order, ListingRow.not_after)
        .join(Target, Target.id == ListingRow.target_id)
        .join(Client, Client.id == ListingRow.client_id)
        .where(ListingRow.rank != INACTIVE)
        .order_by(*order)
        .execution_options(yield_per=LINES)
    )
    last: tuple[Any, ...] = ()
    for hostname, port, client, severity, not_after in db.session.execute(rows):
        if last != (last := (hostname, port, client)):
            name = authority(hostname, port)
            yield f'name="{name}",client="{client.translate(_ESCAPED)}"', severity, not_after
