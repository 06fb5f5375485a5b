"""One name with two servers: a valid certificate at port 443, an expired one at port 8443."""

from functools import cache

from webapp.demo.lab import Lab
from webapp.demo.pki import days, issue

NAME = "two-ports.example"
OTHER = f"{NAME}:8443"


@cache
def two_ports(lab: Lab) -> tuple[tuple[str, str, int], ...]:
    """The entries of PADLOCK_CONNECT_TO that lead there; `lab.environ()` has them from now on."""
    valid = issue(NAME, issuer=lab.intermediate)
    expired = issue(NAME, issuer=lab.intermediate, not_before=days(-90), not_after=days(-1))
    return (
        (NAME, *lab.serve(NAME, valid, lab.intermediate)),
        (OTHER, *lab.serve(OTHER, expired, lab.intermediate)),
    )
