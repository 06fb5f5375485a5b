"""The demo on a port of its own, for whoever wants to look at it with a browser: the tests and the
screenshots."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.ports import free_port

ROOT = Path(__file__).parent.parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


@contextmanager
def running(scheduler: str = "on") -> Iterator[str]:
    """The address of a demo that is ready.

    It is ended by Ctrl-C, as a person would end it; that has to work. With the scheduler off
    nothing is checked before somebody looks.
    """
    listen = f"127.0.0.1:{free_port()}"
    environ = os.environ | {"PADLOCK_LISTEN": listen, "PADLOCK_SCHEDULER": scheduler}
    command = [sys.executable, "-m", "webapp.demo"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or not any("Ctrl-C" in line for line in process.stdout):
            raise RuntimeError(f"the demo ended early, with {process.wait()}")
        try:
            yield f"http://{listen}"
        finally:
            process.send_signal(signal.SIGINT)
            if process.wait(60) != 0:
                raise RuntimeError(f"the demo ended with {process.returncode}")
