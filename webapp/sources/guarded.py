"""Connections of `requests` that go only where they may, and end by a deadline.

The name is resolved once, its addresses are vetted as those of a check are, and that very address
is connected to: an answer of DNS that changes in between leads nowhere else.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from webapp import probe
from webapp.probe.address import Endpoint, LookupFailed, literal, resolve, vetted
from webapp.probe.deadline import Deadline
from webapp.probe.waiting import drive
from webapp.sources.fault import Fault
from webapp.sources.loopback import is_loopback

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_LOCALHOST = ("127.0.0.1", "::1")


class Guard:
    """Where one session may connect to, and until when."""

    def __init__(self, settings: probe.Settings) -> None:
        self._settings = settings
        self._deadline = Deadline(settings.timeout)
        self._twins: list[socket.socket] = []
        self.overdue = False  # the deadline has passed, and what was under way was cut

    @contextmanager
    def within(self, seconds: float) -> Iterator[Deadline]:
        """Everything in this block is over after so many seconds, however little at a time the
        server sends: its connections are cut then."""
        self._deadline = Deadline(seconds)
        self.overdue = False
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield self._deadline
        finally:
            timer.cancel()

    def _cut(self) -> None:
        self.overdue = True
        for twin in list(self._twins):
            try:
                twin.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                continue

    def connect(self, host: str, port: int, *, plain: bool = False) -> socket.socket:
        """A connection to the first address of this host that takes it; `plain` where nothing is
        encrypted. Raises `Fault`."""
        host = host.strip("[]")
        error: OSError | None = None
        endpoints = self.plain_endpoints(host, port) if plain else self._endpoints(host, port)
        for endpoint in endpoints:
            try:
                where = (endpoint.address, endpoint.port)
                sock = socket.create_connection(where, max(0.01, self._deadline.remaining()))
            except OSError as failed:
                error = failed
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._twins = [*self._twins[-3:], sock.dup()]
                return sock
        if isinstance(error, TimeoutError):
            raise Fault("slow", seconds=max(1, round(self._deadline.elapsed())))
        why = (error.strerror or type(error).__name__) if error else ""
        raise Fault("unreachable", detail=why)

    def plain_endpoints(self, host: str, port: int) -> Sequence[Endpoint]:
        """Where this host may be asked without TLS: on this machine, and in the networks that are
        allowed. Raises `Fault`."""
        networks = (*self._settings.allowed_networks, *(_LOOPBACK if is_loopback(host) else ()))
        found = self._endpoints(host, port)
        for endpoint in found:
            if not any(ip_address(endpoint.address) in network for network in networks):
                raise Fault("plain")
        return found

    def _endpoints(self, host: str, port: int) -> Sequence[Endpoint]:
        policy = self._settings.policy
        if is_loopback(host):
            policy = replace(policy, allowed=(*policy.allowed, *_LOOPBACK))
            addresses = _LOCALHOST if host.lower() == "localhost" else (literal(host),)
            found = [Endpoint(address, port) for address in addresses]
        elif _is_address(host):
            found = [Endpoint(literal(host), port)]
        else:
            found = self._resolved(host, port)
        try:
            return vetted(found, policy).endpoints
        except LookupFailed as error:
            address = error.stray[0].address if error.stray else ""
            raise Fault("not allowed", address=address) from None

    def _resolved(self, host: str, port: int) -> list[Endpoint]:
        asked = resolve(
            host,
            self._deadline,
            lookup=self._settings.lookup,
            port=port,
            connect_to=self._settings.connect_to,
        )
        try:
            return drive(asked)
        except LookupFailed as error:
            found = error.reason is not probe.Reason.DNS_NOT_FOUND
            raise Fault("no lookup" if found else "no such host", host=host) from None

    def close(self) -> None:
        """Forgets the connections."""
        for twin in self._twins:
            twin.close()
        self._twins = []


def _is_address(host: str) -> bool:
    try:
        return bool(literal(host))
    except ValueError:
        return False


class _Plain(HTTPConnection):
    def __init__(self, guard: Guard, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return self._guard.connect(self.host, self.port or 80, plain=True)


class _Secure(HTTPSConnection):
    def __init__(self, guard: Guard, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return self._guard.connect(self.host, self.port or 443)


class GuardedAdapter(HTTPAdapter):
    """An adapter of `requests` whose connections are the guard's."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        # A class of its own for this guard: the pool makes connections itself
        plain = type("pool", (HTTPConnectionPool,), {"ConnectionCls": partial(_Plain, self._guard)})
        secure = type(
            "pool", (HTTPSConnectionPool,), {"ConnectionCls": partial(_Secure, self._guard)}
        )
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": secure}
