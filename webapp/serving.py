"""gunicorn's threaded worker, where a visitor who is slow, or one of very many, holds no thread.

gunicorn gives a connection to a thread with its first byte, and the thread waits for the rest of
the request and until the answer is read. Here the main loop waits instead: a thread gets a request
that is complete, and leaves an answer that is not read yet behind. What is too large to be held, an
upload or a long export, is moved by a thread as before, at a least rate, and a quarter of the
threads at most: whatever visitors send or do not read, the others go on serving.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from webapp.visitor_connection import (
    LEAST_BYTES_PER_SECOND,
    PATIENCE_SECONDS,
    Connection,
    limit_senders,
)

LINGER_SECONDS = 2.0  # for what a visitor still sends after the answer (RFC 9112, section 9.6)
FULL_PAUSE_SECONDS = 0.05  # before the next try where the system has no descriptor left

# Bytes of a refused body that are read, so that its sender gets to the answer
MOST_DRAINED_BYTES = 4 * 1024 * 1024

_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_GONE = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED}


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
        limit_senders(self._most_streams)

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
