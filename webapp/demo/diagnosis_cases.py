"""The lab's cases that are valid, and of which a diagnosis tells more than a check: another origin,
a second certificate, a weak spot."""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from webapp.demo.behaviours import http_answer, https, says
from webapp.demo.loopback import Address, Lab
from webapp.demo.pki import Identity, days, issue, issue_ca
from webapp.demo.servers import only, prefers_rsa, shows, shows_two
from webapp.probe.finding import Reason
from webapp.probe.steps import Origin

# The servers that some names are meant for, and where those names lead, seen from there. The
# addresses are reserved for documentation: only PADLOCK_CONNECT_TO leads anywhere.
ORIGINS = {
    "at-home.lab.example": ("192.0.2.1", Origin.HERE),
    "behind-cdn.lab.example": ("192.0.2.2", Origin.CDN),
    "behind-proxy.lab.example": ("192.0.2.3", Origin.CDN),
    "moved-away.lab.example": ("192.0.2.4", Origin.ELSEWHERE),
    "switched-off.lab.example": ("192.0.2.5", Origin.NOWHERE),
}


def add_to(lab: Lab) -> None:
    """Start every server with more than a check sees."""
    _weak_spots(lab)
    _origins(lab)
    _second_certificates(lab)


def _weak_spots(lab: Lab) -> None:
    strict = "Strict-Transport-Security: max-age=31536000; includeSubDomains"
    kept = partial(https, answer=http_answer("200 OK", strict, body="Hello from the lab.\n"))
    lab.add("well-kept", Reason.OK, "HSTS, and plain HTTP leads to HTTPS", shows(talk=kept))
    onward = http_answer("301 Moved Permanently", "Location: https://well-kept.lab.example/")
    lab.listen("well-kept.lab.example:80", says(onward))
    lab.listen("http-500.lab.example:80", says(http_answer("200 OK")))
    lived = shows(not_after=days(300.5))
    lab.add("long-lived", Reason.OK, "A lifetime beyond what browsers take", lived, days_left=300)
    differs = "visitors reach the first address; a diagnosis checks the second"
    old = shows(not_before=days(-99), not_after=days(-9.5))
    lab.add(
        "two-faced",
        Reason.OK,
        "One address is valid, the other has expired",
        shows(),
        old,
        curl=(0, 60),
        differs=differs,
    )


def _second_certificates(lab: Lab) -> None:
    """Servers with a good certificate and a second one, which they show to whom prefers the other
    kind of key."""
    key = rsa.generate_private_key(65537, 2048)
    ca = lab.intermediate
    old: dict[str, Any] = {"not_before": days(-99), "not_after": days(-9.5)}
    stranger = issue_ca("Nobody's fourth Root")

    def add(label: str, about: str, second: Identity, *chain: Identity, **server: Any) -> None:
        lab.add(
            f"two-{label}",
            Reason.OK,
            f"ECDSA and RSA: {about}",
            shows_two(second, *chain, **server),
        )

    def issued(label: str, *, by: Identity = ca, **leaf: Any) -> Identity:
        return issue(f"two-{label}.lab.example", issuer=by, **leaf)

    add("fine", "both are valid", issued("fine", key=key), ca)
    add("expired", "the RSA one expired", issued("expired", key=key, **old), ca)
    version = only(ssl.TLSVersion.TLSv1_2)
    add(
        "expired-1-2",
        "the same (TLS 1.2)",
        issued("expired-1-2", key=key, **old),
        ca,
        setup=version,
    )
    add(
        "names",
        "the RSA one is for another name",
        issue("other.lab.example", issuer=ca, key=key),
        ca,
    )
    add(
        "issuers",
        "the RSA one is by an unknown issuer",
        issued("issuers", by=stranger, key=key),
        stranger,
    )
    add("chains", "the RSA one comes without its issuer", issued("chains", key=key))
    second = issued("mirrored", **old)
    add("mirrored", "RSA leads, the ECDSA one expired", second, ca, key=key, setup=prefers_rsa)


def _origins(lab: Lab) -> None:
    """Servers that a name is meant for, some of which its address is not."""
    home = lab.add("at-home", Reason.OK, "Its address is its server's", shows())
    edge = partial(https, answer=http_answer("200 OK", "CF-RAY: 4711-LAB"))
    lab.add("behind-cdn", Reason.OK, "A CDN stands in front of its server", shows(talk=edge))
    proxied = issue("behind-proxy.lab.example", issuer=lab.intermediate)

    def same(lab: Lab, place: str) -> Address:
        return lab.serve(place, proxied, lab.intermediate)

    lab.add("behind-proxy", Reason.OK, "A proxy with the certificate of its server", same)
    lab.add("moved-away", Reason.OK, "Its name leads to another provider", shows())
    lab.add("switched-off", Reason.REFUSED, "Its server is switched off", Lab.refuse)
    place = {name: server for name, (server, _) in ORIGINS.items()}
    lab.point(place[home.hostname], home.addresses[0])
    same(lab, place["behind-proxy.lab.example"])
    for meant in ("behind-cdn.lab.example", "moved-away.lab.example", "switched-off.lab.example"):
        shows(names=meant)(lab, place[meant])
