"""The TCP connection under a handshake: to the first address that takes one, and to no other than
the vetted ones."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from webapp.probe.address import Endpoint
from webapp.probe.contact import Contact, Ending
from webapp.probe.deadline import Deadline
from webapp.probe.waiting import WRITE, Probe, Wait

# Seconds until the next address is tried beside one that has not answered (RFC 8305: 250 ms)
STAGGER_SECONDS = 0.25

_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.EPROTO}
# Of several addresses the first ending in this order counts. One that may still live makes it a
# timeout; one that answers counts more than one without a route, since that may be a family of
# addresses that this machine lacks.
_ENDINGS = (
    (Ending.TIMEOUT, {errno.ETIMEDOUT}),
    (Ending.RESET, {errno.ECONNRESET, errno.ECONNABORTED, errno.ENOTCONN}),
    (Ending.REFUSED, {errno.ECONNREFUSED}),
)


def connect(
    endpoints: Sequence[Endpoint], deadline: Deadline
) -> Probe[tuple[socket.socket, Endpoint] | Contact]:
    """The first address that takes the connection; a slow one is joined by the next after
    `STAGGER_SECONDS` seconds."""
    waiting = list(endpoints)
    failures: dict[Endpoint, int] = {}
    pending: dict[int, tuple[socket.socket, Endpoint]] = {}
    try:
        while waiting or pending:
            if waiting:
                endpoint = waiting.pop(0)
                try:
                    sock = _socket_towards(endpoint)
                except OSError as error:
                    failures[endpoint] = error.errno or errno.EIO
                    continue
                pending[sock.fileno()] = (sock, endpoint)
            until = deadline.within(STAGGER_SECONDS) if waiting else deadline.end
            for descriptor in (
                yield Wait(until, tuple((descriptor, WRITE) for descriptor in pending))
            ):
                sock, endpoint = pending.pop(descriptor)
                try:
                    _look_who_answers(sock, endpoint)
                except OSError as error:
                    sock.close()
                    failures[endpoint] = error.errno or errno.EIO
                else:
                    return sock, endpoint
            if deadline.remaining() == 0:
                failures.update(
                    dict.fromkeys([e for _, e in pending.values()] + waiting, errno.ETIMEDOUT)
                )
                break
    finally:
        for sock, _endpoint in pending.values():
            sock.close()
    return _no_connection(failures)


def _socket_towards(endpoint: Endpoint) -> socket.socket:
    """A socket on its way there.

    Raises OSError where it does not even set out, as without a route.
    """
    sock = socket.socket(
        socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET, socket.SOCK_STREAM
    )
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    code = sock.connect_ex((endpoint.address, endpoint.port))
    if code in (0, errno.EINPROGRESS):
        return sock
    sock.close()
    raise OSError(code, os.strerror(code))


def _look_who_answers(sock: socket.socket, endpoint: Endpoint) -> None:
    """Raises OSError where the connection failed, or reached another address than the one that was
    vetted: the kernel has no reason to lie, a proxy layer might."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code != 0:
        raise OSError(code, os.strerror(code))
    reached = sock.getpeername()[0]
    if reached != endpoint.address and ip_address(reached) != ip_address(endpoint.address):
        raise OSError(errno.EPROTO, f"connected to another address than {endpoint.address}")


def _no_connection(failures: dict[Endpoint, int]) -> Contact:
    """What the failed addresses say together. Raises OSError where it is we who lack something."""
    for endpoint, code in failures.items():
        # No address to call from: on IPv4 all our ports are taken, on IPv6 we most often have none
        # at all.
        if code in _OURS or (code == errno.EADDRNOTAVAIL and ":" not in endpoint.address):
            raise OSError(code, os.strerror(code))
    for ending, codes in _ENDINGS:
        for endpoint, code in failures.items():
            if code in codes:
                return Contact(ending, os.strerror(code), endpoint.address, endpoint.port)
    endpoint, code = next(iter(failures.items()))
    return Contact(Ending.UNREACHABLE, os.strerror(code), endpoint.address, endpoint.port)
