"""What a server in the lab does with a connection: speak TLS well, badly, slowly, or not at all.

A behaviour is a coroutine function that gets the accepted, non-blocking socket; the lab closes the
socket when it ends. An `OSError` (all of `ssl`'s are) only means that the other side has gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

Behaviour = Callable[[socket.socket], Awaitable[None]]

SSH_BANNER = b"SSH-2.0-OpenSSH_9.6\r\n"
SMTP_BANNER = b"220 mail.lab.example ESMTP Postfix\r\n"
GARBAGE = bytes.fromhex("deadbeef") * 64

# The frames of HTTP/2 that an answer takes (RFC 9113 6), and its status in HPACK's static table
# (RFC 7541 A).
HEADERS = 1
SETTINGS = 4
END_STREAM_AND_HEADERS = 0x05
ACK = 0x01
STATUS_200 = b"\x88"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def http_answer(status: str, *headers: str, body: str = "") -> bytes:
    """A whole HTTP/1.1 answer, after which the connection ends."""
    lines = (
        f"HTTP/1.1 {status}",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *headers,
        "",
        body,
    )
    return "\r\n".join(lines).encode()


def alert(description: int, version: bytes = b"\x03\x03") -> bytes:
    """A fatal alert in the clear (RFC 8446 6)."""
    return b"\x15" + version + b"\x00\x02\x02" + bytes((description,))


def server_hello(version: bytes, suite: bytes, extensions: bytes = b"") -> bytes:
    """A ServerHello of TLS 1.2 or before, in a record of its own (RFC 5246 7.4.1.3)."""
    body = version + b"\x5a" * 32 + b"\0" + suite + b"\0" + extensions
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    return b"\x16" + version + len(message).to_bytes(2, "big") + message


HTTP_200 = http_answer("200 OK", "Content-Type: text/plain", body="Hello from the lab.\n")
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
HANDSHAKE_FAILURE = alert(40)
PROTOCOL_VERSION = alert(70, b"\x03\x01")
# A server of that age knows nothing of the versions that the client lists, and answers in its own.
TLS_1_0_HELLO = server_hello(b"\x03\x01", b"\x00\x2f")
# ECDHE-ECDSA-AES128-GCM-SHA256 with ec_point_formats and renegotiation_info: a good beginning.
TLS_1_2_HELLO = server_hello(
    b"\x03\x03", b"\xc0\x2b", bytes.fromhex("000b 000b 0002 0100 ff01 0001 00")
)
EMPTY_RECORD = bytes.fromhex("16 0303 0000")
# A record of 16 kB that a ServerHello fills: whatever byte follows may still turn out right.
ENDLESS_HELLO = bytes.fromhex("16 0303 4000 02 003ffc 0303")


def https(context: ssl.SSLContext, *, answer: bytes = HTTP_200, delay: float = 0) -> Behaviour:
    """Shake hands, wait for a request, answer it; `delay` is how many seconds the handshake
    takes."""

    async def behaviour(sock: socket.socket) -> None:
        await asyncio.sleep(delay)
        async with _hands_shaken(sock, context) as tls:
            if await _patiently(tls, tls.recv, 65536):
                rest = memoryview(answer)
                while rest:
                    rest = rest[await _patiently(tls, tls.send, rest) :]

    return behaviour


def http2_only(context: ssl.SSLContext) -> Behaviour:
    """Speak HTTP/2 and nothing else: who does not choose it is hung up on after the handshake."""
    context.set_alpn_protocols(["h2"])

    async def behaviour(sock: socket.socket) -> None:
        async with _hands_shaken(sock, context) as tls:
            if tls.selected_alpn_protocol() == "h2":
                await _answer_http2(tls)

    return behaviour


def says(banner: bytes) -> Behaviour:
    """Speak first, as SSH and SMTP do, and leave the end to the other side."""

    async def behaviour(sock: socket.socket) -> None:
        await asyncio.get_running_loop().sock_sendall(sock, banner)
        await silent(sock)

    return behaviour


def answers(reply: bytes) -> Behaviour:
    """Answer a ClientHello with these bytes, and leave the end to the other side."""

    async def behaviour(sock: socket.socket) -> None:
        await _client_hello(sock)
        await says(reply)(sock)

    return behaviour


async def silent(sock: socket.socket) -> None:
    """Never say a word; end when the other side has gone."""
    while await asyncio.get_running_loop().sock_recv(sock, 65536):
        pass


async def resets(sock: socket.socket) -> None:
    """Reset the connection once the ClientHello has come."""
    await _client_hello(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def hangs_up(sock: socket.socket) -> None:
    """End the connection in good order once the ClientHello has come."""
    await _client_hello(sock)


async def drips(sock: socket.socket) -> None:
    """Send one byte a second of a handshake that never ends: no single wait is ever long."""
    await _client_hello(sock)
    for byte in itertools.chain(ENDLESS_HELLO, itertools.repeat(0x5A)):
        await asyncio.get_running_loop().sock_sendall(sock, bytes((byte,)))
        await asyncio.sleep(1)


async def _client_hello(sock: socket.socket) -> None:
    """Take the first record whole: closing with bytes unread would turn an orderly end into a
    reset."""
    receive = functools.partial(asyncio.get_running_loop().sock_recv, sock)
    head = await exactly(5, receive)
    await exactly(int.from_bytes(head[3:], "big"), receive)


@contextlib.asynccontextmanager
async def _hands_shaken(
    sock: socket.socket, context: ssl.SSLContext
) -> AsyncIterator[ssl.SSLSocket]:
    """TLS on this socket, from the handshake to the close_notify (without which an empty reply
    would be an error)."""
    with context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as tls:
        try:
            await _patiently(tls, tls.do_handshake)
        except ssl.SSLError:
            # Our alert is on its way: a reset, because more has come that no one reads, could
            # overtake it.
            with socket.socket(fileno=tls.detach()) as raw:
                raw.setblocking(False)
                raw.shutdown(socket.SHUT_WR)
                await silent(raw)
            raise
        yield tls
        with contextlib.suppress(OSError):
            tls.unwrap()


async def _answer_http2(tls: ssl.SSLSocket) -> None:
    """The least that makes an HTTP/2 client content: our settings, an acknowledgement of its own,
    an empty 200."""

    async def send(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> None:
        await _patiently(
            tls, tls.send, struct.pack("!BHBBL", 0, len(payload), kind, flags, stream) + payload
        )

    receive = functools.partial(_patiently, tls, tls.recv)
    await send(SETTINGS)
    await exactly(len(PREFACE), receive)
    kind = SETTINGS
    while kind != HEADERS:
        high, low, kind, flags, stream = struct.unpack("!BHBBL", await exactly(9, receive))
        await exactly(high << 16 | low, receive)
        if kind == SETTINGS and not flags & ACK:
            await send(SETTINGS, ACK)
    await send(HEADERS, END_STREAM_AND_HEADERS, stream, STATUS_200)


async def exactly(count: int, receive: Callable[[int], Awaitable[bytes]]) -> bytes:
    """This many bytes. Raises ConnectionError where the other side has gone before."""
    data = b""
    while len(data) < count:
        more = await receive(count - len(data))
        if not more:
            raise ConnectionError("the other side has gone")
        data += more
    return data


async def _patiently(tls: ssl.SSLSocket, call: Callable[..., T], *arguments: Any) -> T:
    """What the call returns, once the socket is ready for it."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return call(*arguments)
        except ssl.SSLWantReadError:
            watch = loop.add_reader
            unwatch = loop.remove_reader
        except ssl.SSLWantWriteError:
            watch = loop.add_writer
            unwatch = loop.remove_writer
        ready = asyncio.Event()
        watch(tls, ready.set)
        try:
            await ready.wait()
        finally:
            unwatch(tls)
