"""How many files and connections a process may have open."""

from __future__ import annotations

import resource

ENOUGH = 4096  # checks for pages and for the refresh at once, two connections each where IPv6 and IPv4 are tried


def allow_enough() -> None:
    """Raise the limit of this process to what it may need, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
