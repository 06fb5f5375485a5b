"""Ports for programs that are started a moment later."""

from __future__ import annotations

import random
import socket
from contextlib import suppress


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens.

    It lies below those that systems give to whoever asks for any, so that no other program is given
    it meanwhile.
    """
    while True:
        with (
            suppress(OSError),
            socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))) as free,  # noqa: S311
        ):
            port: int = free.getsockname()[1]
            return port
