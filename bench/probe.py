"""How fast the engine is, in one run beside what people use today: `curl --parallel`, plain
`requests` in threads, Debian's blackbox_exporter where it and wrk are installed, and `openssl
s_time` as the limit.

All of them ask the same TLS servers on loopback with certifi's roots loaded, in turn, round after
round; the figures are medians. Prints the ratios and writes them to bench/results/probe.json.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from scripts.ports import free_port  # noqa: E402 - a script finds the project beside itself
from webapp.demo import pki  # noqa: E402

ROUNDS = 5
CONCURRENCY = 64
HOST = "localhost"
SERVERS = 8  # processes, each with one connection at a time

ENGINE = """
import sys
from ipaddress import ip_network
from pathlib import Path
from webapp.probe import ConnectTo, Settings, State, check_many
port = int(sys.argv[1])
bundle = Path(sys.argv[2])
count = int(sys.argv[3])
concurrency = int(sys.argv[4])
settings = Settings(ca_bundle=bundle, allowed_networks=(ip_network("127.0.0.0/8"),),
                    connect_to=(ConnectTo("*", "127.0.0.1", port),))
hosts = ("bench.example" for _ in range(count))
assert all(finding.state is State.VALID for finding in check_many(hosts, settings, concurrency))
"""

REQUESTS = """
import sys, requests
from concurrent.futures import ThreadPoolExecutor
port, bundle, count, concurrency = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def ask(_):
    return requests.get(f"https://localhost:{port}/", verify=bundle, timeout=10).status_code
with ThreadPoolExecutor(concurrency) as pool:
    assert set(pool.map(ask, range(count))) == {200}
"""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, Path]]:
    """TLS servers on one port, and the bundle that trusts them: certifi's roots and one of ours."""
    root = pki.issue_ca("Padlock Bench Root")
    leaf = pki.issue([HOST, "bench.example"], issuer=root)
    bundle = folder / "bundle.pem"
    chain = folder / "chain.pem"
    bundle.write_text(Path(certifi.where()).read_text() + root.pem)
    chain.write_text(leaf.key_pem + leaf.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        children = [
            child for _ in range(SERVERS) if (child := _fork(lambda: _serve(listener, context)))
        ]
        try:
            yield listener.getsockname()[1], bundle
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    def answer(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                if tls.recv(4096):
                    tls.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    )
        except OSError:
            connection.close()  # the client left, as a probe does

    while True:
        answer(listener.accept()[0])


def _timed(count: int, *command: str, copies: int = 1) -> dict[str, float]:
    """Rate and CPU of a command, or of `copies` of it side by side, that make `count` connections
    in all, their own start included."""
    before = os.times()
    started = time.perf_counter()
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT) for _ in range(copies)
    ]
    if any(process.wait() for process in running):
        raise SystemExit(f"{command[0]} failed")
    seconds = time.perf_counter() - started
    after = os.times()
    user = after.children_user - before.children_user
    system = after.children_system - before.children_system
    return {
        "per_second": count / seconds,
        "user_ms": 1000 * user / count,
        "system_ms": 1000 * system / count,
    }


def engine(port: int, bundle: Path) -> dict[str, float]:
    return _timed(
        10_000, sys.executable, "-c", ENGINE, str(port), str(bundle), "10000", str(CONCURRENCY)
    )


def two_engines(port: int, bundle: Path) -> dict[str, float]:
    """Two processes, as two workers are: one works on one core."""
    command = [sys.executable, "-c", ENGINE, str(port), str(bundle), "5000", str(CONCURRENCY // 2)]
    return _timed(10_000, *command, copies=2)


def plain_requests(port: int, bundle: Path) -> dict[str, float]:
    return _timed(
        150, sys.executable, "-c", REQUESTS, str(port), str(bundle), "150", str(CONCURRENCY)
    )


def curl(port: int, bundle: Path) -> dict[str, float]:
    # One name each, as in a fleet: curl would ask one name many times over a single connection.
    urls = [f"https://{HOST}:{port}/?{n}" for n in range(150)]
    options = ["--no-keepalive", "--http1.1", "-s", "-o", os.devnull]
    command = [
        "curl",
        "--no-progress-meter",
        "--parallel",
        "--parallel-immediate",
        "--parallel-max",
        str(CONCURRENCY),
        "--cacert",
        str(bundle),
    ]
    return _timed(
        150, *command, *options, *[part for url in urls for part in (url, "-o", os.devnull)]
    )


BLACKBOX = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")


def blackbox_exporter(port: int, bundle: Path) -> dict[str, float]:
    """Asked over HTTP for one TLS connection after the other, as many at once as the others."""
    settings = bundle.with_name("blackbox.yml")
    tls = f"tls: true, tls_config: {{ca_file: {bundle}}}, preferred_ip_protocol: ip4"
    settings.write_text(f"modules: {{tls: {{prober: tcp, tcp: {{{tls}}}}}}}\n")
    listen = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={settings}", f"--web.listen-address={listen}", "--log.level=error"]
    before = os.times()
    seconds = 4
    exporter = subprocess.Popen([str(BLACKBOX), *options], stderr=subprocess.DEVNULL)
    url = f"http://{listen}/probe?module=tls&target=localhost:{port}"
    try:
        told = ["curl", "-sS", "--retry", "50", "--retry-connrefused", "--retry-delay", "1", url]
        if (
            "probe_success 1"
            not in subprocess.run(told, check=True, capture_output=True, text=True).stdout
        ):
            raise SystemExit("blackbox_exporter does not find the servers well")
        load = ["wrk", "-t1", f"-c{CONCURRENCY}", f"-d{seconds}s", url]
        printed = subprocess.run(load, check=True, capture_output=True, text=True).stdout
    finally:
        exporter.terminate()
        exporter.wait()
    count = int(re.findall(r"(\d+) requests in", printed)[0])
    after = os.times()
    user = after.children_user - before.children_user
    system = after.children_system - before.children_system
    return {
        "per_second": count / seconds,
        "user_ms": 1000 * user / count,
        "system_ms": 1000 * system / count,
    }


def s_time(port: int, bundle: Path) -> dict[str, float]:
    command = [
        "openssl",
        "s_time",
        "-connect",
        f"127.0.0.1:{port}",
        "-new",
        "-time",
        "4",
        "-CAfile",
        str(bundle),
    ]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    match = re.search(r"(\d+) connections in ([\d.]+)s;", printed)
    if match is None:
        raise SystemExit(f"openssl s_time printed something else than expected:\n{printed}")
    count = int(match[1])
    user = float(match[2])
    return {"per_second": count / 4, "user_ms": 1000 * user / count, "system_ms": 0.0}


def main() -> None:
    contenders: dict[str, Callable[[int, Path], dict[str, float]]] = {
        "padlock": engine,
        "padlock twice": two_engines,
        "curl --parallel": curl,
        "plain requests": plain_requests,
        "openssl s_time": s_time,
    }
    if BLACKBOX and shutil.which("wrk"):
        contenders["blackbox_exporter"] = blackbox_exporter
    missing = [name for name in ("curl", "openssl") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"This benchmark needs {' and '.join(missing)} beside it.")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (port, bundle):
        for turn in range(ROUNDS):
            for name, contend in contenders.items():
                print(f"round {turn + 1} of {ROUNDS}: {name} ...", file=sys.stderr)
                runs[name].append(contend(port, bundle))
    report(runs)


def report(runs: dict[str, list[dict[str, float]]]) -> None:
    figures = {
        name: {key: statistics.median(run[key] for run in turns) for key in turns[0]}
        for name, turns in runs.items()
    }
    print(f"{'':18}{'per second':>12}{'user ms':>10}{'system ms':>11}")
    for name, row in figures.items():
        print(f"{name:18}{row['per_second']:12.0f}{row['user_ms']:10.2f}{row['system_ms']:11.2f}")
    ours = runs["padlock"]
    limit = runs["openssl s_time"]

    def times(rival: str, own: str = "padlock") -> list[float]:
        return [
            a["per_second"] / b["per_second"] for a, b in zip(runs[own], runs[rival], strict=True)
        ]

    # Round by round, since the machine's speed drifts between rounds.
    ratios = {
        "x curl": (times("curl --parallel"), "at least 20"),
        "x plain requests": (times("plain requests"), "at least 12"),
        "user CPU x s_time": (
            [a["user_ms"] / b["user_ms"] for a, b in zip(ours, limit, strict=True)],
            "at most 1.25",
        ),
        "all CPU x s_time user": (
            [
                (a["user_ms"] + a["system_ms"]) / b["user_ms"]
                for a, b in zip(ours, limit, strict=True)
            ],
            "for the record",
        ),
    }
    if "blackbox_exporter" in runs:
        # It takes what cores there are, one engine takes one.
        ratios["x blackbox_exporter"] = times("blackbox_exporter"), "at least 2.5"
        ratios["twice x blackbox_exporter"] = (
            times("blackbox_exporter", "padlock twice"),
            "for the record",
        )
    for name, (rounds, goal) in ratios.items():
        print(
            f"{name:28}{statistics.median(rounds):6.2f}   ({goal}; {min(rounds):.2f} to"
            f" {max(rounds):.2f})"
        )
    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    content = {
        "figures": figures,
        "ratios": {name: statistics.median(rounds) for name, (rounds, _) in ratios.items()},
    }
    (results / "probe.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
