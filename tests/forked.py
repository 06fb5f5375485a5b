"""`flask` and `gunicorn` as people run them, each in a process of its own: forked from one that has
done the imports, which take longer than most of what is tested."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

import flask.cli
import flask_migrate  # noqa: F401 - what a command imports
import gunicorn.app.wsgiapp

import webapp.cli
import webapp.routes  # noqa: F401

ROOT = Path(__file__).parent.parent
PROGRAMS = {"flask": flask.cli.main, "gunicorn": gunicorn.app.wsgiapp.run}
PATIENCE_SECONDS = 60

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


def run(
    program: str,
    *arguments: object,
    environ: Mapping[str, str],
    stdin: str = "",
    umask: int | None = None,
) -> CompletedProcess[str]:
    """What `program` says and how it ends, with these settings and no others."""
    command = [program, *map(str, arguments)]
    with TemporaryDirectory() as folder:
        stdout, stderr = Path(folder, "1"), Path(folder, "2")
        Path(folder, "0").write_text(stdin)
        process = _forks.Process(target=_become, args=(command, dict(environ), folder, umask))
        process.start()
        process.join(PATIENCE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        return CompletedProcess(command, process.exitcode, stdout.read_text(), stderr.read_text())


def start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """This function of a module, in a process that ends with this one."""
    process = _forks.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def _become(command: list[str], environ: Mapping[str, str], folder: str, umask: int | None) -> None:
    for number in range(3):
        flags = os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY
        opened = os.open(f"{folder}/{number}", flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0)  # multiprocessing has closed the one before
    if umask is not None:
        os.umask(umask)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environ)
    if environ.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    sys.argv = command
    sys.exit(PROGRAMS[command[0]]())
