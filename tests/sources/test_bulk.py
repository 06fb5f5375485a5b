"""Many clients and items at once; `bench/sources.py` has ten times as many."""

import time
from pathlib import Path

from tests.sources.conftest import counts
from tests.sources.panels import Whmcs

CLIENTS = 2_000
MOST_SECONDS = 12  # of this process, with the panel in it: 4 where nothing else runs
MOST_MEGABYTES = 40


def memory(which):
    """Of this process, in MB: "VmRSS", or "VmHWM" at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(which)).split()[1]) // 1024


def test_thousands_of_clients_and_items_are_quick_and_small(add, run):
    panel = Whmcs()
    panel.most = 250
    for number in range(1, CLIENTS + 1):
        panel.client(number)
        panel.service(number, number, f"s{number}.example")
        panel.domain(2 * number, number, f"s{number}.example")
        panel.domain(2 * number + 1, number, f"d{number}.example")
    with panel.running():
        source = add(panel)
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins again
        before, worked = memory("VmRSS"), time.process_time()
        found = run(source)
    assert counts(found) == {
        "client added": CLIENTS,
        "service added": CLIENTS,
        "domain added": 2 * CLIENTS,
    }
    assert time.process_time() - worked < MOST_SECONDS
    assert memory("VmHWM") - before < MOST_MEGABYTES
