"""How many checks there were and how long they took, over all processes: for `/metrics`."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, SmallInteger, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model, db, word_column
from webapp.probe import Finding, State

# The upper ends of the buckets, in seconds; one more bucket has what took longer
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class CheckCount(Model):
    """The recorded checks that found this state within this bucket of seconds, since the site was
    installed: they only grow."""

    state: Mapped[State] = mapped_column(word_column(State), primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    checks: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float]


class Durations(NamedTuple):
    """Checks that found one state: how many in each bucket, and their seconds in all."""

    checks: tuple[int, ...]
    seconds: float


def add(findings: Iterable[Finding]) -> None:
    """Counts these checks. Call it inside `writing()`, last: all who write meet at these rows."""
    checks: dict[tuple[State, int], int] = defaultdict(int)
    seconds: dict[tuple[State, int], float] = defaultdict(float)
    for finding in findings:
        key = finding.state, bisect_left(BUCKETS, finding.elapsed_seconds)
        checks[key] += 1
        seconds[key] += finding.elapsed_seconds
    if not checks:
        return
    insert: Any = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    statement = insert(CheckCount)
    more = {
        name: getattr(CheckCount, name) + statement.excluded[name] for name in ("checks", "seconds")
    }
    # In one order, or two batches on PostgreSQL could wait for each other
    rows = [
        {"state": state, "bucket": bucket, "checks": checks[key], "seconds": seconds[key]}
        for key in sorted(checks)
        for state, bucket in [key]
    ]
    db.session.execute(
        statement.values(rows).on_conflict_do_update(index_elements=["state", "bucket"], set_=more)
    )


def durations() -> dict[State, Durations]:
    """The checks of each state that any has found."""
    found: dict[State, list[int]] = {}
    seconds: dict[State, float] = defaultdict(float)
    for row in db.session.scalars(select(CheckCount)):
        found.setdefault(row.state, [0] * (len(BUCKETS) + 1))[row.bucket] = row.checks
        seconds[row.state] += row.seconds
    return {state: Durations(tuple(found[state]), seconds[state]) for state in found}
