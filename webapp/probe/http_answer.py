"""What a web server answers to one request, asked at an address that has been vetted.

It decides nothing.

A hostile server can drip headers for ever, or send what costs much to read: every wait ends at the
deadline, and the reading ends when it has cost too much. The body is never read, and nothing is
followed.
"""

from __future__ import annotations

import errno
import hashlib
import io
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, TypeVar

from webapp.probe import http_head
from webapp.probe.address import Endpoint
from webapp.probe.clean_text import clean
from webapp.probe.deadline import Deadline
from webapp.probe.effort import Effort
from webapp.probe.http_head import Head, NoAnswer
from webapp.probe.protocols import HTTPS_PORT, authority
from webapp.probe.steps import AnswerHead, Failure

T = TypeVar("T")

MOST_CPU_SECONDS = 0.5  # for one answer by itself, the TLS handshake among it
_PIECE = 16384  # bytes read at once: the time is looked at between two pieces
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT, which Python names from 3.12 on
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
# A header that tells which network stands between the visitor and the server, by its beginning.
_EDGES = (
    ("cf-ray", "", "Cloudflare"),
    ("x-amz-cf-id", "", "Amazon CloudFront"),
    ("x-azure-ref", "", "Azure Front Door"),
    ("x-fastly-request-id", "", "Fastly"),
    ("x-served-by", "cache-", "Fastly"),
    ("x-akamai-transformed", "", "Akamai"),
    ("akamai-grn", "", "Akamai"),
    ("x-sucuri-id", "", "Sucuri"),
    ("x-iinfo", "", "Imperva"),
    ("cdn-pullzone", "", "bunny.net"),
    ("server", "cloudflare", "Cloudflare"),
    ("server", "akamaighost", "Akamai"),
    ("server", "bunnycdn", "bunny.net"),
    ("server", "keycdn", "KeyCDN"),
    ("x-cdn", "", "a CDN"),
)


def ask(
    hostname: str,
    endpoint: Endpoint,
    deadline: Deadline,
    fingerprint: str | None = None,
    effort: Effort | None = None,
    *,
    port: int = HTTPS_PORT,
) -> AnswerHead:
    """What the server answers to GET / for this host name; over TLS where the fingerprint of the
    certificate is given that has just been judged, which is then the only one taken. `effort`
    bounds the CPU time that it takes together with what else counts there. Raises OSError for
    faults of ours."""
    began = deadline.elapsed()
    effort = effort or Effort(MOST_CPU_SECONDS)
    host = authority(hostname, port)
    url = f"{'https' if fingerprint else 'http'}://{host}/"
    request = (
        f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Padlock\r\nAccept:"
        " */*\r\nConnection: close\r\n\r\n"
    )
    try:
        with _connected(endpoint, deadline) as sock, effort.working():
            wire = _Wire(sock, deadline, effort)
            if fingerprint:
                wire = _TlsWire(sock, deadline, effort, hostname, fingerprint)
            wire.send(request.encode("ascii"))
            head = http_head.read(io.BufferedReader(wire, _PIECE))
    except (NoAnswer, OSError) as error:
        failure, text = _failure(error)
        return AnswerHead(
            url, endpoint.address, endpoint.port, deadline.elapsed() - began, failure, text
        )
    return _answer(head, url, endpoint, deadline.elapsed() - began)


def _answer(head: Head, url: str, endpoint: Endpoint, seconds: float) -> AnswerHead:
    def header(name: str, most: int = 200) -> str:
        return clean(head.headers.get(name, ""), most)

    return AnswerHead(
        url,
        endpoint.address,
        endpoint.port,
        seconds,
        status=head.status,
        phrase=clean(head.phrase, 60),
        location=header("location", 500),
        hsts=header("strict-transport-security"),
        server=header("server", 80),
        edge=next((edge for name, start, edge in _EDGES if _begins(head, name, start)), ""),
    )


def _begins(head: Head, name: str, start: str) -> bool:
    value = head.headers.get(name)
    return value is not None and value.lower().startswith(start)


def _failure(error: NoAnswer | OSError) -> tuple[Failure, str]:
    if isinstance(error, NoAnswer):
        return error.failure, str(error)
    if error.errno in _OURS:
        raise error
    if isinstance(error, TimeoutError):
        return Failure.TIMEOUT, "no answer in time"
    if isinstance(error, ssl.SSLError):
        return Failure.TLS, clean(str(error))
    return Failure.REFUSED if isinstance(error, ConnectionRefusedError) else Failure.BROKEN, clean(
        str(error)
    )


def _connected(endpoint: Endpoint, deadline: Deadline) -> socket.socket:
    """A connection to the very address that was vetted."""
    sock = socket.create_connection((endpoint.address, endpoint.port), timeout=_patience(deadline))
    if ip_address(sock.getpeername()[0]) != ip_address(endpoint.address):
        sock.close()
        raise OSError(errno.EPROTO, f"connected to another address than {endpoint.address}")
    return sock


def _patience(deadline: Deadline) -> float:
    """Seconds to wait, more than 0: that would mean not to wait, and not that the time is up."""
    seconds = deadline.remaining()
    if not seconds:
        raise TimeoutError
    return seconds


class _Wire(io.RawIOBase):
    """What comes over a connection.

    Raises TimeoutError at the deadline, and `NoAnswer` when the reading has taken too much CPU
    time.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, effort: Effort) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline
        self._effort = effort

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._receive_into(buffer)

    def send(self, data: bytes) -> None:
        self._sock.settimeout(_patience(self._deadline))
        with self._effort.waiting():
            self._sock.sendall(data)

    def _receive_into(self, buffer: Any) -> int:
        self._sock.settimeout(_patience(self._deadline))
        with self._effort.waiting():
            count = self._sock.recv_into(buffer)
        if self._effort.used_up:
            raise NoAnswer(
                Failure.TOO_MUCH_WORK,
                f"it took more than {self._effort.seconds} seconds of CPU time",
            )
        return count


class _TlsWire(_Wire):
    """The same in TLS, with the one certificate that is taken.

    TLS is driven piece by piece: reading from a socket, OpenSSL would stay inside for as long as
    tickets and other records without data keep coming.
    """

    def __init__(
        self,
        sock: socket.socket,
        deadline: Deadline,
        effort: Effort,
        hostname: str,
        fingerprint: str,
    ) -> None:
        super().__init__(sock, deadline, effort)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._piece = bytearray(_PIECE)
        self._tls = _context().wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)
        self._step(self._tls.do_handshake)
        shown = self._tls.getpeercert(binary_form=True) or b""
        if hashlib.sha256(shown).hexdigest() != fingerprint:
            raise NoAnswer(
                Failure.OTHER_CERTIFICATE, "another certificate came than a moment before"
            )

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._step(lambda: self._tls.read(len(buffer)))
        except ssl.SSLEOFError:
            return 0  # without a goodbye; whether the head was whole by then, its reader can tell
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: bytes) -> None:
        self._step(lambda: self._tls.write(data))

    def _step(self, step: Callable[[], T]) -> T:
        """What the step returns, once what it needs has come; what it has to say is sent."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                if count := self._receive_into(self._piece):
                    self._incoming.write(memoryview(self._piece)[:count])
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if data := self._outgoing.read():
            super().send(data)


def _context() -> ssl.SSLContext:
    """As tolerant as can be: the certificate was judged before, and its fingerprint is what is
    compared."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    context.set_ciphers("DEFAULT:!kDHE:@SECLEVEL=0")
    context.options |= _LEGACY_SERVER_CONNECT
    return context
