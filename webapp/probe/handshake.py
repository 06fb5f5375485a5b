"""One handshake that always reads the certificate.

With `handshake_io` and `trust_store` the only importer of OpenSSL.

Verification errors are recorded and the handshake goes on: a bad certificate's issuer and dates
come from the very connection that judged it. Every wait is bounded by one deadline.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from OpenSSL import SSL

# OpenSSL's own host check, chains and staple: pyOpenSSL needs them and does not give them out.
from OpenSSL._util import ffi, lib

from webapp.probe.address import Endpoint
from webapp.probe.connection import connect
from webapp.probe.contact import Closeup, Contact, Ending
from webapp.probe.deadline import Deadline
from webapp.probe.handshake_io import (
    NO_SECURE_RENEGOTIATION,
    STAPLE_FAULTS,
    drive_handshake,
    say_goodbye,
)
from webapp.probe.trust_store import MOST_CONSTRAINT_CHECKS, Seen, Trust, der, raw_der
from webapp.probe.waiting import Probe

MOST_LINKS = 32  # certificates of one chain that are kept, where they are kept at all
# X509_CHECK_FLAG_NEVER_CHECK_SUBJECT: the SAN decides (RFC 9525), a CN alone does not count
_NEVER_SUBJECT = 0x20
_NO_PARTIAL_WILDCARDS = 0x4  # X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS: "*" is a whole label

# SSL_OP_*, as bits, which pyOpenSSL takes as numbers.
_LEGACY_SERVER_CONNECT = 0x4  # also to servers without RFC 5746


_TOO_MANY_NAMES = (
    f"our side ended it: its certificates need more than {MOST_CONSTRAINT_CHECKS:,} comparisons of"
    " names with name constraints"
)


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
    if NO_SECURE_RENEGOTIATION in contact.codes:
        # Browsers go on without it, and so do we; this second connection is how we know that it is
        # missing.
        options = _LEGACY_SERVER_CONNECT
        contact = yield from _contact(
            hostname, endpoints, trust, deadline, options, closely=closely
        )
    if not STAPLE_FAULTS.isdisjoint(contact.codes) and not contact.costly:
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

    end = yield from drive_handshake(connection, sock, deadline)
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
        say_goodbye(connection, sock)
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
