"""The aliases (CNAME) over which a name leads to its addresses: for people to read.

Nothing is connected to by them.

The system's resolver tells the addresses alone. This asks the same name servers, those of
/etc/resolv.conf, once more, with a deadline of its own; what the system knows from elsewhere (its
hosts file, say) it cannot see.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import dns.exception
import dns.resolver

from webapp.probe.clean_text import clean

log = logging.getLogger(__name__)

MOST_ALIASES = 16

Aliases = Callable[[str, float], Sequence[str] | None]


def system_aliases(hostname: str, seconds: float) -> tuple[str, ...] | None:
    """The aliases from `hostname` to the name that has the addresses, in order; empty where it has
    them itself. None where the name servers did not tell within `seconds`."""
    try:
        resolver = dns.resolver.Resolver()
        answer = resolver.resolve(
            f"{hostname}.", "A", lifetime=seconds, search=False, raise_on_no_answer=False
        )
    except (dns.exception.DNSException, OSError) as error:
        log.info("the aliases of %s are not known: %s", hostname, error)
        return None
    found = [
        rrset[0].target.to_text(omit_final_dot=True) for rrset in answer.chaining_result.cnames
    ]
    return tuple(clean(name, 253) for name in found[:MOST_ALIASES])
