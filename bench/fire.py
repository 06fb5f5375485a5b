"""Whether a list stays quick while 300 padlocks wait for servers that never answer.

Starts the site as `make run` does. Bob's list is loaded all the time by `wrk`, where it is
installed, else by a few connections of our own: first alone, then while 300 of Alice's cells ask
for their padlocks, as htmx would, each asking again when the answer says so. Prints p95 under fire
beside that alone, the longest request, and the memory.
"""

from __future__ import annotations

import asyncio
import html
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import requests
from start import ROOT, first_answer, gunicorn, memory, prepared

from webapp.accounts import sign_ins
from webapp.customers import catalog
from webapp.customers.models import ServiceStatus
from webapp.demo.lab import running
from webapp.extensions import writing

CELLS = 300
LISTED = 50  # services in Bob's list
SECONDS = 20  # of each load
CONNECTIONS = 2
PASSWORD = "a password for a benchmark"
LATER = r'(?s)hx-get="/probe/service/(\d+)".{,80}?later delay:(\d+)ms'  # of a cell, on its page
# times, ms, MB
P95_GOAL = 2.0
LONGEST_GOAL = 1500.0
GROWTH_GOAL = 60.0

WRK = """
done = function(summary, latency, requests)
  io.write(string.format("%d %f %f %f %d\\n", summary.requests, latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency.max / 1000,
    summary.errors.status + summary.errors.timeout))
end
"""


@contextmanager
def site(folder: Path) -> Iterator[tuple[int, str]]:
    """A site in which alice has `CELLS` services on silent servers, and bob a page of services: its
    process and address."""
    with running(folder) as lab:
        host, port = lab.cases["silent.lab.example"].addresses[0]
        settings = lab.environ() | {
            "PADLOCK_CONNECT_TO": f"*={host}:{port}",
            "PADLOCK_SCHEDULER": "off",
        }
        with prepared(folder, settings).app_context(), writing():
            now = datetime.now(UTC)
            for name, count in (("alice", CELLS), ("bob", LISTED)):
                client = catalog.add_client(name, now)
                sign_ins.add_user(f"{name}@example.com", name, PASSWORD, now, client=client)
                for number in range(count):
                    catalog.add_service(
                        client, "Hosting", f"{name}-{number}.example", ServiceStatus.ACTIVE, None
                    )
        with gunicorn() as (server, address):
            first_answer(address)
            yield server.pid, address


def signed_in(site: str, name: str) -> str:
    """The cookie of somebody who has signed in."""
    session = requests.Session()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', session.get(f"{site}/sign-in").text)
    if token is None:
        raise SystemExit("there is no form to sign in with")
    fields = {"csrf_token": token[1], "email": f"{name}@example.com", "password": PASSWORD}
    session.post(f"{site}/sign-in", data=fields).raise_for_status()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)


def load(site: str, cookie: str) -> dict[str, float]:
    """How long bob's list takes, in milliseconds, when it is loaded without a pause."""
    if shutil.which("wrk") is None:
        return asyncio.run(_load(site, cookie))
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK)
        script.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{SECONDS}s",
            "-s",
            script.name,
            "-H",
            f"Cookie: {cookie}",
        ]
        done = subprocess.run(
            [*command, f"{site}/services"], check=True, capture_output=True, text=True
        )
    count, p50, p95, most, errors = map(float, done.stdout.splitlines()[-1].split())
    return {"requests": count, "p50": p50, "p95": p95, "most": most, "errors": errors}


async def _load(site: str, cookie: str) -> dict[str, float]:
    taken: list[float] = []
    until = time.perf_counter() + SECONDS

    async def visitor() -> None:
        while time.perf_counter() < until:
            started = time.perf_counter()
            await _get(site, "/services", cookie)
            taken.append(1000 * (time.perf_counter() - started))

    await asyncio.gather(*(visitor() for _ in range(CONNECTIONS)))
    return {"requests": len(taken), **_figures(taken), "errors": 0.0}


async def _get(site: str, path: str, cookie: str) -> str:
    """A page, over a connection of its own."""
    host, _, port = site.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        f"Cookie: {cookie}",
        "HX-Request: true",
        "Connection: close",
    )
    writer.write("\r\n".join((*lines, "", "")).encode())
    answer = (await reader.read()).decode()
    writer.close()
    if not answer.startswith(("HTTP/1.1 200", "HTTP/1.1 204")):
        raise SystemExit(f"{path} answered {answer[:60]!r}")
    return answer


def _figures(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    places = {"p50": 0.5, "p95": 0.95, "most": 1.0}
    return {
        name: ordered[max(0, math.ceil(place * len(ordered)) - 1)] for name, place in places.items()
    }


async def watch(site: str, cookie: str, stop: Event, taken: list[float]) -> None:
    """All of alice's cells, each until its padlock has settled or it is to stop."""
    later: dict[int, int] = {}
    path = "/services?size=100"
    for _ in range(CELLS // 100):
        page = await _get(site, path, cookie)
        later |= {int(found[1]): int(found[2]) for found in re.finditer(LATER, page)}
        following = re.search('id="page-next" href="([^"]+)"', page)
        path = html.unescape(following[1]) if following else path

    async def cell(number: int) -> None:
        while not stop.is_set():
            started = time.perf_counter()
            answer = await _get(site, f"/probe/service/{number}", cookie)
            taken.append(1000 * (time.perf_counter() - started))
            again = re.search(r"load delay:(\d+)ms", answer)
            if again is None and "HX-Trigger: later" not in answer:
                return
            await asyncio.sleep(int(again[1] if again else later[number]) / 1000)

    await asyncio.gather(*(cell(number) for number in range(1, CELLS + 1)))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (process, address):
        bob = signed_in(address, "bob")
        alice = signed_in(address, "alice")
        for _ in range(20):
            requests.get(
                f"{address}/services", headers={"Cookie": bob}, timeout=10
            ).raise_for_status()
        print("the list alone ...", file=sys.stderr)
        alone = load(address, bob)
        before = memory(process)
        print(f"the list beside {CELLS} silent cells ...", file=sys.stderr)
        stop = Event()
        taken = list[float]()
        cells = Thread(target=lambda: asyncio.run(watch(address, alice, stop, taken)))
        cells.start()
        under_fire = load(address, bob)
        after = memory(process)
        stop.set()
        cells.join()
    report(
        alone,
        under_fire,
        {"requests": len(taken), **_figures(taken), "errors": 0.0},
        after - before,
        after,
    )


def report(
    alone: dict[str, float],
    under_fire: dict[str, float],
    cells: dict[str, float],
    grown: float,
    memory_: float,
) -> None:
    figures = {
        "the list alone": alone,
        f"beside {CELLS} silent cells": under_fire,
        "a cell's request": cells,
    }
    for name, row in figures.items():
        print(f"{name:26}", *(f"{key} {value:9,.1f}  " for key, value in row.items()))
    longest = max(under_fire["most"], cells["most"])
    ratios = {"p95": under_fire["p95"] / alone["p95"], "longest_x_goal": longest / LONGEST_GOAL}
    ratios["memory_x_goal"] = grown / GROWTH_GOAL
    print(f"p95 under fire {ratios['p95']:.2f} x alone (at most {P95_GOAL:.0f})")
    print(
        f"the longest request {longest:,.0f} ms = {ratios['longest_x_goal']:.2f} x the goal (at"
        " most 1)"
    )
    print(
        f"{grown:.0f} MB more memory, {memory_:.0f} in all = {ratios['memory_x_goal']:.2f} x the"
        " goal (at most 1)"
    )
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    (folder / "fire.json").write_text(
        json.dumps({"figures": figures, "ratios": ratios}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
