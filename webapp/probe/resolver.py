"""Whether the name servers of this machine answer: each is asked for something that only the
internet can tell.

A host name such as `localhost` tells nothing: the C library answers it from a file. The name
servers of the root zone are not in any file, every name server knows them or has to ask for them,
and looking them up harms no one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.rcode
import dns.resolver

MOST_SERVERS = 3  # as many as the C library asks

ROOT = "."


class LookupOutcome(StrEnum):
    ANSWERED = "answered"
    NO_SUCH_NAME = "no such name"  # NXDOMAIN
    FAILED = "failed"  # it answers, with SERVFAIL, REFUSED or what is no answer
    SILENT = "silent"
    NOT_REACHED = "not reached"  # this machine could not send to it, as without a network


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one name server answered, after how many seconds.

    `detail`: its code where it failed, such as SERVFAIL; the system's words where it could not be
    reached.
    """

    server: str
    outcome: LookupOutcome
    seconds: float
    detail: str = ""


def ask_servers(
    name: str, most: float, config: dns.resolver.Resolver | None = None
) -> Sequence[ServerAnswer]:
    """What each name server in /etc/resolv.conf answers for `name` within `most` seconds; empty
    where there is none. They are asked at once: for the root's name servers where `name` is `ROOT`,
    else for the name's IPv4 addresses."""
    try:
        config = config or dns.resolver.Resolver()
    except dns.exception.DNSException:
        return []
    servers = [str(server) for server in config.nameservers[:MOST_SERVERS]]
    if not servers:
        return []
    with ThreadPoolExecutor(len(servers)) as side:
        return list(side.map(lambda server: _ask(server, config.port, name, most), servers))


def _ask(server: str, port: int, name: str, most: float) -> ServerAnswer:
    one = dns.resolver.Resolver(configure=False)
    one.nameservers = [server]
    one.port = port
    started = time.monotonic()
    outcome = LookupOutcome.ANSWERED
    detail = ""
    try:
        kind = "NS" if name == ROOT else "A"
        one.resolve(
            f"{name.rstrip('.')}.", kind, lifetime=most, search=False, raise_on_no_answer=False
        )
    except dns.resolver.NXDOMAIN:
        outcome = LookupOutcome.NO_SUCH_NAME
    except dns.exception.Timeout:
        outcome = LookupOutcome.SILENT
    except dns.resolver.NoNameservers as error:
        *_, cause, response = error.kwargs["errors"][-1]
        if isinstance(cause, OSError):
            outcome = LookupOutcome.NOT_REACHED
            detail = cause.strerror or type(cause).__name__
        else:
            outcome = LookupOutcome.FAILED
            detail = dns.rcode.to_text(response.rcode()) if response is not None else ""
    except dns.exception.DNSException as error:
        outcome = LookupOutcome.FAILED
        detail = type(error).__name__
    return ServerAnswer(server, outcome, time.monotonic() - started, detail)
