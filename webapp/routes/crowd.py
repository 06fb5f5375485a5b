"""Cells that come too many at once, and are told to come again later."""

from __future__ import annotations

import threading
import time

from flask import Flask, Response, request, session

# Cells of one sign-in that are answered: so many at once, and so many a second from then on. Each costs some
# milliseconds, and what others load stands in the same line. There is no limit for all of them together: one person
# could use it up for everybody.
AT_ONCE, A_SECOND = 40, 20


class Crowd:
    """What the cells that were answered have cost, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paid: dict[str, float] = {}  # of each sign-in: when it will have paid, on the monotonic clock

    def is_full(self, sign_in: str) -> bool:
        """Whether more of its cells come in than should be answered; if not, one more is."""
        now = time.monotonic()
        with self._lock:
            self._paid = {other: at for other, at in self._paid.items() if at > now}
            paid = max(self._paid.get(sign_in, 0.0), now) + 1 / A_SECOND
            full = paid > now + AT_ONCE / A_SECOND
            if not full:
                self._paid[sign_in] = paid
        return full


def register(app: Flask) -> None:
    """Look at the cells before anything is read for them."""
    crowd = Crowd()

    def put_off() -> Response | None:
        sign_in = session.get("_user_id") if request.endpoint == "probe.cell" else None
        if sign_in is None or not crowd.is_full(sign_in):
            return None
        return Response(status=204, headers={"HX-Trigger": "later"})

    app.before_request(put_off)
