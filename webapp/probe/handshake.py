"""One handshake that always reads the certificate.

Beside `trust_store` the only module that imports OpenSSL.

Verification errors are recorded and the handshake goes on: a bad certificate's issuer and dates
come from the very connection that judged it. Every wait is bounded by one deadline.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from OpenSSL import SSL

# OpenSSL's own host check and the words for its errors: pyOpenSSL needs both and gives out neither.
from OpenSSL._util import ffi, lib

from webapp.probe.address import Endpoint
from webapp.probe.certificate import clean
from webapp.probe.connection import connect
from webapp.probe.deadline import Deadline
from webapp.probe.finding import Closeup, Contact, Ending
from webapp.probe.memory import LIB_SYS, is_short
from webapp.probe.trust_store import MOST_CONSTRAINT_CHECKS, Seen, Trust, der, raw_der
from webapp.probe.waiting import READ, WRITE, Probe, Wait

log = logging.getLogger(__name__)

# Read or written at once: one TLS record. glibc tidies its whole heap whenever 64 kB are freed.
MOST_BYTES = 16384
MOST_LINKS = 32  # certificates of one chain that are kept, where they are kept at all
# What is read of one handshake. OpenSSL takes messages of 100 kB, and passes over some that may
# come without end.
MOST_IN_ALL = 512 * 1024  # bytes
MOST_PIECES = 1000  # an honest network brings half a kilobyte at once, or more
MOST_CPU_SECONDS = 0.05  # of one handshake, beyond which no second one is begun
GRACE_SECONDS = 1.0  # seconds past the deadline in which what has come in is still read
# X509_CHECK_FLAG_NEVER_CHECK_SUBJECT: the SAN decides (RFC 9525), a CN alone does not count
_NEVER_SUBJECT = 0x20
_NO_PARTIAL_WILDCARDS = 0x4  # X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS: "*" is a whole label

# SSL_OP_*, as bits, which pyOpenSSL takes as numbers.
_LEGACY_SERVER_CONNECT = 0x4  # also to servers without RFC 5746

_MORE_FOLLOWS = getattr(socket, "MSG_MORE", 0)  # Linux alone has it

# Libraries and reasons in the numbers of OpenSSL's error queue (ERR_GET_LIB, ERR_GET_REASON;
# openssl/err.h, sslerr.h).
_LIB_SSL = 20
_SYSTEM_FLAG = 0x80000000
_ALERTS = range(1000, 1256)  # SSL_AD_REASON_OFFSET and the number of an alert that the server sent
# SSL_R_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE, …_UNSUPPORTED_STATUS_TYPE, …_EXCESSIVE_MESSAGE_SIZE:
# what OpenSSL says where the OCSP staple, or the message that brings it, is not to its liking.
_STAPLE_FAULTS = frozenset({(_LIB_SSL, 1113), (_LIB_SSL, 329), (_LIB_SSL, 152)})
_NO_SECURE_RENEGOTIATION = (_LIB_SSL, 338)  # SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED

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
_TOO_MANY_NAMES = (
    f"our side ended it: its certificates need more than {MOST_CONSTRAINT_CHECKS:,} comparisons of"
    " names with name constraints"
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


def shake_hands(
    hostname: str,
    endpoints: Sequence[Endpoint],
    trust: Trust,
    deadline: Deadline,
    *,
    closely: bool = False,
) -> Probe[Contact]:
    """Connect to the first of `endpoints` that answers, and do one handshake for `hostname` (an
    A-label). `closely` brings a `Closeup` along.

    Every fault of the far side is in the answer. Raises OSError for ours only: no descriptor, no
    memory, no port left.
    """
    contact = yield from _contact(hostname, endpoints, trust, deadline, 0, closely=closely)
    options = 0
    if _NO_SECURE_RENEGOTIATION in contact.codes:
        # Browsers go on without it, and so do we; this second connection is how we know that it is
        # missing.
        options = _LEGACY_SERVER_CONNECT
        contact = yield from _contact(
            hostname, endpoints, trust, deadline, options, closely=closely
        )
    if not _STAPLE_FAULTS.isdisjoint(contact.codes) and not contact.costly:
        # OpenSSL ends a handshake over a staple that it cannot read, which says nothing of the
        # certificate.
        contact = yield from _contact(
            hostname, endpoints, trust, deadline, options, closely=closely, ask_staple=False
        )
        contact = replace(contact, staple=b"")
    return replace(contact, no_secure_renegotiation=True) if options else contact


def _contact(
    hostname: str,
    endpoints: Sequence[Endpoint],
    trust: Trust,
    deadline: Deadline,
    options: int,
    *,
    closely: bool,
    ask_staple: bool = True,
) -> Probe[Contact]:
    """One connection and one handshake, with these SSL_OP_* set besides."""
    began = deadline.elapsed()
    connected = yield from connect(endpoints, deadline)
    if isinstance(connected, Contact):
        return connected
    sock, endpoint = connected
    took = deadline.elapsed() - began if closely else None
    with sock:
        return (
            yield from _handshake(
                hostname, sock, endpoint, trust, deadline, took, options, ask_staple=ask_staple
            )
        )


def _handshake(
    hostname: str,
    sock: socket.socket,
    endpoint: Endpoint,
    trust: Trust,
    deadline: Deadline,
    connecting: float | None,
    options: int,
    *,
    ask_staple: bool,
) -> Probe[Contact]:
    """`connecting` is how many seconds that took, for a closer look; None where none is wanted."""
    began = deadline.elapsed()
    connection = SSL.Connection(trust)
    connection.set_connect_state()
    seen = Seen()
    connection.set_app_data(seen)
    name = hostname.encode("ascii")
    connection.set_tlsext_host_name(name)
    param = lib.SSL_get0_param(connection._ssl)
    lib.X509_VERIFY_PARAM_set_hostflags(param, _NEVER_SUBJECT | _NO_PARTIAL_WILDCARDS)
    # Neither says by itself that there was no memory. The certificate of another site would come,
    # or no name would be compared.
    compared = lib.X509_VERIFY_PARAM_set1_host(param, name, len(name)) == 1
    if not compared or connection.get_servername() != name:
        raise MemoryError("OpenSSL: the host name could not be set")
    if ask_staple:
        connection.request_ocsp()
    if options:
        connection.set_options(options)

    end = yield from _drive(connection, sock, deadline)
    if seen.too_many_names:
        end = replace(end, text=_TOO_MANY_NAMES)
    path = _ders(lib.SSL_get0_verified_chain(connection._ssl))  # the leaf first
    leaf = path[0] if path else _leaf(connection)
    version = connection.get_protocol_version_name()
    # An alert after it asked for a client certificate only says that we have none: the server's own
    # certificate has been seen, and with forward secrecy its key is proven by then. Any other
    # handshake has to be finished.
    proven = end.ending is Ending.DONE or (
        end.ending is Ending.ALERT
        and seen.client_certificate_wanted
        and "ECDHE" in (connection.get_cipher_name() or "")
    )
    closeup = None
    if connecting is not None:
        closeup = _close_up(connection, connecting, deadline.elapsed() - began)
    if end.ending is Ending.DONE:
        _say_goodbye(connection, sock)
    return Contact(
        ending=end.ending,
        text=end.text,
        codes=end.codes,
        costly=end.costly,
        address=endpoint.address,
        port=endpoint.port,
        leaf=leaf,
        errors=tuple(seen.errors),
        chain_seen=proven and leaf is not None,
        tls_version=version if leaf is not None else None,
        client_certificate_wanted=seen.client_certificate_wanted,
        staple=_staple(connection) if proven else None,
        rsa_exchange=version == "TLSv1.2" and "DHE" not in (connection.get_cipher_name() or "DHE"),
        closeup=closeup,
        sent=_ders(lib.SSL_get_peer_cert_chain(connection._ssl)) if seen.errors else (),
        path=path,
    )


def _close_up(connection: SSL.Connection, connecting: float, shaking: float) -> Closeup:
    return Closeup(
        connect_seconds=connecting,
        handshake_seconds=shaking,
        cipher=connection.get_cipher_name() or "",
        alpn=connection.get_alpn_proto_negotiated().decode("ascii", "replace"),
        served=tuple(map(der, connection.get_peer_cert_chain() or ())),
        verified=_ders(lib.SSL_get0_verified_chain(connection._ssl)),
    )


def _leaf(connection: SSL.Connection) -> bytes | None:
    peer = connection.get_peer_certificate()
    return None if peer is None else der(peer)


def _ders(chain: Any) -> tuple[bytes, ...]:
    """The certificates of a STACK_OF(X509) in DER, or of none."""
    if chain == ffi.NULL:
        return ()
    length = min(lib.sk_X509_num(chain), MOST_LINKS)
    return tuple(raw_der(lib.sk_X509_value(chain, index)) for index in range(length))


def _staple(connection: SSL.Connection) -> bytes | None:
    """The OCSP answer that came along, None where none did. pyOpenSSL hands it to a callback only,
    which would be called in every handshake."""
    start = ffi.new("unsigned char **")
    length = lib.SSL_get_tlsext_status_ocsp_resp(connection._ssl, start)
    return bytes(ffi.buffer(start[0], length)) if length > 0 else None


def _drive(connection: SSL.Connection, sock: socket.socket, deadline: Deadline) -> Probe[_End]:
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
        for library, reason in set(codes) - _STAPLE_FAULTS
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


def _say_goodbye(connection: SSL.Connection, sock: socket.socket) -> None:
    with contextlib.suppress(SSL.Error):  # the server may have ended it already
        connection.shutdown()
    _send_last(connection, sock)
