"""Two syncs of a source with 20,000 clients and 60,000 items: seconds, and the memory of the
process that syncs. Of its records some come twice, or have ids of two types, empty dates, HTML
entities or a status that no one knows, and all have secrets, which must not be stored.

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
        panel.client(str(number) if number % 2 else number, companyname=f"R&amp;D {number}")
        facts = {"nextduedate": "0000-00-00"} if number % 7 == 0 else {}
        facts |= {"status": "Nonsense"} if number % 1000 == 0 else {}
        panel.service(number, number, f"s{number}.example", **facts)
        panel.domain(2 * number, number, f"s{number}.example")
        panel.domain(2 * number + 1, number, f"d{number}.example")
    for rows in (panel.clients, panel.services, panel.domains):
        rows += rows[::50]
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

    from tests.sources.panels import PLANTED, SECRET
    from webapp import create_app
    from webapp.sources import registry, sync

    app = create_app()
    app.instance_path = str(folder)
    with app.app_context():
        upgrade()
        credentials = {"identifier": "our-identifier", "secret": SECRET}
        settings = registry.Settings("bench", "whmcs", f"{url}/billing", credentials)
        source = registry.add(None, settings, datetime.now(UTC))
        for name in ("first", "second"):
            started = time.perf_counter()
            order = sync.Order(None, "bench", datetime.now(UTC))
            summary = sync.run(source, order, lambda doing, done, total: None)
            seconds = time.perf_counter() - started
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{name}: {seconds:.1f} s, peak {peak:.0f} MB, {summary.stopped or 'complete'}")
            print(f"  {summary.counts}, {len(summary.problems)} problems")
    stored = b"".join(file.read_bytes() for file in folder.glob("bench.sqlite3*"))
    print("secrets stored:", stored.count(PLANTED.encode()) + stored.count(SECRET.encode()))


if __name__ == "__main__":
    main()
