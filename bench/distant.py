"""Servers as they are out there, on loopback: most answer after a while, some are silent, some
refuse.

Each hosts many names and has an address of its own (127.0.1.x), so that the limits per address
count as they do in the world. They are processes of their own: what asks them does not pay for
them, but for the cores that all share.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from webapp.demo import pki  # noqa: E402 - a script finds the project beside itself

SERVERS = 40
SILENT = range(4)  # a tenth
REFUSING = range(4, 8)  # a tenth
PROCESSES = 2
# seconds until the handshake goes on: a median, log-normal, and at most
TYPICAL = 0.12
SPREAD = 0.7
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
        asyncio.run(_serve(listener, context, Random(seed)))  # noqa: S311 - the same every time
        os._exit(0)
    return child


async def _serve(listener: socket.socket, context: ssl.SSLContext, chance: Random) -> None:
    silent = {f"127.0.1.{number + 1}" for number in SILENT}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # the client left, as a probe does
            if writer.get_extra_info("sockname")[0] in silent:
                await reader.read()
            else:
                # Or what the client says first would be taken for plain text
                writer.transport.pause_reading()
                await asyncio.sleep(min(LONGEST, chance.lognormvariate(math.log(TYPICAL), SPREAD)))
                await writer.start_tls(context)
                await reader.read(1)
        writer.close()

    logging.disable()  # that connections end in the middle is how probes are
    server = await asyncio.start_server(answer, sock=listener)
    await server.serve_forever()
