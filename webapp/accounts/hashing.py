"""Password hashing, a few at a time.

One hash takes a core and 64 MiB for a moment: few run at once, few wait, and pages come first.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from flask import current_app

T = TypeVar("T")

HASHES_AT_ONCE = min(2, os.cpu_count() or 1)  # each takes 64 MiB
MOST_WAITING = 4  # each holds a thread that serves requests
NICENESS = 5  # of 19: pages of others come first

_lock = threading.Lock()
_under_way = 0


class TooManyHashes(Exception):
    """As many passwords are being hashed, or wait for it, as may be."""


def in_turn(work: Callable[[], T]) -> T:
    """Does this work, which hashes a password, when it is its turn, and returns what it does.

    Raises `TooManyHashes` at once where the line is full: at most half of the threads that serve
    requests wait in it.
    """
    global _under_way
    most = HASHES_AT_ONCE + MOST_WAITING
    if current_app:
        most = max(1, min(most, current_app.config["PADLOCK_THREADS"] // 2))
    with _lock:
        if _under_way >= most:
            raise TooManyHashes
        _under_way += 1
    try:
        return _pool.submit(work).result()
    finally:
        with _lock:
            _under_way -= 1


def _step_back() -> None:
    # On Linux each thread has a priority of its own, and those that argon2 starts have it too.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


# It starts no thread before its first work
_pool = ThreadPoolExecutor(HASHES_AT_ONCE, "hashing", initializer=_step_back)
