"""Where a host name leads and what its web server answers, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from webapp.probe.steps import Failure, Origin


@dataclass(frozen=True, slots=True)
class OriginWording:
    """Where a name leads, seen from its server: a label, and a sentence for the customer and for
    staff."""

    label: str
    customer: str
    staff: str


ORIGINS: Mapping[Origin, OriginWording] = MappingProxyType(
    {
        Origin.HERE: OriginWording(
            "Points to our server",
            "The name leads to your hosting provider's server, as it should.",
            "The server of this service is among the addresses of the name.",
        ),
        Origin.CDN: OriginWording(
            "Behind a CDN",
            "A network of another company (a CDN) stands between your visitors and your hosting"
            " provider's server. What visitors see of the certificate is set up there.",
            "Visitors meet a CDN or proxy first: its certificate is what the padlock shows. Fix it"
            " in the CDN's panel.",
        ),
        Origin.ELSEWHERE: OriginWording(
            "Points elsewhere",
            "The name leads to another server than your hosting provider's. If that is not meant,"
            " correct it where the domain's name servers are managed.",
            "None of its addresses is the server of this service, and nothing points to a CDN."
            " Correct the A and AAAA records, or ask the customer whether the site has moved.",
        ),
        Origin.NOWHERE: OriginWording(
            "Points nowhere",
            "No server answers at the addresses of this name.",
            "No address of the name takes a connection. Point the A and AAAA records at the server"
            " of this service.",
        ),
    }
)

HTTP_FAILURES: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.EMPTY: "The connection was ended without an answer.",
        Failure.TLS: "The secure connection for reading the page ended before an answer came.",
        Failure.BROKEN: "No answer that a browser could read.",
        Failure.NOT_HTTP: "The server answers, but not in HTTP.",
        Failure.BAD_HEADER: "Its headers contain a NUL byte. Browsers refuse that.",
        Failure.TOO_MANY_INTERIM: "It sends more than 64 interim answers.",
        Failure.HEADERS_TOO_LARGE: "Its headers are larger than 256 kB. Browsers refuse that.",
        Failure.TOO_MUCH_WORK: "Reading its answer takes too much computing time.",
        Failure.TIMEOUT: "No answer in time.",
        Failure.REFUSED: "The connection is refused.",
        Failure.OTHER_CERTIFICATE: "The same address showed another certificate than a moment"
        " before.",
    }
)
NOT_EVERYWHERE = "not at every address"
ADDRESSES_DIFFER = (
    "The addresses of this name show different things: what a visitor sees depends"
    " on the one they meet."
)
NOT_IN_EVERY_BROWSER = "not in every browser"
HTTP2_ONLY = "The server speaks HTTP/2, and answers nothing in HTTP/1.1. That is all right."

DIAGNOSING = "The diagnosis is running. Results appear below, step by step."
DIAGNOSIS_OFFER = (
    "A diagnosis looks at every address of the name, at its certificate and at the"
    " website, and says what to do."
)
CUT_SHORT = (
    "We stopped early: reading what this server sends takes too much computing time. Some"
    " steps are missing."
)
DIAGNOSIS_LATER = (
    "Too many diagnoses are running, or another user is diagnosing this site. Try"
    " again in a minute."
)
