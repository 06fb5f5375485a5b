"""The bytes of one handshake, between OpenSSL and the socket, until it ends.

With `handshake` and `trust_store` the only importer of OpenSSL.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from dataclasses import dataclass, replace

from OpenSSL import SSL

# OpenSSL's error queue and its words: pyOpenSSL needs both and gives out neither.
from OpenSSL._util import ffi, lib

from webapp.probe.clean_text import clean
from webapp.probe.contact import Ending
from webapp.probe.deadline import Deadline
from webapp.probe.memory import LIB_SYS, is_short
from webapp.probe.waiting import READ, WRITE, Probe, Wait

# Read or written at once: one TLS record. glibc tidies its whole heap whenever 64 kB are freed.
MOST_BYTES = 16384

# What is read of one handshake. OpenSSL takes messages of 100 kB, and passes over some that may
# come without end.
MOST_IN_ALL = 512 * 1024  # bytes
MOST_PIECES = 1000  # an honest network brings half a kilobyte at once, or more
MOST_CPU_SECONDS = 0.05  # of one handshake, beyond which no second one is begun
GRACE_SECONDS = 1.0  # seconds past the deadline in which what has come in is still read
_MORE_FOLLOWS = getattr(socket, "MSG_MORE", 0)  # Linux alone has it

# Libraries and reasons in the numbers of OpenSSL's error queue (ERR_GET_LIB, ERR_GET_REASON;
# openssl/err.h, sslerr.h).
_LIB_SSL = 20
_SYSTEM_FLAG = 0x80000000
_ALERTS = range(1000, 1256)  # SSL_AD_REASON_OFFSET and the number of an alert that the server sent

# SSL_R_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE, …_UNSUPPORTED_STATUS_TYPE, …_EXCESSIVE_MESSAGE_SIZE:
# what OpenSSL says where the OCSP staple, or the message that brings it, is not to its liking.
STAPLE_FAULTS = frozenset({(_LIB_SSL, 1113), (_LIB_SSL, 329), (_LIB_SSL, 152)})
NO_SECURE_RENEGOTIATION = (_LIB_SSL, 338)  # SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED

# What OpenSSL's words do not say to a technician.
_PLAIN = {
    # SSL_R_EXCESSIVE_MESSAGE_SIZE
    (20, 152): "a message, most often its certificates, is larger than the 100 kB that we read",
    (13, 232): "its dates cannot be read",  # ASN1_R_GENERALIZEDTIME_IS_TOO_SHORT
    (13, 233): "its dates cannot be read",  # ASN1_R_UTCTIME_IS_TOO_SHORT
}


_TOO_LONG = (
    f"our side ended it: its handshake goes on after the {MOST_IN_ALL // 1024} kB, or the"
    f" {MOST_PIECES:,} pieces, that we read"
)


# Bytes of an encrypted alert in TLS 1.3 behind its header: level, description, content type, tag
_ALERT = 19

# seconds to wait for what a server makes of our Finished
_SHORTEST_LOOK_SECONDS = 0.05
_LONGEST_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _End:
    """How a handshake ended."""

    ending: Ending
    text: str = ""
    codes: tuple[tuple[int, int], ...] = ()
    costly: bool = False


def drive_handshake(
    connection: SSL.Connection, sock: socket.socket, deadline: Deadline
) -> Probe[_End]:
    """The handshake to its end, or to the deadline, whatever the far side drips.

    OpenSSL works on memory and the bytes pass through here: only so are the very first of them sure
    to be seen.
    """
    began = deadline.elapsed()
    answered_after = 0.0
    head = b""
    pieces = 0
    size = 0
    cpu = 0.0
    try:
        while True:
            since = time.thread_time()
            end = _step(connection)
            cpu += time.thread_time() - since
            if end is not None and end.ending is not Ending.DONE:
                _send_last(connection, sock)
                return replace(end, costly=cpu > MOST_CPU_SECONDS)
            yield from _send(sock, _outgoing(connection), deadline)
            if end is not None:
                break
            received = yield from _receive(sock, deadline)
            pieces = pieces + 1
            size = size + len(received)
            if not received:
                return _End(Ending.RESET, "closed without a word", costly=cpu > MOST_CPU_SECONDS)
            if pieces > MOST_PIECES or size > MOST_IN_ALL:
                return _End(Ending.DECLINED, _TOO_LONG)
            if len(head) < 2:
                head = head + received[:40]
                answered_after = deadline.elapsed() - began
                if not _speaks_tls(head):
                    return _End(Ending.NOT_TLS, f"it answered {clean(repr(head)[1:])}")
            connection.get_app_data().received = size
            connection.bio_write(received)
    except TimeoutError:
        return _End(Ending.TIMEOUT, "no answer" if not head else "no end of the handshake")
    except OSError as error:
        return replace(_cut_off(error), costly=cpu > MOST_CPU_SECONDS)
    if connection.get_protocol_version() < SSL.TLS1_3_VERSION:
        return end
    patience = min(max(2 * answered_after, _SHORTEST_LOOK_SECONDS), _LONGEST_LOOK_SECONDS)
    taken = yield from _taken(connection, sock, deadline.within(patience))
    return replace(taken, costly=True) if cpu > MOST_CPU_SECONDS else taken


def _cut_off(error: OSError) -> _End:
    """How a connection ended that failed later. Raises the error where it is ours."""
    if error.errno in (errno.ENOMEM, errno.ENOBUFS):
        raise error
    endings = {
        errno.ETIMEDOUT: Ending.TIMEOUT,
        errno.EHOSTUNREACH: Ending.UNREACHABLE,
        errno.ENETUNREACH: Ending.UNREACHABLE,
    }
    return _End(endings.get(error.errno or 0, Ending.RESET), error.strerror or str(error))


def _taken(connection: SSL.Connection, sock: socket.socket, until: float) -> Probe[_End]:
    """What the server makes of our Finished, the last word in a TLS 1.3 handshake: most send a
    session ticket at once. One that says nothing until then has taken it, and waits for a request.

    curl is done before it and learns the same from the answer to its request: it ends with 52, 55
    or 56.
    """
    yield Wait(until, ((sock.fileno(), READ),))
    try:
        received = sock.recv(MOST_BYTES)
    except BlockingIOError:
        return _End(Ending.DONE)
    except OSError as error:
        return replace(_cut_off(error), ending=Ending.CUT_OFF_LATE)
    if not received:
        return _End(Ending.CLOSED_LATE, "closed without a word")
    if int.from_bytes(received[3:5], "big") > _ALERT:
        return _End(Ending.DONE)
    connection.bio_write(received)
    result = lib.SSL_read(connection._ssl, ffi.new("char[]", 1), 1)
    if lib.SSL_get_error(connection._ssl, result) != lib.SSL_ERROR_SSL:
        return _End(Ending.DONE)  # also for a close_notify, with which it ends in good order
    end = _failure(connection, result)
    if end.ending is Ending.ALERT and connection.get_app_data().client_certificate_wanted:
        return _End(Ending.DONE, codes=end.codes)
    return replace(end, ending=Ending.CUT_OFF_LATE)


def _step(connection: SSL.Connection) -> _End | None:
    """As far as OpenSSL gets with what it has; None while it wants more."""
    result = lib.SSL_do_handshake(connection._ssl)
    if result == 1:
        return _End(Ending.DONE)
    if lib.SSL_get_error(connection._ssl, result) == lib.SSL_ERROR_WANT_READ:
        return None
    return _failure(connection, result)


def _failure(connection: SSL.Connection, result: int) -> _End:
    """Whose end this is, from the numbers in OpenSSL's error queue: pyOpenSSL hands on its texts
    only. Raises MemoryError where OpenSSL got no memory, and what our own callbacks raised."""
    codes = []
    texts = []
    while packed := lib.ERR_get_error():
        system = packed & _SYSTEM_FLAG
        codes.append(
            (LIB_SYS, packed & ~_SYSTEM_FLAG)
            if system
            else (packed >> 23 & 0xFF, packed & 0x7FFFFF)
        )
        texts.append(words_for(*codes[-1]))
    # Each once
    texts = [*dict.fromkeys([*(_PLAIN[code] for code in codes if code in _PLAIN), *texts])]
    fault = connection.get_app_data().fault
    if fault is not None:
        raise fault
    with contextlib.suppress(SSL.Error):
        connection._raise_ssl_error(connection._ssl, result)
    if any(is_short(*code) for code in codes):
        raise MemoryError(f"OpenSSL: {'; '.join(texts)}")
    if not codes:
        return _End(Ending.RESET, "closed in the middle of the handshake")
    # No server sends the alert that is about our answer to a staple: OpenSSL takes its number for a
    # fault of its own.
    sent = [
        reason
        for library, reason in set(codes) - STAPLE_FAULTS
        if library == _LIB_SSL and reason in _ALERTS
    ]
    alerts = [reason - _ALERTS.start for reason in sent]
    whose = f"the server sent alert {alerts[0]}" if alerts else "our side ended it"
    return _End(
        Ending.ALERT if alerts else Ending.DECLINED,
        clean(f"{whose}: {'; '.join(texts)}"),
        tuple(codes),
    )


def words_for(library: int, reason: int) -> str:
    """OpenSSL's own words for an error with these numbers."""
    text = lib.ERR_reason_error_string(library << 23 | reason)
    return ffi.string(text).decode("ascii", "replace") if text else f"error {reason}"


def _send_last(connection: SSL.Connection, sock: socket.socket) -> None:
    """Send what OpenSSL has to say at the end, if the other side still takes it: in one packet with
    the end of the connection, which comes next."""
    with contextlib.suppress(OSError):
        sock.send(_outgoing(connection), _MORE_FOLLOWS)


def _outgoing(connection: SSL.Connection) -> bytes:
    try:
        return connection.bio_read(MOST_BYTES)
    except SSL.WantReadError:
        return b""


def _send(sock: socket.socket, data: bytes, deadline: Deadline) -> Probe[None]:
    while data:
        try:
            data = data[sock.send(data) :]
        except BlockingIOError:
            yield from _ready(sock, WRITE, deadline)


def _receive(sock: socket.socket, deadline: Deadline) -> Probe[bytes]:
    while True:
        yield from _ready(sock, READ, deadline)
        try:
            return sock.recv(MOST_BYTES)
        except BlockingIOError:  # woken for nothing, as a kernel may
            continue


def _ready(sock: socket.socket, event: int, deadline: Deadline) -> Probe[None]:
    """Until the socket is ready.

    Raises TimeoutError at the deadline, also for a server that drips past it.

    What was there in time is taken even when this machine was too busy to look in time: no server
    is blamed for that.
    """
    ready = yield Wait(deadline.end, ((sock.fileno(), event),))
    if not ready or deadline.overdue() > GRACE_SECONDS:
        raise TimeoutError


def _speaks_tls(head: bytes) -> bool:
    """Whether an answer begins like a TLS record: an alert or a handshake, then version 3 (RFC
    8446, 5.1). A single byte may still become one."""
    return head[0] in (21, 22) and head[1:2] in (b"", b"\x03")


def say_goodbye(connection: SSL.Connection, sock: socket.socket) -> None:
    with contextlib.suppress(SSL.Error):  # the server may have ended it already
        connection.shutdown()
    _send_last(connection, sock)
