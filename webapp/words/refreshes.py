"""Refreshes in words: title, progress and result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Protocol

from webapp.words.times import day_text

# What has become of a refresh, see `monitor.models.RunState`: its words and the colour of its
# badge.
RUNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "running": ("Running", "azure"),
        "done": ("Done", "green"),
        "failed": ("Failed", "red"),
        "offline": ("Monitor offline", "yellow"),
    }
)
MONITOR_OFFLINE = (
    "The monitor can't reach the network. You see the last known states. It retries automatically."
)
MONITOR_OFFLINE_NOW = (
    "Most names and the control names don't answer, so the last known states are kept."
)


class Counted(Protocol):
    """How many names a refresh has asked, and what became of them, see
    `monitor.models.RefreshRun`."""

    @property
    def asked(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def valid(self) -> int: ...
    @property
    def invalid(self) -> int: ...
    @property
    def unknown(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def changed(self) -> int: ...


def run_title(kind: str, slot: str) -> str:
    """What a refresh is called."""
    if kind == "daily":
        return day_text(date.fromisoformat(slot))
    return "Refresh now" if kind == "now" else "Command line"


def many_failed(asked: int, failed: int) -> bool:
    """Whether a refresh did not go well: at least one in twenty of its checks failed on our
    side."""
    return failed > 0 and 20 * failed >= asked


def run_state(run: Counted, state: str) -> tuple[str, str]:
    """How a refresh is or was, in a word, and the colour of its badge."""
    if state == "done" and many_failed(run.asked, run.failed):
        return ("Partly failed", "red")
    return RUNS[state]


def failed_checks(asked: int, failed: int) -> str:
    """ "233 of 300 checks failed on our side."."""
    return f"{failed:,} of {asked:,} check{'' if asked == 1 else 's'} failed on our side."


def run_progress(state: str, asked: int, total: int) -> str:
    """How far a refresh is, in a sentence."""
    if state == "offline":
        return MONITOR_OFFLINE
    return (
        f"{asked:,} of {total:,} host names checked"
        if asked
        else f"{total:,} host names are being checked"
    )


def run_counts(run: Counted) -> str:
    """ "60 valid, 30 invalid, 10 unknown; 4 changed": what a refresh has found."""
    counts = [f"{run.valid:,} valid", f"{run.invalid:,} invalid", f"{run.unknown:,} unknown"]
    if run.failed:
        counts.append(f"{run.failed:,} failed on our side")
    return f"{', '.join(counts)}; {run.changed:,} changed"
