"""Where a host name leads and what its web server answers, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.probe.steps import Failure, Origin
from webapp.words.translation import Table, gettext


@dataclass(frozen=True, slots=True)
class OriginWording:
    """Where a name leads, seen from its server: a label, and a sentence for the customer and for
    staff."""

    label: str
    customer: str
    staff: str


ORIGINS: Mapping[Origin, OriginWording] = Table(
    {
        Origin.HERE: lambda: OriginWording(
            gettext("Points to our server"),
            gettext("The name points to your hosting provider's server, as it should."),
            gettext("The server of this service is among the addresses of the name."),
        ),
        Origin.CDN: lambda: OriginWording(
            gettext("Behind a CDN"),
            gettext(
                "Another company's network (a CDN) is between your visitors and your hosting"
                " provider's server. The certificate that visitors see is set up there."
            ),
            gettext(
                "Visitors reach a CDN or proxy first, and the padlock shows its certificate. Fix"
                " it in the CDN's control panel."
            ),
        ),
        Origin.ELSEWHERE: lambda: OriginWording(
            gettext("Points elsewhere"),
            gettext(
                "The name points to a server that is not your hosting provider's. If that is not"
                " intended, correct it where the domain's DNS is managed."
            ),
            gettext(
                "None of its addresses is the server of this service, and there is no sign of a"
                " CDN. Correct the A and AAAA records, or ask the client whether the site has"
                " moved."
            ),
        ),
        Origin.NOWHERE: lambda: OriginWording(
            gettext("Points nowhere"),
            gettext("No server answers at the addresses of this name."),
            gettext(
                "No address of the name accepts a connection. Point the A and AAAA records at the"
                " server of this service."
            ),
        ),
    }
)

HTTP_FAILURES: Mapping[Failure, str] = Table(
    {
        Failure.EMPTY: lambda: gettext("The connection was closed without an answer."),
        Failure.TLS: lambda: gettext(
            "The secure connection for reading the page was closed before an answer came."
        ),
        Failure.BROKEN: lambda: gettext("No answer that a browser could read."),
        Failure.NOT_HTTP: lambda: gettext("The server answers, but not in HTTP."),
        Failure.BAD_HEADER: lambda: gettext(
            "Its headers contain a NUL byte. Browsers refuse that."
        ),
        Failure.TOO_MANY_INTERIM: lambda: gettext("It sends more than 64 interim answers."),
        Failure.HEADERS_TOO_LARGE: lambda: gettext(
            "Its headers are larger than 256 kB. Browsers refuse that."
        ),
        Failure.TOO_MUCH_WORK: lambda: gettext("Reading its answer takes too much computing time."),
        Failure.TIMEOUT: lambda: gettext("No answer in time."),
        Failure.REFUSED: lambda: gettext("The connection was refused."),
        Failure.OTHER_CERTIFICATE: lambda: gettext(
            "The same address sent a different certificate a moment ago."
        ),
    }
)


def addresses_differ() -> str:
    """What a name's addresses show is not the same."""
    return gettext(
        "The addresses of this name give different results: what visitors see depends on the one"
        " they reach."
    )


def http2_only() -> str:
    """The answer over HTTP/1.1 is missing, and nothing is wrong with that."""
    return gettext("The server speaks HTTP/2, and does not answer in HTTP/1.1. That is fine.")


def diagnosing() -> str:
    """While a diagnosis runs."""
    return gettext("The diagnosis is running. Results appear below, step by step.")


def diagnosis_offer() -> str:
    """Where there is none yet."""
    return gettext(
        "A diagnosis checks every address of the name, its certificate and the website, and says"
        " what to do."
    )


def diagnosis_later() -> str:
    """After a button that could not start one."""
    return gettext(
        "Too many diagnoses are running, or another user is diagnosing this site. Try again in a"
        " minute."
    )


def cut_short() -> str:
    """A diagnosis that would have cost too much."""
    return gettext(
        "We stopped early, because reading what this server sends takes too much computing time."
        " Some steps are missing."
    )
