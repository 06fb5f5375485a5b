"""A visitor's socket: what has been read of a request, and what is left to send of an answer.

`serving` says why.
"""

from __future__ import annotations

import errno
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

PATIENCE_SECONDS = 10.0  # for all of a request, and for a reader who reads nothing
# Bytes a second; a visitor who moves them earns that much more patience
LEAST_BYTES_PER_SECOND = 16 * 1024
MOST_REQUEST_BYTES = 64 * 1024  # bytes of a body that the main loop reads: every form fits
MOST_HEAD_BYTES = 64 * 1024  # bytes; what is longer, gunicorn may refuse
MOST_HELD_BYTES = 1024 * 1024  # bytes of an answer that are held for one reader,
MOST_HELD_BYTES_IN_ALL = 64 * 1024 * 1024  # and for all of them
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r", re.IGNORECASE)
# A body in chunks does not say how long it is, and with Expect its sender waits for an answer
# before the body.
_UNKNOWN = re.compile(rb"\r\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)


class TooSlow(ConnectionError):
    """The visitor sent or read less than LEAST_RATE, for longer than PATIENCE_SECONDS."""


class _Held:
    """How many bytes of answers this process holds for its readers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0

    def take(self, size: int) -> bool:
        """Whether there is room for so many more; if so, it is taken."""
        with self._lock:
            fits = self._bytes + size <= MOST_HELD_BYTES_IN_ALL
            self._bytes += size if fits else 0
        return fits

    def give_back(self, size: int) -> None:
        with self._lock:
            self._bytes -= size


_held = _Held()

_senders = threading.Semaphore(1)  # threads that may wait for a reader, see `limit_senders`


def limit_senders(most: int) -> None:
    """Lets so many threads wait for readers at once."""
    global _senders
    _senders = threading.Semaphore(most)


class Connection(socket.socket):
    """A visitor's socket: it gives first what the main loop has read, and holds what the visitor
    does not read yet."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(fileno=accepted.detach())
        self.late = False  # its request has not come whole in time
        self.streams = False  # a thread moves its body, and may have to wait for it
        self._ahead = bytearray()  # of the request, read by the main loop
        self._whole = 0  # bytes that the request has, once its head is read
        self._rest: deque[memoryview] = deque()  # of the answer
        self._patience = PATIENCE_SECONDS

    @property
    def ahead(self) -> int:
        """Bytes that were read and not yet taken."""
        return len(self._ahead)

    @property
    def unsent(self) -> int:
        """Bytes of the answer that are held."""
        return sum(map(len, self._rest))

    @property
    def has_head(self) -> bool:
        """Whether the head of the request is there."""
        return bool(self._whole)

    def read_ahead(self) -> bool:
        """Reads what has come of a request; whether a thread can take it, because that is all of
        it, all that comes, or more than the main loop reads. Raises OSError where the visitor has
        gone."""
        try:
            data = super().recv(MOST_REQUEST_BYTES)
        except BlockingIOError:
            return False
        before = max(len(self._ahead) - 3, 0)
        self._ahead += data
        complete = self.look_ahead(before)
        if not data and not self._whole:
            raise ConnectionResetError(errno.ECONNRESET, "gone before the request was there")
        return complete or not data

    def look_ahead(self, start: int = 0) -> bool:
        """Whether a thread can take what has been read, of which the first `start` bytes hold no
        end of a head."""
        if not self._whole and (end := self._ahead.find(b"\r\n\r\n", start)) >= 0:
            length, self.streams = _body_to_wait_for(bytes(self._ahead[: end + 2]))
            self._whole = end + 4 + length
        return (
            len(self._ahead) >= self._whole > 0
            or len(self._ahead) > MOST_HEAD_BYTES + MOST_REQUEST_BYTES
        )

    def put_back(self, data: bytes) -> None:
        """What a thread has read beyond its request."""
        self._ahead[:0] = data

    def begin(self) -> None:
        """A thread takes the request."""
        self._patience = 0.0 if self.late else PATIENCE_SECONDS
        self._whole = 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self._ahead:
            data = bytes(self._ahead[:size])
            del self._ahead[:size]
            return data
        if not self.streams:
            self._patience = 0.0  # all of it has come: no thread waits for more
        received: bytes = self._patiently(partial(super().recv, size, flags), len)
        return received

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Sends what the visitor reads at once and holds the rest; waits only where that is too
        much to be held."""
        view = memoryview(data)
        if not self._rest:
            view = view[self._send_at_once(view) :]
        if not view:
            return
        if self._hold(view):
            return
        if not _senders.acquire(blocking=False):
            self.drop()
            raise TooSlow(errno.ECONNRESET, "too many who do not read their answers")
        try:
            while self._rest and not self._hold(view):
                self._send_on()
            if self._rest:
                return
            while view:
                view = view[self._patiently(partial(super().send, view), int) :]
        finally:
            _senders.release()

    def _hold(self, view: memoryview) -> bool:
        """Whether this much more can be held; if so, it is."""
        if self.unsent + len(view) > MOST_HELD_BYTES or not _held.take(len(view)):
            return False
        self._rest.append(view)
        return True

    def send_held(self) -> int:
        """Sends what the visitor reads at once of what is held, and returns how many bytes that
        were."""
        size = 0
        while self._rest and (sent := self._send_at_once(self._rest[0])):
            self._sent(sent)
            size += sent
        return size

    def drain(self) -> int | None:
        """Reads and forgets what the visitor still sends: how many bytes came; None: nothing more
        does."""
        try:
            return len(super().recv(MOST_REQUEST_BYTES)) or None
        except BlockingIOError:
            return 0

    def drop(self) -> None:
        """Forgets what is held: its reader does not come for it."""
        _held.give_back(self.unsent)
        self._rest.clear()

    def close(self) -> None:
        self.drop()
        super().close()

    def _send_on(self) -> None:
        self._sent(self._patiently(partial(super().send, self._rest[0]), int))

    def _sent(self, size: int) -> None:
        _held.give_back(size)
        self._rest[0] = self._rest[0][size:]
        if not self._rest[0]:
            self._rest.popleft()

    def _send_at_once(self, view: memoryview) -> int:
        try:
            return super().send(view, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def _patiently(self, move: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """Waits for the visitor as long as patience lasts, or for the shorter timeout that the
        caller has set."""
        limit = self.gettimeout()
        if limit is not None and limit < self._patience:
            return move()
        began = time.monotonic()
        try:
            # Some time at least: what is late is told so, and that needs no waiting.
            self.settimeout(max(self._patience, 0.001))
            moved = move()
        except TimeoutError:
            self.drop()
            self._patience = 0.0
            raise TooSlow(errno.ECONNRESET, "too slow") from None
        finally:
            self.settimeout(limit)
        left = self._patience - (time.monotonic() - began) + size(moved) / LEAST_BYTES_PER_SECOND
        self._patience = max(0.0, min(PATIENCE_SECONDS, left))
        return moved


def _body_to_wait_for(head: bytes) -> tuple[int, bool]:
    """How many bytes of a body the main loop reads before a thread takes the request, and whether a
    thread may have to wait for the body: a form is read whole, and of a body that is larger, has no
    length or waits for "100 Continue" nothing is."""
    found = _LENGTH.search(head)
    length = int(found[1]) if found else 0
    return (0, True) if length > MOST_REQUEST_BYTES or _UNKNOWN.search(head) else (length, False)
