"""What is asked of a run, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from webapp.customers.models import User
from webapp.imports.importer import ChangeCounts
from webapp.imports.staging import ROW_KINDS
from webapp.sources.fault import Fault
from webapp.sources.models import GONE_KINDS
from webapp.words import sources as say

MOST_PROBLEMS = 10_000  # that are told of a run: a file may have a million


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row, in words; `serious`: it was left as it is here."""

    row: str
    field: str
    words: str
    serious: bool


@dataclass(slots=True)
class Summary:
    """What a run did, or would do.

    `counts`: of each kind how many were added, changed, are gone and the same. `problems` are the
    first `MOST_PROBLEMS` of so many. `fault`: why it stopped; then nothing was written.
    """

    source: str
    counts: dict[str, dict[str, int]] = field(default_factory=lambda: counted({}, {}))
    problems: list[RowProblem] = field(default_factory=list)
    problem_count: int = 0
    fault: Fault | None = None

    @property
    def stopped(self) -> str | None:
        """Why it stopped, in words."""
        fault = self.fault
        return None if fault is None else say.fault_text(fault.code, fault.parameters)


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants a run, and how. `by`: as `SourceRun.who` has it. A `preview` writes nothing.
    `gone_percents`: by kind, what may be gone at once this time, where it is not what the source
    has."""

    who: User | None
    by: str
    now: datetime
    preview: bool = False
    gone_percents: Mapping[str, int] = field(default_factory=dict)


def of_each_kind(percent: int | None) -> dict[str, int]:
    """The same percentage for each kind, as `Order.gone_percents` has them."""
    return {} if percent is None else dict.fromkeys(GONE_KINDS, percent)


def counted(counts: ChangeCounts, gone: dict[str, list[int]]) -> dict[str, dict[str, int]]:
    """How many of each kind were added, changed, are gone and the same."""
    return {
        kind: {
            "added": counts.get(kind, {}).get("new", 0),
            "changed": counts.get(kind, {}).get("changed", 0),
            "gone": len(gone.get(kind, ())),
            "same": counts.get(kind, {}).get("same", 0),
        }
        for kind in ROW_KINDS
    }
