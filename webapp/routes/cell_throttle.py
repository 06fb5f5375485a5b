"""A throttle for cells: when too many come at once, they are told to come again later."""

from __future__ import annotations

import threading
import time

from flask import Flask, Response, request, session

# Cells of one sign-in that are answered: so many at once, and so many a second from then on. Each
# costs some milliseconds, and what others load stands in the same line. There is no limit for all
# of them together: one person could use it up for everybody.
CELLS_AT_ONCE = 40
CELLS_PER_SECOND = 20
CELLS = ("probe.cell", "probe.report_row")  # the endpoints that are cells


class CellThrottle:
    """What the cells that were answered have cost, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Of each sign-in: when it will have paid, on the monotonic clock
        self._paid: dict[str, float] = {}

    def is_full(self, sign_in: str) -> bool:
        """Whether more of its cells come in than should be answered; if not, one more is."""
        now = time.monotonic()
        with self._lock:
            self._paid = {other: at for other, at in self._paid.items() if at > now}
            paid = max(self._paid.get(sign_in, 0.0), now) + 1 / CELLS_PER_SECOND
            full = paid > now + CELLS_AT_ONCE / CELLS_PER_SECOND
            if not full:
                self._paid[sign_in] = paid
        return full


def register(app: Flask) -> None:
    """Look at the cells before anything is read for them."""
    throttle = CellThrottle()

    def put_off() -> Response | None:
        sign_in = session.get("_user_id") if request.endpoint in CELLS else None
        if sign_in is None or not throttle.is_full(sign_in):
            return None
        return Response(status=204, headers={"HX-Trigger": "later"})

    app.before_request(put_off)
