"""What a process that talks to a foreign service may reach and read, as an audit hook (PEP 578).

It is decided at the system call, so that neither a redirect nor a DNS answer that changes leads to
a private address, whatever library connects.
"""

from __future__ import annotations

import os
import socket
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from webapp.probe.address_policy import Policy

_PROGRAMS = ("subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork")


class Guard:
    """`blocked`: something of this process wanted to reach what it may not."""

    def __init__(self, policy: Policy, *readable: str) -> None:
        self._policy = policy
        folders = (sys.prefix, sys.base_prefix, *readable)
        self._readable = tuple(str(Path(each).resolve()) + "/" for each in folders)
        self.blocked = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            if (where := arguments[-1]) is not None and not self.may_reach(where):
                self.blocked = True
                raise PermissionError(event)
        elif event.startswith(_PROGRAMS) or (event == "open" and not self._may_open(arguments[0])):
            raise PermissionError(event)

    def may_reach(self, where: Any) -> bool:
        """Whether an address as sockets have them may be reached; None of them is a path."""
        try:
            return self._policy.refusal(ip_address(where[0])) is None
        except (TypeError, ValueError):
            return False

    def may_lead_somewhere(self, host: str) -> bool:
        """Whether an address of this name may be reached. A name that DNS does not know now may be
        one later."""
        try:
            found = socket.getaddrinfo(host.strip("[]"), None)
        except (OSError, UnicodeError):
            return True
        return any(self.may_reach(address) for *_, address in found)

    def _may_open(self, path: Any) -> bool:
        return isinstance(path, int) or os.path.realpath(path).startswith(self._readable)


def guard_of(asked: dict[str, Any], *readable: str) -> Guard:
    """The guard of a process with this question: its `allowed` and `denied` networks."""
    networks = (tuple(map(ip_network, asked[name])) for name in ("allowed", "denied"))
    return Guard(Policy(*networks), *readable)
