"""Failures of our own that many checks have in common: one traceback and a number, not hundreds of
tracebacks."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60.0  # after which a failure that goes on is logged in full again


@dataclass(slots=True)
class _Kind:
    words: str
    since: float  # when it was last logged in full, on the monotonic clock
    more: int = 0  # checks that have failed in the same way since then


def log_fault(text: str, error: BaseException) -> None:
    """Log that checking this name failed on our side, with the traceback."""
    log.error("checking %r failed on our side", text, exc_info=error)


class Faults:
    """The failures of one batch of checks.

    Call `report` at the end: it logs how many more there were of each.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, int, str], _Kind] = {}
        self._lock = threading.Lock()

    def log(self, text: str, error: BaseException) -> None:
        """Log the first failure of each kind in full, and count those that follow within a
        minute."""
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = (
            (place.tb_frame.f_code.co_filename, place.tb_lineno) if place is not None else ("", 0)
        )
        key = (*where, type(error).__name__)
        with self._lock:
            known = self._kinds.get(key)
            if known is not None and time.monotonic() - known.since < WINDOW_SECONDS:
                known.more += 1
                return
            self._kinds[key] = _Kind(f"{type(error).__name__}: {error}", time.monotonic())
        if known is not None:
            _report(known)
        log_fault(text, error)

    def report(self) -> None:
        """Log how many more checks failed in each way, one line for each."""
        with self._lock:
            kinds = list(self._kinds.values())
            self._kinds = {}
        for kind in kinds:
            _report(kind)


def _report(kind: _Kind) -> None:
    if kind.more:
        log.error("%d more checks failed on our side in the same way: %s", kind.more, kind.words)
