"""Two syncs of a source with 20,000 clients and 60,000 items: seconds, and the memory of the
process that syncs.

    python -m bench.sources [--clients 20000]

The billing system is WHMCS on loopback, as the tests have it; the database is an SQLite file of its
own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory


def serve(clients: int, told: multiprocessing.Queue[str]) -> None:
    """A WHMCS with a service and two domains a client, until it is killed."""
    from tests.sources.panels import Whmcs

    panel = Whmcs()
    panel.most = 250
    for number in range(1, clients + 1):
        panel.client(number)
        panel.service(number, number, f"s{number}.example")
        panel.domain(2 * number, number, f"s{number}.example")
        panel.domain(2 * number + 1, number, f"d{number}.example")
    with panel.running():
        told.put(panel.url)
        while True:
            time.sleep(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=20_000)
    clients = parser.parse_args().clients
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    server = context.Process(target=serve, args=(clients, told), daemon=True)
    server.start()
    with TemporaryDirectory() as folder:
        os.environ["PADLOCK_DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        sync_twice(told.get(), Path(folder))
    server.kill()


def sync_twice(url: str, folder: Path) -> None:
    """Prints what each of two syncs takes."""
    from flask_migrate import upgrade

    from webapp import create_app
    from webapp.sources import registry, sync

    app = create_app()
    app.instance_path = str(folder)
    with app.app_context():
        upgrade()
        credentials = {"identifier": "our-identifier", "secret": "our-own-s3cret"}
        settings = registry.Settings("bench", "whmcs", f"{url}/billing", credentials)
        source = registry.add(None, settings, datetime.now(UTC))
        for name in ("first", "second"):
            started = time.perf_counter()
            order = sync.Order(None, "bench", datetime.now(UTC))
            summary = sync.run(source, order, lambda doing, done, total: None)
            seconds = time.perf_counter() - started
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{name}: {seconds:.1f} s, peak {peak:.0f} MB, {summary.stopped or 'complete'}")
            print(f"  {summary.counts}")


if __name__ == "__main__":
    main()
