"""Servers that leave in the middle of a handshake, at a place that the lab chooses."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Iterator

from webapp.demo.behaviours import Behaviour, silent

RESET = "reset"
HANG_UP = "hang up"
ALERT = "alert"


def leaves(
    how: str, *, records: int | None = None, after: bytes = b""
) -> Callable[[ssl.SSLContext], Behaviour]:
    """Leave after this many records of the server's own, or once the client's Finished has come
    (None).

    `how` is RESET, HANG_UP (an orderly end of the connection, without a close_notify), or ALERT:
    then the client's Finished is damaged on its way to our OpenSSL, which answers with an alert.
    These bytes follow it.
    """

    def talk(context: ssl.SSLContext) -> Behaviour:
        async def behaviour(sock: socket.socket) -> None:
            loop = asyncio.get_running_loop()
            incoming = ssl.MemoryBIO()
            outgoing = ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_side=True)
            answered = finished = False
            while not finished:
                received = await loop.sock_recv(sock, 65536)
                if not received:
                    return
                damaged = answered and how == ALERT
                incoming.write(received[:-1] + bytes((received[-1] ^ 1,)) if damaged else received)
                try:
                    tls.do_handshake()
                    finished = True  # what this has to say, a Finished or tickets, is not sent
                except ssl.SSLWantReadError:
                    flight = b"".join(list(_records(outgoing.read()))[:records])
                    await loop.sock_sendall(sock, flight)
                    answered = True
                    finished = records is not None
                except ssl.SSLError:
                    await loop.sock_sendall(sock, outgoing.read() + after if how == ALERT else b"")
                    finished = True
            if how == RESET:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                sock.shutdown(socket.SHUT_WR)
                await silent(sock)

        return behaviour

    return talk


def _records(flight: bytes) -> Iterator[bytes]:
    while flight:
        end = 5 + int.from_bytes(flight[3:5], "big")
        yield flight[:end]
        flight = flight[end:]
