"""Cells that come too many at once, and are told to come again later."""

from __future__ import annotations

import threading
import time

from flask import Flask, Response, request, session

# Cells that are answered, of one browser and of all: so many at once, and so many a second from then on. Each costs
# some milliseconds, and what else is loaded stands in the same line.
OF_ONE, OF_ALL = (40, 20), (100, 60)


class Crowd:
    """What the cells that were answered have cost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paid: dict[str, float] = {}  # of each browser: when it will have paid, on the monotonic clock

    def is_full(self, browser: str) -> bool:
        """Whether more cells come in than should be answered; if not, one more of this browser's is."""
        now = time.monotonic()
        with self._lock:
            self._paid = {other: at for other, at in self._paid.items() if at > now}
            paid = {}
            for who, (at_once, a_second) in ((browser, OF_ONE), ("all", OF_ALL)):
                paid[who] = max(self._paid.get(who, 0.0), now) + 1 / a_second
                if paid[who] > now + at_once / a_second:
                    return True
            self._paid |= paid
        return False


def register(app: Flask) -> None:
    """Look at the cells before anything is read for them."""
    crowd = Crowd()

    def put_off() -> Response | None:
        browser = session.get("_user_id") if request.endpoint == "probe.cell" else None
        if browser is None or not crowd.is_full(browser):  # who is not signed in costs nothing, and crowds out nobody
            return None
        return Response(status=204, headers={"HX-Trigger": "later"})

    app.before_request(put_off)
