"""`python -m webapp.demo`: the site, a lab of real TLS servers for it to look at, and a cast to
sign in as.

Everything listens on loopback and nothing is asked beyond it. Ctrl-C ends all of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from ipaddress import ip_address
from pathlib import Path
from types import FrameType

from flask_migrate import upgrade

from webapp import create_app
from webapp.config.network import is_taken
from webapp.config.setting import BadSetting
from webapp.config.table import LISTEN
from webapp.demo import data
from webapp.demo.lab import Lab, running

ROOT = Path(__file__).parent.parent.parent
ANYWHERE = "DEMO_LISTENS_ANYWHERE"
QUIET = {"PADLOCK_LOG_FORMAT": "plain", "PADLOCK_LOG_LEVEL": "warning"}


def main() -> None:
    try:
        listen = LISTEN.read(os.environ)
    except BadSetting as error:
        sys.exit(f"padlock: {error}")
    if not _stays_here(listen) and os.environ.get(ANYWHERE) != "yes":
        sys.exit(
            f"padlock: {LISTEN.name}={listen} would let others in, and the passwords of the demo"
            f" are public. Use 127.0.0.1, or confirm it with {ANYWHERE}=yes"
        )
    if is_taken(listen):
        sys.exit(
            f"padlock: {listen} is already in use. Stop the other program, or run:"
            f" {LISTEN.name}=127.0.0.1:8001 make demo"
        )
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    with (
        tempfile.TemporaryDirectory(prefix="padlock-demo-") as folder,
        running(Path(folder)) as lab,
    ):
        environ = _environ(lab, Path(folder) / "demo.sqlite3")
        _fill(environ, lab)
        command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
        # A group of its own: Ctrl-C reaches this process, and this process ends the site.
        # Our own words
        site = subprocess.Popen(command, env=environ, cwd=ROOT, process_group=0)  # noqa: S603
        try:
            while not is_taken(listen) and site.poll() is None:
                time.sleep(0.1)
            if site.poll() is None:
                print(_welcome(listen), flush=True)
            sys.exit(site.wait())
        except KeyboardInterrupt:
            print("\nStopping the site and the lab ...", flush=True)
        finally:
            site.terminate()
            site.wait()


def _stays_here(listen: str) -> bool:
    """Whether only this machine reaches what listens there."""
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _environ(lab: Lab, database: Path) -> dict[str, str]:
    """What the site is told.

    The demo is the same for everybody: settings of this machine's owner do not count.
    """
    own = (LISTEN.name, "PADLOCK_SCHEDULER")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PADLOCK_") or name in own
    }
    return (
        kept
        | lab.environ()
        | {"PADLOCK_DATABASE_URL": f"sqlite:///{database}", "PADLOCK_PROBE_TIMEOUT": "5", **QUIET}
    )


def _fill(environ: dict[str, str], lab: Lab) -> None:
    """A new database with the cast in it."""
    os.environ.clear()
    os.environ.update(environ)
    with create_app().app_context():
        upgrade()
        data.fill(lab.cases)


def _welcome(listen: str) -> str:
    alice, bob, sam, ada = data.CAST
    return f"""
  Padlock is at  http://{listen}

  Sign in as     {alice}   a client, with every kind of padlock
                 {bob}     another client
                 {sam}     staff: sees everything, writes notes
                 {ada}     the administrator
  Password       {data.PASSWORD}

  Ctrl-C stops it.
"""


if __name__ == "__main__":
    main()
