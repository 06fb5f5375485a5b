"""Diagnoses shared by all processes of the site: written to Redis step by step, and read from
it."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from cattrs.preconf.json import make_converter
from cattrs.strategies import configure_tagged_union

from webapp.monitor.diagnosis.model import KEPT_SECONDS, Diagnosis
from webapp.monitor.redis import Shared
from webapp.probe.steps import Step

# Seconds from one step to the next, in the queue or not: then the process that ran it has died
STEP_TIMEOUT_SECONDS = 300

_ANY: Any = Step  # a union, which is no class to a type checker
_steps = make_converter()
configure_tagged_union(_ANY, _steps)


class Showing:
    """Each is a list in Redis: when it began and for whom, its steps, and how it ended.

    Who runs it has a lease on its name, so that no two processes ask the same name at once.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._leases: dict[str, Any] = {}
        # Names whose diagnosis can be read in full: no line of it was lost
        self._shown: set[str] = set()

    def begin(self, diagnosis: Diagnosis) -> bool:
        """False where another process is asking this name."""
        lease = self._shared.lease(_lease(diagnosis.name), STEP_TIMEOUT_SECONDS)
        if lease is None:
            return False
        self._leases[diagnosis.name] = lease
        head = {"viewer": diagnosis.viewer, "started_at": diagnosis.started_at.isoformat()}
        if self._write(diagnosis, json.dumps(head), replace=True):
            self._shown.add(diagnosis.name)
        return True

    def add(self, diagnosis: Diagnosis, step: Step) -> None:
        self._shared.renew(self._leases[diagnosis.name])
        self._go_on(diagnosis, _steps.dumps(step, _ANY))

    def end(self, diagnosis: Diagnosis) -> None:
        self._go_on(diagnosis, json.dumps({"failed": diagnosis.failed, "ended": time.time()}))
        self._shown.discard(diagnosis.name)
        self._shared.give_back(self._leases.pop(diagnosis.name))

    def of(self, name: str, server: str | None) -> Diagnosis | None:
        """The last one of this name for this server, no matter which process ran it.

        One whose process has died has failed.
        """
        # Read first: it is given back after the last line is written
        leased = self._shared.leased(_lease(name))
        lines = self._shared.read(_key(name, server))
        if not lines:
            return None
        head = json.loads(lines[0])
        last = json.loads(lines[-1])
        ended = "ended" in last
        running = leased and not ended
        return Diagnosis(
            name,
            server,
            head["viewer"],
            datetime.fromisoformat(head["started_at"]),
            [_steps.loads(line, _ANY) for line in lines[1 : -1 if ended else None]],
            running=running,
            failed=last["failed"] if ended else not running,
            ended=time.monotonic() - (time.time() - last["ended"]) if ended else 0.0,
        )

    def _go_on(self, diagnosis: Diagnosis, line: str) -> None:
        if diagnosis.name in self._shown and not self._write(diagnosis, line):
            self._shown.discard(diagnosis.name)

    def _write(self, diagnosis: Diagnosis, line: str, *, replace: bool = False) -> bool:
        return self._shared.write(
            _key(diagnosis.name, diagnosis.server), line, KEPT_SECONDS, replace=replace
        )


def _key(name: str, server: str | None) -> str:
    return f"diagnosis:{name}:{server or ''}"


def _lease(name: str) -> str:
    return f"diagnosing:{name}"
