"""What a web server answers to one request, asked at an address that has been vetted. It decides nothing.

`requests` knows no deadline for a whole answer, and a hostile server can drip headers for ever: the connection is cut
when the time is up, whatever is under way. The body is never read, and nothing is followed.
"""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import RemoteDisconnected
from ipaddress import ip_address

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from webapp.probe.address import Endpoint
from webapp.probe.certificate import clean
from webapp.probe.deadline import Deadline
from webapp.probe.steps import Answer, Failure

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


def ask(hostname: str, endpoint: Endpoint, deadline: Deadline, fingerprint: str | None = None) -> Answer:
    """What the server answers to GET / for this host name; over TLS where the fingerprint of the certificate is given
    that has just been judged, which is then the only one taken. Raises OSError for faults of ours."""
    began = deadline.elapsed()
    url = f"{'https' if fingerprint else 'http'}://{hostname}/"
    adapter = _Pinned(hostname, endpoint, fingerprint)
    # Straight to the adapter: a session would read the whole body of a redirect to find out where it leads.
    headers = {"Host": hostname, "User-Agent": "Padlock", "Accept": "*/*", "Connection": "close"}
    request = requests.Request("GET", url, headers=headers).prepare()
    with adapter.cut_at(deadline) as cut:
        try:
            response = adapter.send(request, stream=True, timeout=max(0.05, deadline.remaining()), verify=False)
            if cut.is_set():  # headers that are cut off look like headers that have ended
                response.close()
                raise TimeoutError
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            failure, text = _failure(error, cut=cut.is_set())
            return Answer(url, endpoint.address, endpoint.port, deadline.elapsed() - began, failure, text)
        with response:
            return _answer(response, url, endpoint, deadline.elapsed() - began)


def _answer(response: requests.Response, url: str, endpoint: Endpoint, seconds: float) -> Answer:
    def header(name: str, most: int = 200) -> str:
        return clean(response.headers.get(name, ""), most)

    return Answer(
        url,
        endpoint.address,
        endpoint.port,
        seconds,
        status=response.status_code,
        phrase=clean(response.reason or "", 60),
        location=header("Location", 500),
        hsts=header("Strict-Transport-Security"),
        server=header("Server", 80),
        edge=next((edge for name, start, edge in _EDGES if _begins(response, name, start)), ""),
    )


def _begins(response: requests.Response, name: str, start: str) -> bool:
    value = response.headers.get(name)
    return value is not None and value.lower().startswith(start)


def _failure(error: BaseException, *, cut: bool) -> tuple[Failure, str]:
    root = _root(error)
    if isinstance(root, OSError) and root.errno in _OURS:
        raise root
    text = clean(str(root))
    if cut or isinstance(root, TimeoutError) or isinstance(error, requests.Timeout):
        return Failure.TIMEOUT, "no answer in time"
    if isinstance(root, RemoteDisconnected):
        return Failure.EMPTY, text
    if isinstance(root, ConnectionRefusedError):
        return Failure.REFUSED, text
    if "Fingerprints did not match" in text:
        return Failure.OTHER_CERTIFICATE, "another certificate came than a moment before"
    return Failure.BROKEN, text


def _root(error: BaseException) -> BaseException:
    """What lies under the wrappings of requests and urllib3."""
    while True:
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        inner = inner or error.__cause__
        if not isinstance(inner, BaseException) or (isinstance(error, OSError) and error.errno):
            return error
        error = inner


class _Pinned(HTTPAdapter):
    """Connects to one vetted address, whatever the URL says, and can cut that connection."""

    def __init__(self, hostname: str, endpoint: Endpoint, fingerprint: str | None) -> None:
        super().__init__(max_retries=0)
        self._endpoint = endpoint
        self._line: socket.socket | None = None
        self._cut = threading.Event()
        host, port = endpoint.address, endpoint.port
        self._pool: HTTPConnectionPool
        if fingerprint:
            self._pool = HTTPSConnectionPool(
                host, port, ssl_context=_context(), server_hostname=hostname, assert_fingerprint=fingerprint
            )
        else:
            self._pool = HTTPConnectionPool(host, port)
        self._pool.ConnectionCls = type("_Line", (_LineMixin, self._pool.ConnectionCls), {"adapter": self})

    def get_connection_with_tls_context(self, *_args: object, **_options: object) -> HTTPConnectionPool:
        return self._pool

    def hold(self, line: socket.socket) -> None:
        """Keeps a second handle of the connection; the first disappears in TLS."""
        if ip_address(line.getpeername()[0]) != ip_address(self._endpoint.address):
            raise OSError(errno.EPROTO, f"connected to another address than {self._endpoint.address}")
        self._line = line.dup()
        if self._cut.is_set():
            raise TimeoutError("the time was up before the connection was there")

    @contextmanager
    def cut_at(self, deadline: Deadline) -> Iterator[threading.Event]:
        """Cuts the connection at the deadline, and says so by the event."""
        timer = threading.Timer(deadline.remaining(), self._cut_off)
        timer.daemon = True
        timer.start()
        try:
            yield self._cut
        finally:
            timer.cancel()
            timer.join()
            self._pool.close()
            if self._line is not None:
                self._line.close()

    def _cut_off(self) -> None:
        self._cut.set()
        if self._line is not None:
            try:
                self._line.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has ended by itself


class _LineMixin:
    adapter: _Pinned

    def _new_conn(self) -> socket.socket:
        line: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.adapter.hold(line)
        return line


def _context() -> ssl.SSLContext:
    """As tolerant as can be: the certificate was judged before, and its fingerprint is what is compared."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:!kDHE:@SECLEVEL=0")
    return context
