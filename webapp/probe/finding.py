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
from webapp.probe.notes import BROWSERS_REFUSE, Note
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
