"""The words the engine speaks in: states, reasons, certificates and findings.

No behaviour beyond reading them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from webapp.probe.hostname import Refusal
from webapp.probe.protocols import HTTPS_PORT, authority


class State(StrEnum):
    """What a padlock can say.

    `INACTIVE` is never found by the engine: an inactive item is not asked at all.
    """

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    INACTIVE = "inactive"


class Reason(StrEnum):
    """Why: a closed list, see `STATE_OF` for the state each one means."""

    OK = "ok"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CHAIN_EXPIRED = "chain_expired"
    SELF_SIGNED = "self_signed"
    UNTRUSTED_ISSUER = "untrusted_issuer"
    INCOMPLETE_CHAIN = "incomplete_chain"
    WRONG_HOSTNAME = "wrong_hostname"
    WRONG_PURPOSE = "wrong_purpose"
    WEAK_CRYPTO = "weak_crypto"
    REVOKED = "revoked"
    CHAIN_INVALID = "chain_invalid"
    NO_TLS = "no_tls"
    HANDSHAKE_FAILED = "handshake_failed"
    REFUSED = "refused"
    DNS_NOT_FOUND = "dns_not_found"
    DNS_FAILED = "dns_failed"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    NOT_CHECKABLE = "not_checkable"
    MONITOR_ERROR = "monitor_error"

    @property
    def state(self) -> State:
        return STATE_OF[self]


_UNKNOWN = (
    Reason.DNS_NOT_FOUND,
    Reason.DNS_FAILED,
    Reason.TIMEOUT,
    Reason.UNREACHABLE,
    Reason.BLOCKED,
    Reason.NOT_CHECKABLE,
    Reason.MONITOR_ERROR,
)

STATE_OF: Mapping[Reason, State] = MappingProxyType(
    dict.fromkeys(Reason, State.INVALID)
    | dict.fromkeys(_UNKNOWN, State.UNKNOWN)
    | {Reason.OK: State.VALID}
)


# What keeps visitors out comes first, then what could not be told, then what is fine.
BY_SEVERITY = (
    Reason.REVOKED,
    Reason.EXPIRED,
    Reason.CHAIN_EXPIRED,
    Reason.WRONG_HOSTNAME,
    Reason.SELF_SIGNED,
    Reason.UNTRUSTED_ISSUER,
    Reason.INCOMPLETE_CHAIN,
    Reason.CHAIN_INVALID,
    Reason.WRONG_PURPOSE,
    Reason.WEAK_CRYPTO,
    Reason.NOT_YET_VALID,
    Reason.HANDSHAKE_FAILED,
    Reason.NO_TLS,
    Reason.REFUSED,
    Reason.UNREACHABLE,
    Reason.TIMEOUT,
    Reason.DNS_NOT_FOUND,
    Reason.DNS_FAILED,
    Reason.NOT_CHECKABLE,
    Reason.BLOCKED,
    Reason.MONITOR_ERROR,
    Reason.OK,
)


class Note(StrEnum):
    """A fact beside the verdict that never changes it."""

    CLIENT_CERTIFICATE_WANTED = "client_certificate_wanted"
    ENDED_BY_US = "ended_by_us"  # our OpenSSL ended the handshake, not the server
    # RFC 5746 is missing: browsers get in, curl does not
    NO_SECURE_RENEGOTIATION = "no_secure_renegotiation"
    OTHER_PATH_WORKS = (
        # OpenSSL went into a dead end; the certificates sent hold a path that verifies
        "other_path_works"
    )
    ONLY_LEAF_SENT = "only_leaf_sent"  # and its issuer is missing
    # Others were sent with the leaf, none of which is its issuer
    ISSUER_NOT_SENT = "issuer_not_sent"
    # The leaf's issuer was sent, one further up is missing
    UPPER_ISSUER_NOT_SENT = "upper_issuer_not_sent"
    # A certificate has the missing issuer's name, and another key
    ISSUER_OTHER_KEY = "issuer_other_key"
    # it has the key, too, and the certificate it issued names another one by its identifiers (RFC
    # 5280, 4.2.1.1)
    ISSUER_OTHER_IDENTIFIER = "issuer_other_identifier"
    # It has the key, too, and may not issue certificates all the same
    ISSUER_UNFIT = "issuer_unfit"
    # The certificate demands a good OCSP staple (RFC 7633), and none came
    MUST_STAPLE = "must_staple"
    STAPLE_OUTDATED = "staple_outdated"
    STAPLE_EARLY = "staple_early"
    STAPLE_UNKNOWN = "staple_unknown"
    STAPLE_OTHER_CERTIFICATE = "staple_other_certificate"
    STAPLE_UNVERIFIED = "staple_unverified"
    STAPLE_UNREADABLE = "staple_unreadable"
    # curl gets in and Chromium does not: of valid certificates only, see `browsers`.
    BROWSERS_REFUSE_KEY = "browsers_refuse_key"
    BROWSERS_REFUSE_KEY_USAGE = "browsers_refuse_key_usage"
    BROWSERS_REFUSE_PURPOSE = "browsers_refuse_purpose"
    BROWSERS_REFUSE_SIGNATURE = "browsers_refuse_signature"
    BROWSERS_REFUSE_TEXT = "browsers_refuse_text"
    BROWSERS_REFUSE_FORM = "browsers_refuse_form"


class NotAsked(StrEnum):
    """Why an address must not be asked."""

    NOT_PUBLIC = "not_public"
    CARRIES_IPV4 = "carries_ipv4"  # an IPv6 address that may lead to a private IPv4 address
    DENIED = "denied"  # by PADLOCK_DENIED_NETWORKS


@dataclass(frozen=True, slots=True)
class Stray:
    """An address of a host name that must not be asked. For staff only: clients never see it."""

    address: str
    why: NotAsked

    @property
    def record(self) -> str:
        return f"{'AAAA' if ':' in self.address else 'A'} {self.address}"


BROWSERS_REFUSE = frozenset(note for note in Note if note.startswith("browsers_refuse"))


class Field(StrEnum):
    """What is read of a certificate, each by itself."""

    SUBJECT = "subject"
    ISSUER = "issuer"
    NAMES = "names"
    SERIAL = "serial"
    NOT_BEFORE = "not_before"
    NOT_AFTER = "not_after"
    KEY = "key"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A leaf as it was served.

    Its texts are hostile input: cleaned and bounded here, escaped where they are shown.

    What could not be read is empty or None, and is in `unreadable`: of the names, it may be some of
    them.
    """

    fingerprint: str  # SHA-256 over the DER, 64 lower-case hex digits
    subject: str = ""  # its CN, or the first of its names
    issuer: str = ""  # "R11, Let's Encrypt": the issuer's CN and O, whichever it has
    # The DNS names of the SAN, at most `certificate.MOST_NAMES` of them
    names: tuple[str, ...] = ()
    names_total: int = 0  # how many there are
    serial: str = ""  # lower-case hex
    not_before: datetime | None = None  # UTC, aware
    not_after: datetime | None = None  # UTC, aware
    key: str = ""  # "RSA 2048", "EC secp256r1", "Ed25519"; its OID where it has no name
    signature: str = ""  # the digest its issuer signed with: "sha256"
    unreadable: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate of a chain: who it was issued for, in the words in which its issuer is named,
    and what else matters of it in there."""

    certificate: Certificate
    subject: str
    self_issued: bool  # its issuer is itself, by name
    # Where it says that its issuer's certificate can be had (AIA); never asked
    issuers_at: tuple[str, ...] = ()
    # SHA-256 over the public key with its kind, hex; empty where it cannot be read
    key_id: str = ""


class StapleStatus(StrEnum):
    """What a stapled OCSP answer comes to: the first three are its own word, the others say why
    that does not count."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # the responder does not know the certificate
    OUTDATED = "outdated"
    EARLY = "early"  # it is dated in the future
    OTHER_CERTIFICATE = "other_certificate"  # it is about another one
    UNVERIFIED = "unverified"  # signed by one that may not, or the issuer is not trusted
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Staple:
    """The OCSP answer that a server stapled to its handshake.

    The dates are UTC, aware, and None where it could not be verified or has none;
    `revocation_reason` is RFC 5280's word for it, "keyCompromise".
    """

    status: StapleStatus
    this_update: datetime | None = None
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    revocation_reason: str = ""


class Signing(StrEnum):
    """The kinds of keys that browsers and servers choose from, where a server has a certificate for
    each."""

    RSA = "RSA"
    ECDSA = "ECDSA"


class Ending(StrEnum):
    """How a contact with a server ended, before anybody judges it."""

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


@dataclass(frozen=True, slots=True)
class Problem:
    """One verify error of OpenSSL's (X509_V_ERR_*) at one depth of the chain; depth 0 is the leaf.

    `stapled`: the server's own OCSP staple says it, which OpenSSL and curl do not look at by
    themselves.
    """

    code: int
    depth: int
    text: str
    reason: Reason
    stapled: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the text as it was given, and the A-label and port that it was understood as.
    `hostname` is empty where it is no host name, or not yet known to be one."""

    text: str
    hostname: str = ""
    port: int = HTTPS_PORT


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of one host name at one port found.

    `input` is the text as it was given, `hostname` the A-label it was understood as (None: it was
    not a host name) and `port` the port. `refusal` says why the input cannot be checked,
    `allowed_ports` which ports can, where it is for the port. `problems` holds every verify
    error, the one to mend first leading: `reason` names that one, unless the handshake was not
    finished. `detail` is for staff: OpenSSL's or the system's own text, cleaned. `address` is the
    address that answered, or one that was tried; None where none was. `address_port` is the port
    there, another than `port` where a setting leads the name elsewhere.
    """

    input: str
    hostname: str | None
    reason: Reason
    checked_at: datetime  # UTC, aware: when the check ended
    elapsed_seconds: float
    address: str | None = None
    address_port: int = HTTPS_PORT
    tls_version: str | None = None  # "TLSv1.3"
    certificate: Certificate | None = None
    problems: tuple[Problem, ...] = ()
    notes: frozenset[Note] = frozenset()
    staple: Staple | None = None  # None: the server stapled none
    refusal: Refusal | None = None
    allowed_ports: tuple[int, ...] = ()
    detail: str = ""
    # Its addresses that must not be asked; with `blocked`, all there are
    stray: tuple[Stray, ...] = ()
    # The number that curl ends with there, as far as no HTTP is asked; None: not sent at all
    curl: int | None = None
    port: int = HTTPS_PORT

    @property
    def authority(self) -> str | None:
        """The host name, with its port where that is another than 443; None where there is no host
        name."""
        return None if self.hostname is None else authority(self.hostname, self.port)

    @property
    def state(self) -> State:
        return self.reason.state

    @property
    def browsers_refuse(self) -> bool:
        """Whether browsers may refuse it although it is valid."""
        return self.reason is Reason.OK and bool(self.notes & BROWSERS_REFUSE)
