"""The raw facts of one contact with a server, before it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How a contact with a server ended, before it is judged."""

    DONE = "done"  # the handshake is finished
    REFUSED = "refused"  # every address refuses
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RESET = "reset"  # reset, or closed without a word
    ALERT = "alert"  # the server ended the handshake with an alert
    DECLINED = "declined"  # our OpenSSL ended the handshake: it does not take what the server sent
    # TLS 1.3: our Finished was out, and a reset or an alert came back
    CUT_OFF_LATE = "cut_off_late"
    CLOSED_LATE = "closed_late"  # the same, and the server closed the connection
    NOT_TLS = "not_tls"


@dataclass(frozen=True, slots=True)
class Closeup:
    """What a closer look at one connection adds.

    The chains are DER, leaf first: as the server sent it, and as OpenSSL put it together, up to the
    root where it found one.
    """

    connect_seconds: float
    handshake_seconds: float
    cipher: str
    alpn: str  # "h2", "http/1.1", empty where the server chose none
    served: tuple[bytes, ...]
    verified: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """The raw facts of one contact: how it ended, and what was seen until then.

    `errors` are the verify errors in OpenSSL's order, as (X509_V_ERR number, depth, text).
    `chain_seen`: a certificate came and the handshake got so far that it can be judged. `codes` are
    the (library, reason) numbers of OpenSSL's error queue, oldest first, where OpenSSL had an error
    (see ERR_GET_LIB, ERR_GET_REASON). `staple` is the OCSP answer that came along, empty where
    OpenSSL could not read it, and `issuer` the certificate to verify it with, where the path has
    one.

    `path` is the chain that OpenSSL followed, leaf first. Where something did not verify, `sent` is
    the one that the server sent. All are DER. `other_path` is a path over the certificates sent
    that does verify, where there is one.
    """

    ending: Ending
    text: str = ""
    address: str | None = None
    port: int = 443
    leaf: bytes | None = None  # DER
    errors: tuple[tuple[int, int, str], ...] = ()
    chain_seen: bool = False
    tls_version: str | None = None
    client_certificate_wanted: bool = False
    no_secure_renegotiation: bool = False
    codes: tuple[tuple[int, int], ...] = ()
    costly: bool = False  # it took so much CPU time that one is enough
    staple: bytes | None = None
    # Without forward secrecy: the server's key decrypts and does not sign
    rsa_exchange: bool = False
    closeup: Closeup | None = None  # where it was asked for, and a connection came about
    sent: tuple[bytes, ...] = ()
    path: tuple[bytes, ...] = ()
    other_path: tuple[bytes, ...] = ()
