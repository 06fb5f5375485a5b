"""Nothing in these tests leaves this machine: a look-up or a connection beyond loopback fails, and
so does its test."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest


class Guard:
    """Stands in for the calls of `socket.socket` that reach out; `attempts` says who tried to get
    past loopback."""

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        for call in ("connect", "connect_ex", "sendto"):
            self._stand_before(patch, socket.socket, call)
        real = socket.getaddrinfo

        def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            if host is None or _here(host):
                return real(host, *args, **kwargs)
            self.attempts.append(f"getaddrinfo {host!r}")
            raise socket.gaierror(socket.EAI_AGAIN, "the guard of the tests lets no look-up out")

        patch.setattr(socket, "getaddrinfo", getaddrinfo)

    def _stand_before(self, patch: pytest.MonkeyPatch, owner: type, call: str) -> None:
        real = getattr(owner, call)

        def guarded(sock: socket.socket, *args: Any) -> Any:
            to = args[-1]
            if sock.family == socket.AF_UNIX or _here(to[0]):
                return real(sock, *args)
            self.attempts.append(f"{call} {to!r}")
            if call == "connect_ex":
                return errno.ENETUNREACH
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

        patch.setattr(owner, call, guarded)


def _here(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


@pytest.fixture(autouse=True)
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guard]:
    """On for every test. A test that means to be stopped reads `guard.attempts` and clears it."""
    guard = Guard()
    guard.watch(monkeypatch)
    yield guard
    assert guard.attempts == [], "a test tried to leave this machine"
