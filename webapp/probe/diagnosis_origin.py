"""Where a name leads, as seen from the server that it is meant for."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.probe import assessment, engine, trust_store
from webapp.probe.address import Endpoint, LookupFailed, overridden, vetted
from webapp.probe.deadline import Deadline
from webapp.probe.diagnosis_address import AddressSeen
from webapp.probe.effort import Effort, TooMuchWork, bounded
from webapp.probe.engine import Settings
from webapp.probe.finding import Asked
from webapp.probe.steps import DnsAnswer, Origin, OriginAsked
from webapp.probe.waiting import drive

# In whose names an alias ends that leads to a network between the visitors and the server.
_EDGE_NAMES = (
    *(
        "cloudflare.net",
        "cloudfront.net",
        "fastly.net",
        "akamaiedge.net",
        "akamai.net",
        "edgekey.net",
        "edgesuite.net",
    ),
    *(
        "azureedge.net",
        "azurefd.net",
        "b-cdn.net",
        "kxcdn.com",
        "incapdns.net",
        "sucuri.net",
        "stackpathdns.com",
    ),
)


def origin_of(
    wanted: Asked,
    server: str,
    settings: Settings,
    asked: Sequence[AddressSeen],
    dns: DnsAnswer,
    edge: str,
    effort: Effort,
) -> OriginAsked:
    """Where the name leads, seen from its server, which is asked for the same name where that is
    allowed."""
    where = overridden(server, settings.connect_to, wanted.port) or [Endpoint(server, wanted.port)]
    known = {one.endpoint: one.finding for one in asked}
    edge = edge or next(
        (name for alias in dns.aliases or () for name in _EDGE_NAMES if alias.endswith(f".{name}")),
        "",
    )
    if where[0] in known:
        return OriginAsked(server, Origin.HERE, known[where[0]])
    deadline = Deadline(settings.timeout)
    finding = None
    try:
        trust = trust_store.trust(settings.ca_bundle)
        there = vetted(where, settings.policy)
        contact = drive(
            bounded(engine.confirmed(wanted.hostname, there.endpoints, trust, deadline), effort)
        )
        with effort.working():
            finding = assessment.judged(wanted, contact, deadline)
    except (LookupFailed, TooMuchWork) as error:
        finding = assessment.failed(wanted, error, deadline)
    if not any(one.closeup for one in asked):
        return OriginAsked(server, Origin.NOWHERE, finding)
    # A proxy in front of our server may show the very certificate that our server has.
    prints = {one.step.fingerprint for one in asked} - {""}
    shared = finding.certificate is not None and finding.certificate.fingerprint in prints
    return OriginAsked(server, Origin.CDN if edge or shared else Origin.ELSEWHERE, finding, edge)
