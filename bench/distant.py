"""Servers as they are out there, on loopback: most answer after a while, some are silent, some
refuse.

Each hosts many names and has an address of its own (127.0.1.x), so that the limits per address
count as they do in the world. They are processes of their own: what asks them does not pay for
them, but for the cores that all share. BENCH_SERVERS says how many there are.
"""

from __future__ import annotations

import heapq
import math
import os
import select
import signal
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import NoReturn

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from webapp.demo import pki  # noqa: E402 - a script finds the project beside itself

SERVERS = int(os.environ.get("BENCH_SERVERS", "100"))  # 10 to 250
SILENT = range(SERVERS // 10)
REFUSING = range(SERVERS // 10, SERVERS // 5)
PROCESSES = 2
# seconds until the handshake goes on: a median, log-normal, and at most
TYPICAL = 0.12
SPREAD = 0.7
MEAN = TYPICAL * math.exp(SPREAD**2 / 2)
LONGEST = 3.0


def name(number: int) -> str:
    """The host name with this number: the servers have as many each."""
    return f"name{number}.s{number % SERVERS}.example"


def answers(number: int) -> bool:
    """Whether the server of the name with this number answers."""
    return number % SERVERS not in (*SILENT, *REFUSING)


def shares() -> dict[str, float]:
    """Which part of the names gets which answer."""
    bad = {"silent": len(SILENT) / SERVERS, "refused": len(REFUSING) / SERVERS}
    return {"valid": 1 - sum(bad.values())} | bad


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    """The servers; gives the settings with which the site finds and trusts them."""
    root = pki.issue_ca("Padlock Bench Root")
    leaf = pki.issue([f"*.s{number}.example" for number in range(SERVERS)], issuer=root)
    bundle = folder / "roots.pem"
    chain = folder / "chain.pem"
    bundle.write_text(root.pem)
    chain.write_text(leaf.key_pem + leaf.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with (
        socket.create_server(("", 0), backlog=4096) as listener,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        port = listener.getsockname()[1]
        nobody = closed.getsockname()[1]
        closed.close()
        children = [_fork(listener, context, seed) for seed in range(PROCESSES)]
        places = (f"127.0.1.{n + 1}:{nobody if n in REFUSING else port}" for n in range(SERVERS))
        try:
            yield {
                "PADLOCK_CONNECT_TO": ",".join(
                    f"*.s{n}.example={place}" for n, place in enumerate(places)
                ),
                "PADLOCK_ALLOWED_NETWORKS": "127.0.0.0/8",
                "PADLOCK_CA_BUNDLE": str(bundle),
                "PADLOCK_CONTROL_NAMES": name(SERVERS - 1),
            }
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _fork(listener: socket.socket, context: ssl.SSLContext, seed: int) -> int:
    child = os.fork()
    if child == 0:
        _serve(listener, context, Random(seed))  # noqa: S311 - the same every time
    return child


def _serve(listener: socket.socket, context: ssl.SSLContext, chance: Random) -> NoReturn:
    """Answer for ever, in one plain loop: asyncio takes more CPU than the handshakes themselves."""
    silent = {f"127.0.1.{number + 1}" for number in SILENT}
    listener.setblocking(False)
    waiting: list[tuple[float, int, socket.socket]] = []  # a heap: when each handshake goes on
    talks: dict[int, Iterator[None]] = {}  # by descriptor
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)

    def begin(client: socket.socket, talk: Iterator[None]) -> None:
        descriptor = client.fileno()
        for _ in talk:
            talks[descriptor] = talk
            poll.register(descriptor, select.EPOLLIN)
            return

    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for descriptor, _event in poll.poll(pause):
            if descriptor in talks:
                if next(talks[descriptor], _ENDED) is _ENDED:
                    del talks[descriptor]
                continue
            with suppress(BlockingIOError):  # the other process was quicker
                client, _ = listener.accept()
                if client.getsockname()[0] in silent:
                    begin(client, _silence(client))
                else:
                    delay = min(LONGEST, chance.lognormvariate(math.log(TYPICAL), SPREAD))
                    entry = (time.monotonic() + delay, client.fileno(), client)
                    heapq.heappush(waiting, entry)
        while waiting and waiting[0][0] <= time.monotonic():
            client = heapq.heappop(waiting)[2]
            begin(client, _handshake(client, context))


_ENDED = object()


def _silence(client: socket.socket) -> Iterator[None]:
    """Yields where it waits for the client, who leaves some time."""
    with client, suppress(OSError):
        yield
        while client.recv(65536):
            yield


def _handshake(client: socket.socket, context: ssl.SSLContext) -> Iterator[None]:
    """Yields where it waits for the client."""
    client.setblocking(False)
    with (
        suppress(OSError),  # the client left, as a probe does
        context.wrap_socket(client, server_side=True, do_handshake_on_connect=False) as tls,
    ):
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                yield
        yield
