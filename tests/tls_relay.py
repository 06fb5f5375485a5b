"""TLS in front of a server that has none itself, for tests of a broker that is reached by
rediss://."""

from __future__ import annotations

import select
import socket
import socketserver
import ssl
from contextlib import suppress


class Relay(socketserver.ThreadingTCPServer):
    """Shakes hands, and passes on what comes from either side until one has gone."""

    daemon_threads = True
    block_on_close = False  # a conversation ends with the client or with the server behind

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.context = context
        self.behind = port

    @property
    def url(self) -> str:
        return f"rediss://localhost:{self.server_address[1]}/0"


class _Conversation(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        with (
            suppress(OSError),
            self.server.context.wrap_socket(self.request, server_side=True) as client,
            socket.create_connection(("127.0.0.1", self.server.behind)) as behind,
        ):
            other = {client: behind, behind: client}
            while True:
                # What has been decrypted already is not seen by `select`.
                for side in [client] if client.pending() else select.select(list(other), [], [])[0]:
                    if not (data := side.recv(65536)):
                        return
                    other[side].sendall(data)
