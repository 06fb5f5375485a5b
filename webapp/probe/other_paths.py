"""Paths over the certificates sent that OpenSSL does not follow by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from webapp.probe.certificate import read_link
from webapp.probe.chain import MOST_SERVED, is_weak
from webapp.probe.contact import Contact
from webapp.probe.finding import Link
from webapp.probe.judge import HOSTNAME_MISMATCH, NO_NEWS, REVOKED

_DATES = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED

# Bounds of the search for another path: what a hostile server sends must not keep the monitor busy.
MOST_TRIES = 40
MOST_LINKS = 9  # of one path, the root not counted
MOST_CPU_SECONDS = 0.1
PathOver = Callable[..., tuple[bytes, ...]]  # `trust_store.path_over` with its roots


def may_have_other_path(contact: Contact) -> bool:
    """Whether it is worth looking for one: something is wrong with the path, and there are at least
    two ways to go."""
    of_the_path = [
        code
        for code, depth, _ in contact.errors
        if code not in NO_NEWS and code != HOSTNAME_MISMATCH and not (depth == 0 and code in _DATES)
    ]
    return (
        contact.chain_seen
        and len(set(contact.sent)) > 2
        and bool(of_the_path)
        and REVOKED not in of_the_path
    )


def other_path(sent: Sequence[bytes], path_over: PathOver) -> tuple[bytes, ...]:
    """A path to a trusted root over some of the certificates sent, as a browser finds it; empty
    where there is none.

    OpenSSL takes the first issuer whose name and dates fit and never turns back. Here each way is
    tried by itself, within the bounds above.
    """
    until = time.thread_time() + MOST_CPU_SECONDS
    links = [(der, read_link(der)) for der in dict.fromkeys(sent)]
    for way in islice(_ways(links[:1], links[1:]), MOST_TRIES):
        found = path_over([der for der, _ in way])
        # OpenSSL's level of security is a part of the handshake, and not of this.
        if found and not any(is_weak(read_link(der)) for der in found):
            return found
        if time.thread_time() > until:
            break
    return ()


def _ways(
    way: list[tuple[bytes, Link]], others: Sequence[tuple[bytes, Link]]
) -> Iterator[list[tuple[bytes, Link]]]:
    """Every way up from the last certificate of this one, by name, to where it goes no further."""
    last = way[-1][1]
    above = []
    if len(way) < MOST_LINKS and not (last.self_issued and len(way) > 1):
        been = {link.subject.casefold() for _, link in way[1:]}
        name = last.certificate.issuer.casefold()
        above = [one for one in others if one[1].subject.casefold() == name and name not in been]
    for one in above:
        yield from _ways([*way, one], others)
    if not above:
        yield way


def other_ways(
    sent: Sequence[bytes], path: Sequence[bytes], path_over: PathOver
) -> tuple[bytes, ...]:
    """The certificates sent that stand beside the path with the same name and key as one on it, and
    that work in its place, with those that they lead over: cross-signs for clients with an older
    list of roots."""
    places = {
        (link.subject, link.key_id): number
        for number, link in enumerate(map(read_link, path))
        if number
    }
    beside = [der for der in dict.fromkeys(sent[1:MOST_SERVED]) if der not in path]
    found: list[bytes] = []
    until = time.thread_time() + MOST_CPU_SECONDS
    for der in beside:
        link = read_link(der)
        place = places.get((link.subject, link.key_id))
        if place is None or link.self_issued or time.thread_time() > until:
            continue
        others = [one for one in beside if one != der]
        # OpenSSL goes from below to a trusted root where it has one of that name: what leads up is
        # verified by itself.
        if path_over([*path[:place], der, *others]):
            found += path_over([der, *others], for_server=False)
    return tuple(found)
