"""One handshake that always reads the certificate. The only module that imports OpenSSL.

Verification errors are recorded and the handshake goes on: a bad certificate's issuer and dates come from the very
connection that judged it. Every wait is bounded by one deadline.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path

import certifi
from OpenSSL import SSL, crypto

# OpenSSL's own host check and the words for its errors: pyOpenSSL needs both and gives out neither.
from OpenSSL._util import ffi, lib

from webapp.probe.address import Endpoint
from webapp.probe.certificate import clean
from webapp.probe.deadline import Deadline
from webapp.probe.finding import Closeup, Contact, Ending, Signing
from webapp.probe.waiting import READ, WRITE, Probe, Wait

log = logging.getLogger(__name__)

MOST_BYTES = 65536  # read or written at once
MOST_LINKS = 32  # certificates of one chain that are kept, where they are kept at all
GRACE = 1.0  # seconds past the deadline in which what has come in is still read
STAGGER = 0.25  # seconds until the next address is tried beside one that has not answered (RFC 8305: 250 ms)
_NEVER_SUBJECT = 0x20  # X509_CHECK_FLAG_NEVER_CHECK_SUBJECT: the SAN decides (RFC 9525), a CN alone does not count
_NO_PARTIAL_WILDCARDS = 0x4  # X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS: "*" is a whole label

# SSL_OP_*, as bits, which pyOpenSSL takes as numbers.
_LEGACY_SERVER_CONNECT = 0x4  # also to servers without RFC 5746
_TLSEXT_PADDING = 0x10  # RFC 7685: some load balancers never answer a ClientHello of 256 to 511 bytes

# The groups of key exchange: a key share goes out for the first of them only, as curl and browsers send it. The
# post-quantum one costs a server that insists on it one more round trip, and no one else a larger ClientHello.
_GROUPS = b"X25519:P-256:P-384:P-521:X25519MLKEM768"
_OLD_GROUPS = b"X25519:P-256:P-384:P-521"  # for an OpenSSL before 3.5, which does not know the other

# What to offer, to be shown the certificate of one kind of key. OpenSSL then offers no cipher of the other kind either.
_ONLY = {
    Signing.RSA: ":".join(
        [f"rsa_pss_{key}_sha{size}" for key in ("rsae", "pss") for size in (256, 384, 512)]
        + [f"rsa_pkcs1_sha{size}" for size in (256, 384, 512)]
    ),
    Signing.ECDSA: "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
}

# Libraries and reasons in the numbers of OpenSSL's error queue (ERR_GET_LIB, ERR_GET_REASON; openssl/err.h, sslerr.h).
_LIB_SYS, _LIB_SSL = 2, 20
_SYSTEM_FLAG = 0x80000000
_MALLOC_FAILURE = 0xC0100  # ERR_R_MALLOC_FAILURE, of whichever library
_ALERTS = range(1000, 1256)  # SSL_AD_REASON_OFFSET and the number of an alert that the server sent
# SSL_R_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE, …_UNSUPPORTED_STATUS_TYPE, …_EXCESSIVE_MESSAGE_SIZE: what OpenSSL says
# where the OCSP staple, or the message that brings it, is not to its liking.
_STAPLE_FAULTS = frozenset({(_LIB_SSL, 1113), (_LIB_SSL, 329), (_LIB_SSL, 152)})
_NO_SECURE_RENEGOTIATION = (_LIB_SSL, 338)  # SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED

# What OpenSSL's words do not say to a technician.
_PLAIN = {
    (20, 152): "its certificates are larger than the 100 kB that we read",  # SSL_R_EXCESSIVE_MESSAGE_SIZE
    (13, 232): "its dates cannot be read",  # ASN1_R_GENERALIZEDTIME_IS_TOO_SHORT
    (13, 233): "its dates cannot be read",  # ASN1_R_UTCTIME_IS_TOO_SHORT
}

_ALERT_RECORD = 24  # bytes of an encrypted alert in TLS 1.3: header, level, description, content type, tag
_SHORTEST_LOOK, _LONGEST_LOOK = 0.05, 0.5  # seconds to wait for what a server makes of our Finished


Trust = SSL.Context


class TrustUnusable(Exception):
    """There is nothing to verify against: no root could be loaded."""


UNUSABLE = (OSError, SSL.Error, TrustUnusable)  # what `load` raises of a file without a usable root


@dataclass(frozen=True, slots=True)
class _End:
    """How a handshake ended."""

    ending: Ending
    text: str = ""
    codes: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class _Seen:
    """What the callbacks of one connection have seen so far."""

    errors: list[tuple[int, int, str]] = field(default_factory=list)
    client_certificate_wanted: bool = False


# --- trust: one context, loaded once, shared by every handshake ---

_contexts: dict[tuple[Path, Signing | None], tuple[tuple[int, int], SSL.Context]] = {}
_loading = threading.Lock()


def trust(ca_bundle: Path | None, only: Signing | None = None) -> Trust:
    """The context that trusts the roots in `ca_bundle`, or certifi's; `only`: it takes no other kind of key.

    Read anew when the file changes; when the new one is broken the old one is kept. The environment (SSL_CERT_FILE and
    the like) never counts.

    Raises `TrustUnusable` where there never was a good one: verifying against nothing would turn everything red.
    """
    path = bundle(ca_bundle)
    try:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
    except OSError:
        stamp = (0, 0)
    known = _contexts.get((path, only))
    if known is not None and known[0] == stamp:
        return known[1]
    with _loading:
        known = _contexts.get((path, only))
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            loaded = load(path, only)
            log.info("trusting the roots in %s", path)
        except UNUSABLE as error:
            if known is None:
                raise TrustUnusable(f"no root can be loaded from {path}: {error}") from error
            log.exception("keeping the roots loaded before: %s is broken", path)
            loaded = known[1]
        _contexts[path, only] = (stamp, loaded)
        return loaded


def bundle(ca_bundle: Path | None) -> Path:
    """The file whose roots are trusted."""
    return ca_bundle or Path(certifi.where())


def openssl() -> str:
    """ "OpenSSL 4.0.3 29 Sep 2026": the library that shakes hands, in its own words."""
    return SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()


def load(path: Path, only: Signing | None = None) -> SSL.Context:
    """A context that trusts the roots in this file; `only`: it takes no other kind of key. Raises one of `UNUSABLE`."""
    pem = path.read_bytes()
    roots = pem.count(b"-----BEGIN CERTIFICATE-----") + pem.count(b"-----BEGIN TRUSTED CERTIFICATE-----")
    if roots == 0:
        raise TrustUnusable("it holds no certificate")
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.load_verify_locations(os.fspath(path))
    flags = crypto.X509StoreFlags.PARTIAL_CHAIN
    if b"-----BEGIN X509 CRL-----" in pem:
        flags |= crypto.X509StoreFlags.CRL_CHECK  # of the leaf, where its issuer's list is at hand
    store = made.get_cert_store()
    assert store is not None  # noqa: S101 - a context always has one; the type leaves room for none
    store.set_flags(flags)
    made.set_verify(SSL.VERIFY_PEER, _record_error)
    lib.SSL_CTX_set_cert_cb(made._context, _client_certificate_wanted, ffi.NULL)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    # Browsers have left finite-field Diffie-Hellman behind, and a hostile server's parameters cost a second of CPU.
    made.set_cipher_list(b"DEFAULT:!kDHE:@SECLEVEL=2")
    made.set_verify_depth(10)  # no honest chain is longer, and each link of a dishonest one costs
    if lib.SSL_CTX_set1_curves_list(made._context, _GROUPS) != 1:
        lib.ERR_clear_error()
        lib.SSL_CTX_set1_curves_list(made._context, _OLD_GROUPS)
    if only is not None and lib.SSL_CTX_set1_sigalgs_list(made._context, _ONLY[only].encode()) != 1:
        raise SSL.Error(f"OpenSSL does not take {_ONLY[only]}")
    made.set_options(_TLSEXT_PADDING)
    made.set_app_data(_store_of_roots(path))
    made.set_alpn_protos([b"h2", b"http/1.1"])
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return made


def _store_of_roots(path: Path) -> crypto.X509Store:
    """The same roots for `path_over`. Revocation is left to the handshake: it is about the leaf, whatever the path."""
    store = crypto.X509Store()
    store.load_locations(os.fspath(path))
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    return store


_LEAF_DATES = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_choosing_purpose = threading.Lock()


def path_over(trust: Trust, certificates: Sequence[bytes], *, for_server: bool = True) -> tuple[bytes, ...]:
    """The path to a trusted root for the first of these certificates, if no others but the rest of them are sent with
    it; empty where none verifies. All in DER. No network.

    `for_server`: the first is a certificate for servers (X509_PURPOSE_SSL_SERVER), and its dates do not count, as no
    other path mends them; else it is an issuer's.
    """
    leaf, *others = (crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in certificates)
    store = trust.get_app_data()
    context = crypto.X509StoreContext(store, leaf, others)
    purpose = lib.X509_PURPOSE_SSL_SERVER if for_server else lib.X509_PURPOSE_ANY
    with _choosing_purpose:  # it belongs to the store, which all handshakes share
        lib.X509_STORE_set_purpose(store._store, purpose)
        try:
            return tuple(_der(each) for each in context.get_verified_chain())
        except crypto.X509StoreContextError as error:
            code, depth, *_ = error.errors
            # OpenSSL looks at dates from the root down, and last of all: the rest of the path is fine.
            return tuple(certificates) if for_server and depth == 0 and code in _LEAF_DATES else ()


def _record_error(connection: SSL.Connection, _cert: crypto.X509, code: int, depth: int, ok: int) -> bool:
    if not ok:
        text = ffi.string(lib.X509_verify_cert_error_string(code)).decode("ascii", "replace")
        connection.get_app_data().errors.append((code, depth, text))
    return True


@ffi.callback("int (*)(SSL *, void *)")  # type: ignore[untyped-decorator]
def _client_certificate_wanted(ssl: object, _arg: object) -> int:
    SSL.Connection._reverse_mapping[ssl].get_app_data().client_certificate_wanted = True
    return 1  # go on, with none


# --- one contact ---


def shake_hands(
    hostname: str, endpoints: Sequence[Endpoint], trust: Trust, deadline: Deadline, *, closely: bool = False
) -> Probe[Contact]:
    """Connect to the first of `endpoints` that answers, and do one handshake for `hostname` (an A-label). `closely`
    brings a `Closeup` along.

    Every fault of the far side is in the answer. Raises OSError for ours only: no descriptor, no memory, no port left.
    """
    contact = yield from _contact(hostname, endpoints, trust, deadline, 0, closely=closely)
    options = 0
    if _NO_SECURE_RENEGOTIATION in contact.codes:
        # Browsers go on without it, and so do we; this second connection is how we know that it is missing.
        options = _LEGACY_SERVER_CONNECT
        contact = yield from _contact(hostname, endpoints, trust, deadline, options, closely=closely)
    if not _STAPLE_FAULTS.isdisjoint(contact.codes):
        # OpenSSL ends a handshake over a staple that it cannot read, which says nothing of the certificate.
        contact = yield from _contact(hostname, endpoints, trust, deadline, options, closely=closely, ask_staple=False)
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
    connected = yield from _connect(endpoints, deadline)
    if isinstance(connected, Contact):
        return connected
    sock, endpoint = connected
    took = deadline.elapsed() - began if closely else None
    with sock:
        return (yield from _handshake(hostname, sock, endpoint, trust, deadline, took, options, ask_staple=ask_staple))


_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.EPROTO}
# Of several addresses the first ending in this order counts. One that may still live makes it a timeout; one that
# answers counts more than one without a route, since that may be a family of addresses that this machine lacks.
_ENDINGS = (
    (Ending.TIMEOUT, {errno.ETIMEDOUT}),
    (Ending.RESET, {errno.ECONNRESET, errno.ECONNABORTED, errno.ENOTCONN}),
    (Ending.REFUSED, {errno.ECONNREFUSED}),
)


def _connect(endpoints: Sequence[Endpoint], deadline: Deadline) -> Probe[tuple[socket.socket, Endpoint] | Contact]:
    """The first address that takes the connection; a slow one is joined by the next after `STAGGER` seconds."""
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
            until = deadline.within(STAGGER) if waiting else deadline.end
            for descriptor in (yield Wait(until, tuple((descriptor, WRITE) for descriptor in pending))):
                sock, endpoint = pending.pop(descriptor)
                try:
                    _look_who_answers(sock, endpoint)
                except OSError as error:
                    sock.close()
                    failures[endpoint] = error.errno or errno.EIO
                else:
                    return sock, endpoint
            if deadline.remaining() == 0:
                failures.update(dict.fromkeys([e for _, e in pending.values()] + waiting, errno.ETIMEDOUT))
                break
    finally:
        for sock, _endpoint in pending.values():
            sock.close()
    return _no_connection(failures)


def _socket_towards(endpoint: Endpoint) -> socket.socket:
    """A socket on its way there. Raises OSError where it does not even set out, as without a route."""
    sock = socket.socket(socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    code = sock.connect_ex((endpoint.address, endpoint.port))
    if code in (0, errno.EINPROGRESS):
        return sock
    sock.close()
    raise OSError(code, os.strerror(code))


def _look_who_answers(sock: socket.socket, endpoint: Endpoint) -> None:
    """Raises OSError where the connection failed, or reached another address than the one that was vetted: the kernel
    has no reason to lie, a proxy layer might."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code != 0:
        raise OSError(code, os.strerror(code))
    if ip_address(sock.getpeername()[0]) != ip_address(endpoint.address):
        raise OSError(errno.EPROTO, f"connected to another address than {endpoint.address}")


def _no_connection(failures: dict[Endpoint, int]) -> Contact:
    """What the failed addresses say together. Raises OSError where it is we who lack something."""
    for endpoint, code in failures.items():
        # No address to call from: on IPv4 all our ports are taken, on IPv6 we most often have none at all.
        if code in _OURS or (code == errno.EADDRNOTAVAIL and ":" not in endpoint.address):
            raise OSError(code, os.strerror(code))
    for ending, codes in _ENDINGS:
        for endpoint, code in failures.items():
            if code in codes:
                return Contact(ending, os.strerror(code), endpoint.address, endpoint.port)
    endpoint, code = next(iter(failures.items()))
    return Contact(Ending.UNREACHABLE, os.strerror(code), endpoint.address, endpoint.port)


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
    seen = _Seen()
    connection.set_app_data(seen)
    name = hostname.encode("ascii")
    connection.set_tlsext_host_name(name)
    param = lib.SSL_get0_param(connection._ssl)
    lib.X509_VERIFY_PARAM_set_hostflags(param, _NEVER_SUBJECT | _NO_PARTIAL_WILDCARDS)
    lib.X509_VERIFY_PARAM_set1_host(param, name, len(name))
    if ask_staple:
        connection.request_ocsp()
    if options:
        connection.set_options(options)

    end = yield from _drive(connection, sock, deadline)
    peer = connection.get_peer_certificate()
    path = _ders(connection.get_verified_chain())  # the leaf first
    # An alert after it asked for a client certificate only says that we have none: the server's own certificate has
    # been seen, and with forward secrecy its key is proven by then. Any other handshake has to be finished.
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
        address=endpoint.address,
        port=endpoint.port,
        leaf=path[0] if path else _der(peer) if peer is not None else None,
        errors=tuple(seen.errors),
        chain_seen=proven and peer is not None,
        tls_version=connection.get_protocol_version_name() if peer is not None else None,
        client_certificate_wanted=seen.client_certificate_wanted,
        staple=_staple(connection) if proven else None,
        rsa_exchange=connection.get_protocol_version_name() == "TLSv1.2"
        and "DHE" not in (connection.get_cipher_name() or "DHE"),
        closeup=closeup,
        sent=_ders(connection.get_peer_cert_chain()) if seen.errors else (),
        path=path,
    )


def _close_up(connection: SSL.Connection, connecting: float, shaking: float) -> Closeup:
    return Closeup(
        connect_seconds=connecting,
        handshake_seconds=shaking,
        cipher=connection.get_cipher_name() or "",
        alpn=connection.get_alpn_proto_negotiated().decode("ascii", "replace"),
        served=_ders(connection.get_peer_cert_chain()),
        verified=_ders(connection.get_verified_chain()),
    )


def _ders(chain: Sequence[crypto.X509] | None) -> tuple[bytes, ...]:
    return tuple(_der(each) for each in (chain or ())[:MOST_LINKS])


def _staple(connection: SSL.Connection) -> bytes | None:
    """The OCSP answer that came along, None where none did. pyOpenSSL hands it to a callback only, which would be
    called in every handshake."""
    start = ffi.new("unsigned char **")
    length = lib.SSL_get_tlsext_status_ocsp_resp(connection._ssl, start)
    return bytes(ffi.buffer(start[0], length)) if length > 0 else None


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


def _drive(connection: SSL.Connection, sock: socket.socket, deadline: Deadline) -> Probe[_End]:
    """The handshake to its end, or to the deadline, whatever the far side drips.

    OpenSSL works on memory and the bytes pass through here: only so are the very first of them sure to be seen.
    """
    began, answered_after, head = deadline.elapsed(), 0.0, b""
    try:
        while True:
            end = _step(connection)
            if end is not None and end.ending is not Ending.DONE:
                _send_last(connection, sock)
                return end
            yield from _send(sock, _outgoing(connection), deadline)
            if end is not None:
                break
            received = yield from _receive(sock, deadline)
            if not received:
                return _End(Ending.RESET, "closed without a word")
            if len(head) < 2:
                head, answered_after = head + received[:40], deadline.elapsed() - began
                if not _speaks_tls(head):
                    return _End(Ending.NOT_TLS, f"it answered {clean(repr(head)[1:])}")
            connection.bio_write(received)
    except TimeoutError:
        return _End(Ending.TIMEOUT, "no answer" if not head else "no end of the handshake")
    except OSError as error:
        return _cut_off(error)
    if connection.get_protocol_version() < SSL.TLS1_3_VERSION:
        return end
    patience = min(max(2 * answered_after, _SHORTEST_LOOK), _LONGEST_LOOK)
    return (yield from _taken(connection, sock, deadline.within(patience)))


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
    """What the server makes of our Finished, the last word in a TLS 1.3 handshake: most send a session ticket at once.
    One that says nothing until then has taken it, and waits for a request.

    curl is done before it and learns the same from the answer to its request: it ends with 52, 55 or 56.
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
    if len(received) > _ALERT_RECORD:
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
    """Whose end this is, from the numbers in OpenSSL's error queue: pyOpenSSL hands on its texts only. Raises
    MemoryError where OpenSSL got no memory, and what our own callbacks raised."""
    codes, texts = [], []
    while packed := lib.ERR_get_error():
        system = packed & _SYSTEM_FLAG
        codes.append((_LIB_SYS, packed & ~_SYSTEM_FLAG) if system else (packed >> 23 & 0xFF, packed & 0x7FFFFF))
        texts.append(words_for(*codes[-1]))
    texts = [*dict.fromkeys([*(_PLAIN[code] for code in codes if code in _PLAIN), *texts])]  # each once
    with contextlib.suppress(SSL.Error):
        connection._raise_ssl_error(connection._ssl, result)
    if any(reason == _MALLOC_FAILURE or (library, reason) == (_LIB_SYS, errno.ENOMEM) for library, reason in codes):
        raise MemoryError(f"OpenSSL: {'; '.join(texts)}")
    if not codes:
        return _End(Ending.RESET, "closed in the middle of the handshake")
    alerts = [reason - _ALERTS.start for library, reason in codes if library == _LIB_SSL and reason in _ALERTS]
    whose = f"the server sent alert {alerts[0]}" if alerts else "our side ended it"
    return _End(Ending.ALERT if alerts else Ending.DECLINED, clean(f"{whose}: {'; '.join(texts)}"), tuple(codes))


def words_for(library: int, reason: int) -> str:
    """OpenSSL's own words for an error with these numbers."""
    text = lib.ERR_reason_error_string(library << 23 | reason)
    return ffi.string(text).decode("ascii", "replace") if text else f"error {reason}"


def _send_last(connection: SSL.Connection, sock: socket.socket) -> None:
    """Send what OpenSSL has to say at the end, if the other side still takes it."""
    with contextlib.suppress(OSError):
        sock.send(_outgoing(connection))


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
    """Until the socket is ready. Raises TimeoutError at the deadline, also for a server that drips past it.

    What was there in time is taken even when this machine was too busy to look in time: no server is blamed for that.
    """
    ready = yield Wait(deadline.end, ((sock.fileno(), event),))
    if not ready or deadline.overdue() > GRACE:
        raise TimeoutError


def _speaks_tls(head: bytes) -> bool:
    """Whether an answer begins like a TLS record: an alert or a handshake, then version 3 (RFC 8446, 5.1). A single
    byte may still become one."""
    return head[0] in (21, 22) and head[1:2] in (b"", b"\x03")


def _say_goodbye(connection: SSL.Connection, sock: socket.socket) -> None:
    with contextlib.suppress(SSL.Error):  # the server may have ended it already
        connection.shutdown()
    _send_last(connection, sock)
