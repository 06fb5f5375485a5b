"""Whether a list stays as fast as before while 50 cells wait for servers that never answer.

Starts the site as `make run` does, with two clients in its database. Bob loads his list again and again, first alone,
then while Alice's page asks for 50 padlocks whose servers are silent, as htmx would. Prints the ratio of the two.
"""

from __future__ import annotations

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from flask_migrate import upgrade  # noqa: E402 - a script finds the project beside itself

from webapp import create_app  # noqa: E402
from webapp.customers import accounts, catalog  # noqa: E402
from webapp.customers.models import ServiceStatus  # noqa: E402
from webapp.demo.lab import running  # noqa: E402
from webapp.extensions import writing  # noqa: E402

CELLS = 50
LOADS = 200
PASSWORD = "a password for a benchmark"


@contextmanager
def site() -> Iterator[str]:
    """The address of a site in which alice has `CELLS` services on silent servers, and bob a full page of services."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as lab:
        host, port = lab.cases["silent.lab.example"].addresses[0]
        with socket.create_server(("127.0.0.1", 0)) as free:
            listen = f"127.0.0.1:{free.getsockname()[1]}"
        os.environ.update(lab.environ())
        os.environ["PADLOCK_CONNECT_TO"] = f"*={host}:{port}"
        os.environ["PADLOCK_DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        os.environ["PADLOCK_LISTEN"] = listen
        _fill()
        command = [sys.executable, "-m", "gunicorn", "--log-level", "error", "wsgi:app"]
        server = subprocess.Popen(command, cwd=ROOT)
        try:
            _wait_for(listen)
            yield f"http://{listen}"
        finally:
            server.terminate()
            server.wait()


def _fill() -> None:
    now = datetime.now(UTC)
    with create_app().app_context():
        upgrade()
        with writing():
            for name in ("alice", "bob"):
                client = catalog.add_client(name, now)
                accounts.add_user(f"{name}@example.com", name, PASSWORD, now, client=client)
                for number in range(CELLS):
                    catalog.add_service(client, "Hosting", f"{name}-{number}.example", ServiceStatus.ACTIVE, None)


def _wait_for(listen: str) -> None:
    host, _, port = listen.rpartition(":")
    while True:
        with socket.socket() as sock:
            if sock.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)


def signed_in(site: str, name: str) -> requests.Session:
    session = requests.Session()
    page = session.get(f"{site}/sign-in").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    if token is None:
        raise SystemExit(f"there is no form to sign in with:\n{page}")
    fields = {"csrf_token": token[1], "email": f"{name}@example.com", "password": PASSWORD}
    session.post(f"{site}/sign-in", data=fields).raise_for_status()
    return session


def load_list(site: str, session: requests.Session, loads: int) -> list[float]:
    """Milliseconds of each load of a list."""
    taken = []
    for _ in range(loads):
        started = time.perf_counter()
        session.get(f"{site}/services").raise_for_status()
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def watch_cell(site: str, cookies: dict[str, str], path: str, stop: threading.Event, taken: list[float]) -> None:
    """One cell, asking again when the answer says so, until it has settled."""
    while not stop.is_set():
        started = time.perf_counter()
        answer = requests.get(f"{site}{path}", cookies=cookies, timeout=30)
        taken.append(1000 * (time.perf_counter() - started))
        again = re.search(r"load delay:(\d+)ms", answer.text)
        if again is None:
            return
        stop.wait(int(again[1]) / 1000)


def main() -> None:
    with site() as address:
        bob, alice = signed_in(address, "bob"), signed_in(address, "alice")
        load_list(address, bob, 20)
        alone = load_list(address, bob, LOADS)
        pages = [alice.get(f"{address}/services?page={page}").text for page in (1, 2)]
        cells = re.findall(r'hx-get="(/probe/service/\d+)"', "".join(pages))
        stop, asked = threading.Event(), list[float]()
        arguments = (address, alice.cookies.get_dict())
        threads = [threading.Thread(target=watch_cell, args=(*arguments, cell, stop, asked)) for cell in cells]
        for thread in threads:
            thread.start()
        under_fire = load_list(address, bob, LOADS)
        stop.set()
        for thread in threads:
            thread.join()
    report(len(cells), alone, under_fire, asked)


def report(cells: int, alone: list[float], under_fire: list[float], asked: list[float]) -> None:
    figures = {}
    for name, taken in (("alone", alone), (f"beside {cells} silent cells", under_fire), ("a cell's request", asked)):
        row = {"p50": statistics.median(taken), "p95": statistics.quantiles(taken, n=20)[-1], "most": max(taken)}
        print(f"{name:24}", *(f"{key} {value:7.1f} ms  " for key, value in row.items()))
        figures[name] = row
    ratio = statistics.median(under_fire) / statistics.median(alone)
    print(f"x the list alone, p50   {ratio:6.2f}")
    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    (results / "cells.json").write_text(json.dumps({"figures": figures, "ratio": ratio}, indent=2) + "\n")


if __name__ == "__main__":
    main()
