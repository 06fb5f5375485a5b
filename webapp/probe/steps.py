"""What a diagnosis speaks in: one frozen dataclass for each kind of step.

No behaviour beyond reading them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from webapp.probe.address import Endpoint
from webapp.probe.chain import Chain, Remark
from webapp.probe.finding import Finding, Reason, Signing, State, Stray
from webapp.probe.hostname import Refusal
from webapp.probe.protocols import HTTPS_PORT


class Origin(StrEnum):
    """Where a name leads, seen from the server that it is meant for."""

    HERE = "here"
    CDN = "cdn"  # to a network that stands between the visitors and our server
    ELSEWHERE = "elsewhere"
    NOWHERE = "nowhere"


class Failure(StrEnum):
    """Why there is no HTTP answer."""

    EMPTY = "empty"  # the connection ended without one
    TLS = "tls"  # TLS ended before it, as where a client certificate is wanted
    BROKEN = "broken"  # reset, cut off in its headers, or another protocol asked for
    NOT_HTTP = "not_http"
    BAD_HEADER = "bad_header"  # with a NUL byte, which browsers and curl refuse
    TOO_MANY_INTERIM = "too_many_interim"
    HEADERS_TOO_LARGE = "headers_too_large"
    TOO_MUCH_WORK = "too_much_work"  # reading it takes too much CPU time
    TIMEOUT = "timeout"
    REFUSED = "refused"
    # The same address showed another certificate than a moment before
    OTHER_CERTIFICATE = "other_certificate"


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """The head of an answer, or why there is none. All texts are the server's own, cleaned."""

    url: str
    address: str
    port: int
    seconds: float
    failure: Failure | None = None
    detail: str = ""
    status: int | None = None
    phrase: str = ""
    location: str = ""  # where a redirect leads; no one went there
    hsts: str = ""
    server: str = ""
    edge: str = ""  # the network that put its mark on the answer

    @property
    def to_https(self) -> bool:
        """Whether it sends its visitors on to a secure address."""
        return self.status in (301, 302, 303, 307, 308) and self.location.lower().startswith(
            "https://"
        )


@dataclass(frozen=True, slots=True)
class NameUnderstood:
    """The text as it was given, and the host name and port in it; or why it cannot be checked, and
    which ports could where it is for the port."""

    text: str
    hostname: str | None
    refusal: Refusal | None = None
    allowed_ports: tuple[int, ...] = ()
    port: int = HTTPS_PORT


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """Where the name leads.

    `aliases` is None where no one told; `instead`: a setting says where to ask, and DNS was not
    asked. `reason` says why there is no address, or none that may be asked. `askable` are the
    addresses that may be asked, `stray` up to eight of those that must not be.
    """

    hostname: str
    seconds: float
    addresses: tuple[str, ...] = ()
    askable: tuple[str, ...] = ()
    stray: tuple[Stray, ...] = ()
    aliases: tuple[str, ...] | None = None
    instead: bool = False
    reason: Reason | None = None
    detail: str = ""
    port: int = HTTPS_PORT


@dataclass(frozen=True, slots=True)
class AddressAsked:
    """One address, by itself: what came of it, and how.

    `curl` is the number with which curl ends there.
    """

    endpoint: Endpoint
    finding: Finding
    connected: bool
    curl: int | None
    connect_seconds: float = 0.0
    handshake_seconds: float = 0.0
    cipher: str = ""
    alpn: str = ""

    @property
    def fingerprint(self) -> str:
        return self.finding.certificate.fingerprint if self.finding.certificate else ""


@dataclass(frozen=True, slots=True)
class AddressesCompared:
    """Several addresses beside each other.

    `leading` is the one that visitors meet first; `odd` are those that come to another verdict,
    `other_certificate` those that show another certificate with the same verdict.
    """

    leading: Endpoint
    odd: tuple[AddressAsked, ...]
    other_certificate: tuple[AddressAsked, ...]


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """The chain at the leading address."""

    endpoint: Endpoint
    chain: Chain


@dataclass(frozen=True, slots=True)
class NamesCovered:
    """The names of the leading certificate, the first hundred of `total`; all of them count.

    `sibling` is the name with www. before it, or without it. `all_read`: no name of it is
    unreadable.
    """

    hostname: str
    names: tuple[str, ...]
    covered: bool
    sibling: str
    sibling_covered: bool
    total: int = 0
    all_read: bool = True


@dataclass(frozen=True, slots=True)
class SecondCertificate:
    """Another certificate that the leading address has, shown to clients that take only this kind
    of key."""

    endpoint: Endpoint
    signing: Signing
    finding: Finding


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the web server says: over HTTPS, or in plain HTTP. `speaks_http2`: it chose HTTP/2 in
    the handshake, which is not spoken here."""

    secure: bool
    answer: AnswerHead
    speaks_http2: bool = False


@dataclass(frozen=True, slots=True)
class OriginAsked:
    """Where the name leads, seen from `server`, and what that server shows for the name: None where
    it may not be asked."""

    server: str
    origin: Origin
    finding: Finding | None
    edge: str = ""  # the network in between, as far as it gave itself away


@dataclass(frozen=True, slots=True)
class Verdict:
    """What it comes to.

    `finding` is what the padlock shows, `origin` where the name leads, seen from its server.
    `cut_short`: it took so much CPU time that not everything was looked at.
    """

    finding: Finding
    curl: int | None
    remarks: tuple[Remark, ...] = ()
    odd: tuple[AddressAsked, ...] = ()
    chain: Chain | None = None
    origin: Origin | None = None
    second: SecondCertificate | None = None
    cut_short: bool = False

    @property
    def second_is_bad(self) -> bool:
        """Whether some visitors get a second certificate that is not valid."""
        return self.second is not None and self.second.finding.state is not State.VALID


Step = (
    NameUnderstood
    | DnsAnswer
    | AddressAsked
    | AddressesCompared
    | ChainSeen
    | NamesCovered
    | SecondCertificate
    | HttpAnswer
    | OriginAsked
    | Verdict
)
