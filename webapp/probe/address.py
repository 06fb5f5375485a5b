"""A host name -> the addresses that may be asked.

The only module that resolves, and the one that vets.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

from webapp.probe.address_policy import PUBLIC_ONLY, Policy
from webapp.probe.clean_text import clean
from webapp.probe.deadline import Deadline
from webapp.probe.finding import NotAsked, Reason, Stray
from webapp.probe.protocols import HTTPS_PORT
from webapp.probe.waiting import Probe, Wait

Lookup = Callable[[str], Sequence[str]]
MOST_TRIED = 8  # addresses of one name that are connected to; every address is vetted
MOST_STRAY = 8  # addresses of one name that must not be asked and are told of
MOST_LOOKUPS = 1024  # lookups under way at once, those counted that no one waits for any more
HOSTS_FILE = Path("/etc/hosts")


class LookupFailed(Exception):
    """No address: `reason` is DNS_NOT_FOUND, DNS_FAILED or BLOCKED, the text is for staff.

    `stray` are the addresses that must not be asked, where there are only such.
    """

    def __init__(self, reason: Reason, text: str = "", stray: tuple[Stray, ...] = ()) -> None:
        super().__init__(text)
        self.reason = reason
        self.stray = stray


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect: an address that has been vetted, and a port."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ConnectTo:
    """Ask there instead of where DNS says, like curl's --connect-to.

    `pattern` is a host name, "*.name" or "*", and an address stands for itself. It means port 443
    unless it says another: "name:8443".
    """

    pattern: str
    address: str
    port: int

    def matches(self, hostname: str, port: int = HTTPS_PORT) -> bool:
        pattern, of_port = _host_and_port(self.pattern)
        if of_port != str(port):
            return False
        if pattern.startswith("*."):
            return hostname.endswith(pattern[1:])
        return pattern in ("*", hostname)


@lru_cache(maxsize=1024)
def _host_and_port(pattern: str) -> tuple[str, str]:
    """The host and the port of a pattern; 443 where it names none. No IPv6 address names one."""
    name, _, port = pattern.partition(":") if pattern.count(":") == 1 else (pattern, "", "")
    return name, port or str(HTTPS_PORT)


def literal(text: str) -> str:
    """The IP address in this text, written as everybody writes it.

    Raises ValueError where there is none, and for one that means something on one machine only
    ("fe80::1%eth0").
    """
    if "%" in text:
        raise ValueError("an address with a zone")
    return str(ip_address(text.strip()))


@dataclass(frozen=True, slots=True)
class Vetted:
    """Where a name may be asked, in the order to try, and its addresses that must not be."""

    endpoints: list[Endpoint]
    stray: tuple[Stray, ...] = ()


def endpoints(
    hostname: str,
    deadline: Deadline,
    *,
    lookup: Lookup,
    port: int = HTTPS_PORT,
    policy: Policy = PUBLIC_ONLY,
    connect_to: Sequence[ConnectTo] = (),
) -> Probe[Vetted]:
    """Where `hostname` may be asked. Asks DNS once, for both families. Raises `LookupFailed`."""
    found = yield from resolve(hostname, deadline, lookup=lookup, port=port, connect_to=connect_to)
    return vetted(found, policy)


def resolve(
    hostname: str,
    deadline: Deadline,
    *,
    lookup: Lookup,
    port: int = HTTPS_PORT,
    connect_to: Sequence[ConnectTo] = (),
) -> Probe[list[Endpoint]]:
    """Where `hostname` leads, whether it may be asked there or not. Raises `LookupFailed`."""
    instead = overridden(hostname, connect_to, port)
    return instead or [
        Endpoint(text, port) for text in (yield from _within(deadline, lookup, hostname))
    ]


def overridden(
    hostname: str, connect_to: Sequence[ConnectTo], port: int = HTTPS_PORT
) -> list[Endpoint]:
    """Where `hostname` is asked instead of where DNS says; empty where it is asked there.

    The first pattern that fits counts, with every further entry of that same pattern.
    """
    pattern = next((entry.pattern for entry in connect_to if entry.matches(hostname, port)), None)
    return [Endpoint(entry.address, entry.port) for entry in connect_to if entry.pattern == pattern]


def vetted(found: Sequence[Endpoint], policy: Policy = PUBLIC_ONLY) -> Vetted:
    """Those of `found` that may be asked, at most `MOST_TRIED`, and the strays beside them.

    The one gate in front of every connection. Raises `LookupFailed` where none may be asked.
    """
    refused = [(one, _refusal(policy, one.address)) for one in found]
    stray = tuple(dict.fromkeys(Stray(clean(one.address, 60), why) for one, why in refused if why))[
        :MOST_STRAY
    ]
    good = [one for one, why in refused if why is None]
    if not good:
        raise LookupFailed(Reason.BLOCKED, stray=stray)
    return Vetted(_interleaved(good)[:MOST_TRIED], stray)


@lru_cache(maxsize=1024)
def _refusal(policy: Policy, address: str) -> NotAsked | None:
    """`Policy.refusal`, remembered: hundreds of names lead to one machine."""
    return policy.refusal(ip_address(address))


def _interleaved(found: list[Endpoint]) -> list[Endpoint]:
    """The two families in turn, in the resolver's order, so that a network without one of them
    costs one try."""
    first = [e for e in found if (":" in e.address) == (":" in found[0].address)]
    other = [e for e in found if (":" in e.address) != (":" in found[0].address)]
    pairs = [e for pair in zip(first, other, strict=False) for e in pair]
    rest = max(first, other, key=len)[min(len(first), len(other)) :]
    return pairs + rest


# --- the system's resolver, which knows no deadline ---


def system_lookup(hostname: str) -> list[str]:
    """The addresses the system knows for a name, as text. Blocks for as long as the system likes.

    The final dot keeps search domains out. glibc does not find a name with that dot in the hosts
    file, so the file is read here first. Raises socket.gaierror.
    """
    known = _hosts_entries(HOSTS_FILE).get(hostname)
    if known:
        return known
    answers = socket.getaddrinfo(f"{hostname}.", None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))


def _hosts_entries(path: Path) -> dict[str, list[str]]:
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return {}
    return _read_hosts(path, changed)


@lru_cache(maxsize=1)
def _read_hosts(path: Path, _changed: int) -> dict[str, list[str]]:
    entries: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in names if _is_address(address) else ():
            entries.setdefault(name.lower(), []).append(address)
    return entries


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


_lookups = threading.BoundedSemaphore(MOST_LOOKUPS)
_NOT_FOUND = {
    socket.EAI_NONAME,
    getattr(socket, "EAI_NODATA", None),
    getattr(socket, "EAI_ADDRFAMILY", None),
}


def _within(deadline: Deadline, lookup: Lookup, hostname: str) -> Probe[list[str]]:
    """What `lookup` answers before the deadline.

    A lookup cannot be cancelled: it keeps its own daemon thread, and no one waits for it.
    """
    if not _lookups.acquire(blocking=False):
        raise LookupFailed(
            Reason.DNS_FAILED, f"{MOST_LOOKUPS} earlier lookups are still unanswered"
        )
    answer: Future[list[str]] = Future()

    def work() -> None:
        try:
            found = list(lookup(hostname))
        # Handed over to the caller, which tells it apart
        except BaseException as error:  # noqa: BLE001
            _lookups.release()
            answer.set_exception(error)
        else:
            _lookups.release()
            answer.set_result(found)

    try:
        threading.Thread(target=work, name=f"lookup {hostname}", daemon=True).start()
    except BaseException:
        _lookups.release()
        raise
    yield Wait(deadline.end, future=answer)
    if not answer.done():
        raise LookupFailed(Reason.DNS_FAILED, "the resolver did not answer in time")
    try:
        found = answer.result()
    except socket.gaierror as error:
        reason = Reason.DNS_NOT_FOUND if error.errno in _NOT_FOUND else Reason.DNS_FAILED
        raise LookupFailed(reason, error.strerror or str(error)) from None
    if not found:
        raise LookupFailed(Reason.DNS_NOT_FOUND, "the name has no address")
    return found
