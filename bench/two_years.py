"""Two years of made-up names as the site lives through them: its database, its jobs and a mail
server are real, the clock is set. What arrives is compared with `flask alerts rehearse` on the same
history, and with what was promised of the messages.

`python bench/two_years.py [NAMES [DAYS [SEED]]] [--postgresql]`: 1,000 names take an hour and more.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from filling import ROOT, postgresql_server
from start import prepared

from tests.alerts.checker import Checker
from tests.alerts.fleet import START, Fleet
from tests.notices import history_player
from tests.served import served
from tests.smtp_server import MailServer
from webapp.alerts.messages import Message
from webapp.alerts.rehearsal import told_of
from webapp.alerts.rules import RuleBook
from webapp.cli.alerts import json_line

NAMES, DAYS, SEED = 1000, 730, 1
POSTGRESQL = "--postgresql"
SHOWN = 20  # faults


def main() -> None:
    given = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    size, days, seed = [*given, *(NAMES, DAYS, SEED)[len(given) :]]
    is_odd = seed % 2 == 1
    fleet = Fleet(
        size, days, seed, catch_up=is_odd, grain=history_player.GRAIN, pace=history_player.PACE
    )
    facts = history_player.facts_of(fleet)
    rehearsed = list(told_of(facts, RuleBook()))
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        server = ends.enter_context(served(MailServer()))
        settings = {"PADLOCK_SECRET_KEY": "x" * 32}
        if POSTGRESQL in sys.argv:
            settings["PADLOCK_DATABASE_URL"] = ends.enter_context(postgresql_server())
        app = prepared(folder, settings)
        with app.app_context():
            history_player.set_up(app, fleet, server, datetime.fromtimestamp(START, UTC))
        began, cpu = time.monotonic(), time.process_time()
        told: list[Message] = []
        for message in history_player.play(app, facts, server):
            if not told or message.at.month != told[-1].at.month:
                print(f"{message.at:%B %Y}", file=sys.stderr, flush=True)
            told.append(message)
        minutes, cpu_minutes = (time.monotonic() - began) / 60, (time.process_time() - cpu) / 60
    found = history_player.differences(told, rehearsed)
    checker = Checker(fleet, map(json_line, told)).check()
    kinds = Counter(event.kind.value for message in told for event in message.events)
    for name, figure in sorted(checker.figures.items()):
        print(f"{figure:9,}  {name}")
    for fault in [*found[:SHOWN], *checker.faults[:SHOWN]]:
        print(fault)
    print(f"{len(facts):,} facts, {len(told):,} mails, {sum(kinds.values()):,} events")
    print(f"{len(found)} differences from the rehearsal, {len(checker.faults)} broken promises")
    print(f"{minutes:.0f} minutes, {cpu_minutes:.0f} of CPU")
    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    content = {"mails": len(told), "figures": checker.figures, "events": kinds}
    (results / "two_years.json").write_text(json.dumps(content, indent=2) + "\n")
    sys.exit(bool(found or checker.faults))


if __name__ == "__main__":
    main()
