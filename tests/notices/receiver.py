"""A webhook on loopback, of which a test says how it answers."""

from __future__ import annotations

import http.server
import threading
from queue import Queue


class Receiver(http.server.ThreadingHTTPServer):
    """Notes what it gets, and answers with this status; while it is not `released`, not at all."""

    daemon_threads = True

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.status = status
        self.headers: dict[str, str] = {}
        self.bodies: Queue[str] = Queue()
        self.released = threading.Event()
        self.released.set()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/hook-secret?+X-Token=hunter2"


class _Hook(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.released.wait(60)
        self.server.bodies.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(self.server.status)
        for header in self.server.headers.items():
            self.send_header(*header)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
