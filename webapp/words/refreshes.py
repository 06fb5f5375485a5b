"""Refreshes in words: title, progress and result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from webapp.words.times import day_text, span_text
from webapp.words.translation import Table, gettext, ngettext

# What has become of a refresh, see `monitor.models.RunState`: its words and the colour of its
# badge.
RUNS: Mapping[str, tuple[str, str]] = Table(
    {
        "running": lambda: (gettext("Running"), "azure"),
        "done": lambda: (gettext("Done"), "green"),
        "failed": lambda: (gettext("Failed"), "red"),
        "offline": lambda: (gettext("Monitor offline"), "yellow"),
    }
)


class RunDetail(StrEnum):
    """What is stored of why a refresh did not go well; its parameters stand beside it."""

    NONE = ""
    TEXT = "text"  # text: of before there were codes, as it was written then
    CUT_OFF = "cut off"
    INTERRUPTED = "interrupted"
    ALL_FAILED = "all failed"
    MANY_FAILED = "many failed"  # asked, failed
    BUSY = "busy"
    ERROR = "error"  # error: the name of its class


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


def monitor_offline() -> str:
    """What everyone reads while no check reaches the network."""
    return gettext(
        "The monitor can't reach the network. You see the last known states. It retries"
        " automatically."
    )


def monitor_offline_now() -> str:
    """What becomes of the refresh that has noticed it."""
    return gettext(
        "Most names and the control names don't answer, so the last known states are kept."
    )


def run_title(kind: str, slot: str) -> str:
    """What a refresh is called."""
    if kind == "daily":
        return day_text(date.fromisoformat(slot))
    return gettext("Refresh now") if kind == "now" else gettext("Command line")


def many_failed(asked: int, failed: int) -> bool:
    """Whether a refresh did not go well: at least one in twenty of its checks failed on our
    side."""
    return failed > 0 and 20 * failed >= asked


def run_state(run: Counted, state: str) -> tuple[str, str]:
    """How a refresh is or was, in a word, and the colour of its badge."""
    if state == "done" and many_failed(run.asked, run.failed):
        return (gettext("Partly failed"), "red")
    return RUNS[state]


def failed_checks(asked: int, failed: int) -> str:
    """ "233 of 300 checks failed on our side."."""
    return ngettext(
        "{failed:,} of {count:,} check failed on our side.",
        "{failed:,} of {count:,} checks failed on our side.",
        asked,
        failed=failed,
    )


def run_progress(state: str, asked: int, total: int) -> str:
    """How far a refresh is, in a sentence."""
    if state == "offline":
        return monitor_offline()
    if asked:
        return checked_of(asked, total)
    return ngettext(
        "{count:,} host name is being checked", "{count:,} host names are being checked", total
    )


def checked_of(asked: int, total: int) -> str:
    """ "40 of 951 host names checked"."""
    return ngettext(
        "{asked:,} of {count:,} host name checked",
        "{asked:,} of {count:,} host names checked",
        total,
        asked=asked,
    )


def daily_plan(names: int, limit: int, days: int, at: str, zone: str) -> str:
    """When how many host names are checked: all that are in use, or `limit` of them a day (0 for no
    limit), so that each has its turn every so many days."""
    if limit and limit < names:
        what = gettext("{limit:,} of {count:,} host names in use", limit=limit, count=names)
    else:
        what = ngettext("the only host name in use", "all {count:,} host names in use", names)
    if days > 1:
        what = gettext("{names}, each every {days} days", names=what, days=days)
    return gettext(
        "Starts daily at {at} ({zone}) and checks {names}.", at=at, zone=zone, names=what
    )


def adaptive_plan(names: int, limit: int, needed: int) -> str:
    """How many checks a day all host names in use need, and how many of these may be made."""
    what = ngettext(
        "The only host name in use is checked as often as its state calls for",
        "Each of {count:,} host names in use is checked as often as its state calls for",
        names,
    )
    checks = ngettext("{count:,} check a day", "{count:,} checks a day", needed)
    if not limit:
        return gettext("{names}: about {checks}.", names=what, checks=checks)
    if needed <= limit:
        return gettext("{names}: about {checks}, all within the limit.", names=what, checks=checks)
    return gettext(
        "{names}: about {checks}, limited to {limit:,}.",
        names=what,
        checks=checks,
        limit=limit,
    )


def run_counts(run: Counted) -> str:
    """ "60 valid, 30 invalid, 10 unknown; 4 changed": what a refresh has found."""
    failed = gettext(", {failed:,} failed on our side", failed=run.failed) if run.failed else ""
    return gettext(
        "{valid:,} valid, {invalid:,} invalid, {unknown:,} unknown{failed}; {changed:,} changed",
        valid=run.valid,
        invalid=run.invalid,
        unknown=run.unknown,
        failed=failed,
        changed=run.changed,
    )


def run_summary(run: Counted, took: timedelta) -> str:
    """What a refresh has asked, how long that took, and what it has found."""
    return ngettext(
        "Refreshed {asked:,} of {count:,} host name in {took}: {found}.",
        "Refreshed {asked:,} of {count:,} host names in {took}: {found}.",
        run.total,
        asked=run.asked,
        took=span_text(took),
        found=run_counts(run),
    )


def detail_text(code: str, parameters: Mapping[str, Any]) -> str:
    """Why a refresh did not go well; empty where it did, or for a code that this version does not
    know."""
    return _DETAILS[code](parameters) if code in _DETAILS else ""


_DETAILS: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        RunDetail.TEXT: lambda found: found["text"],
        RunDetail.CUT_OFF: lambda _: gettext("It had not finished when the next one started."),
        RunDetail.INTERRUPTED: lambda _: gettext("It was interrupted."),
        RunDetail.ALL_FAILED: lambda _: gettext("Every check failed on our side. See the log."),
        RunDetail.MANY_FAILED: lambda found: gettext(
            "{failed} See the log.", failed=failed_checks(found["asked"], found["failed"])
        ),
        RunDetail.BUSY: lambda _: gettext(
            "This machine was too busy to check host names: nothing was stored."
        ),
        RunDetail.ERROR: lambda found: gettext("{error}. See the log.", error=found["error"]),
    }
)
