"""gunicorn's threaded worker, where a visitor who is slow, or one of very many, holds no thread.

gunicorn gives a connection to a thread with its first byte, and the thread waits for the rest of
the request and until the answer is read. Here the main loop waits instead: a thread gets a request
that is complete, and leaves an answer that is not read yet behind. What is too large to be held, an
upload or a long export, is moved by a thread as before, at a least rate, and a quarter of the
threads at most: whatever visitors send or do not read, the others go on serving.
"""

from __future__ import annotations

import errno
import re
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

PATIENCE_SECONDS = 10.0  # for all of a request, and for a reader who reads nothing
# Bytes a second; a visitor who moves them earns that much more patience
LEAST_BYTES_PER_SECOND = 16 * 1024
LINGER_SECONDS = 2.0  # for what a visitor still sends after the answer (RFC 9112, section 9.6)
FULL_PAUSE_SECONDS = 0.05  # before the next try where the system has no descriptor left

MOST_REQUEST_BYTES = 64 * 1024  # bytes of a body that the main loop reads: every form fits
MOST_HEAD_BYTES = 64 * 1024  # bytes; what is longer, gunicorn may refuse
MOST_HELD_BYTES = 1024 * 1024  # bytes of an answer that are held for one reader,
MOST_HELD_BYTES_IN_ALL = 64 * 1024 * 1024  # and for all of them
# Bytes of a refused body that are read, so that its sender gets to the answer
MOST_DRAINED_BYTES = 4 * 1024 * 1024

_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_GONE = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED}
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
_senders = threading.Semaphore(1)  # threads that may wait for a reader: as many as `Worker` says


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


class Worker(ThreadWorker):  # type: ignore[misc]
    """The threaded worker, whose main loop waits for visitors in place of its threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who is answered, and until when they may read, or send what is left
        self._leaving: dict[TConn, float] = {}
        self._drained: dict[TConn, int] = {}  # bytes that they have sent after the answer
        self._said_full = -60.0  # when a lack of descriptors was logged, on the monotonic clock
        self._streams = 0  # threads that move a body
        self._most_streams = max(1, self.cfg.threads // 4)
        global _senders
        _senders = threading.Semaphore(self._most_streams)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        for key, _ in self.poller.select(timeout):
            # To make room, an earlier one of these may have closed it.
            if isinstance(key.fileobj, int) or key.fileobj.fileno() >= 0:
                key.data(key.fileobj)

    def accept(self, listener: socket.socket) -> None:
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno not in _GONE:
                self._no_more(error)
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, Connection(accepted), address, listener.getsockname())
        self._wait_for_request(conn)
        if self.nr_conns >= self.worker_connections:
            self._drop_one(but=conn)  # who does nothing makes room for the next visitor

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """The next request of a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._wait_for_request(conn)

    def on_pending_socket_readable(self, conn: TConn, client: Connection) -> None:
        """Reads on, and gives the request to a thread once it is complete."""
        try:
            complete = client.read_ahead()
        except OSError:
            self.pending_conns.remove(conn)
            self._close(conn)
            return
        if complete:
            self.poller.unregister(client)
            self._take_up(conn)

    def _take_up(self, conn: TConn) -> None:
        """Gives a request to a thread.

        One that the thread may have to wait for stands in line among those that are not complete.
        """
        if conn.sock.streams and self._streams >= self._most_streams:
            return
        self._streams += conn.sock.streams
        self.pending_conns.remove(conn)
        self._give_to_a_thread(conn)

    def murder_pending(self) -> None:
        """Ends what has taken too long: requests that do not come, and answers that are not
        read."""
        now = time.monotonic()
        less = 0.0 if self.alive else PATIENCE_SECONDS - STOP_KEEPALIVE_LINGER
        while self.pending_conns and self.pending_conns[0].timeout - less <= now:
            conn = self.pending_conns.popleft()
            if conn.sock.has_head:
                conn.sock.late = True
                conn.sock.streams = False
                with suppress(KeyError):  # it stands in line
                    self.poller.unregister(conn.sock)
                self._give_to_a_thread(conn)  # which says so
            else:
                self._close(conn)
        for conn in [conn for conn, until in self._leaving.items() if until - less <= now]:
            self._close(conn)

    def handle(self, conn: TConn) -> Any:
        conn.sock.begin()
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """What becomes of a connection when a thread is done with it."""
        if conn.sock.streams:
            conn.sock.streams = False
            self._streams -= 1
            if (
                first := next((other for other in self.pending_conns if other.sock.streams), None)
            ) is not None:
                self._take_up(first)
        if conn.sock.fileno() < 0:
            self.nr_conns -= 1
        elif conn.sock.unsent:
            self._leave(
                conn, PATIENCE_SECONDS, selectors.EVENT_WRITE, partial(self._send_on, conn, fs)
            )
        elif fs.cancelled() or fs.exception() or not fs.result() or conn.sock.late:
            self._linger(conn)
        else:
            conn.sock.put_back(conn.parser.unreader.take_buffered())
            if conn.sock.ahead:
                self._wait_for_request(conn)  # all of the next one, or a part, came with this one
            else:
                super().finish_request(conn, fs)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        # gunicorn would let the thread wait for the rest of a body that no one reads; closing is
        # the main loop's.
        return bool(keepalive and conn.parser.finish_body(deadline=time.monotonic() + 0.1))

    def _wait_for_request(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + PATIENCE_SECONDS
        self.pending_conns.append(conn)
        if conn.sock.look_ahead():
            self._take_up(conn)
        else:
            self.poller.register(
                conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn)
            )

    def _give_to_a_thread(self, conn: TConn) -> None:
        conn.data_ready = True
        self.enqueue_req(conn)

    def _leave(
        self, conn: TConn, seconds: float, events: int, callback: Callable[[Any], None]
    ) -> None:
        conn.sock.setblocking(False)
        self._leaving[conn] = time.monotonic() + seconds
        self.poller.register(conn.sock, events, callback)

    def _send_on(self, conn: TConn, fs: Future[Any], _client: Connection) -> None:
        """The visitor reads on."""
        try:
            sent = conn.sock.send_held()
        except OSError:
            self._close(conn)
            return
        now = time.monotonic()
        self._leaving[conn] = min(
            now + PATIENCE_SECONDS, self._leaving[conn] + sent / LEAST_BYTES_PER_SECOND
        )
        if not conn.sock.unsent:
            del self._leaving[conn]
            self.poller.unregister(conn.sock)
            self.finish_request(conn, fs)

    def _linger(self, conn: TConn) -> None:
        """Says that the answer is complete, and reads on for a moment: closed at once, the system
        would take the answer back from who is still sending."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self._drained[conn] = 0
        self._leave(conn, LINGER_SECONDS, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: TConn, client: Connection) -> None:
        try:
            size = client.drain()
        except OSError:
            size = None
        if size is None or self._drained[conn] + size > MOST_DRAINED_BYTES:
            self._close(conn)
        else:
            self._drained[conn] += size

    def _close(self, conn: TConn) -> None:
        with suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)
        self._leaving.pop(conn, None)
        self._drained.pop(conn, None)
        self.nr_conns -= 1
        conn.close()

    def _no_more(self, error: OSError) -> None:
        """The system gives no descriptor for another visitor: one who does nothing makes room, or
        we wait a moment."""
        if time.monotonic() >= self._said_full + 60:
            self._said_full = time.monotonic()
            self.log.warning(
                "Visitors have to wait: %s. See docs/running.md, “Many visitors”.", error.strerror
            )
        if not self._drop_one():
            time.sleep(FULL_PAUSE_SECONDS)  # the loop would spin

    def _drop_one(self, but: TConn | None = None) -> bool:
        """Closes the connection that has done nothing for longest; False where all are at work."""
        for line in (self.pending_conns, self.keepalived_conns):
            if line and line[0] is not but:
                self._close(line.popleft())
                return True
        for conn in self._leaving:
            self._close(conn)
            return True
        return False
