"""The number of open files and connections a process may have."""

from __future__ import annotations

import resource

# Checks for pages and for the refresh at once, two connections each where IPv6 and IPv4 are tried
ENOUGH = 4096

MOST_VISITORS = 1000  # connections of visitors at once
MOST_OPEN_CHECKS = 1024  # with those that only wait


def allow_enough() -> int:
    """Raise the limit of this process to what it may need, as far as the system lets it; the limit
    as it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
        soft = enough
    return ENOUGH if soft == resource.RLIM_INFINITY else soft


def for_visitors(limit: int) -> int:
    """How many connections of visitors there may be at once, so that enough is left for the work:
    for each request that is served the database takes up to three, and checks take more."""
    return max(4, min(MOST_VISITORS, limit // 8))


def for_open_checks(at_once: int) -> int:
    """How many checks of a refresh there may be, where so many may run at once and the others only
    wait, for a silent server or in the queue at a busy address. Half of the descriptors are left
    for all else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = ENOUGH if soft == resource.RLIM_INFINITY else soft
    return max(at_once, min(4 * at_once, MOST_OPEN_CHECKS, limit // 4))
