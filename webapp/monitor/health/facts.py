"""What the rules of System Health are about, and the flags that they come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum


class Level(IntEnum):
    """How bad it is; the worst sorts first."""

    BAD = 0
    WARNING = 1
    OK = 2


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that was looked at: how it is, and what to do about it; `fix` is empty where all is
    well. `blinds`: what checks see may be the monitor's own fault, or is too old."""

    name: str
    level: Level
    words: str
    fix: str = ""
    blinds: bool = False


@dataclass(frozen=True, slots=True)
class Clockwork:
    """The scheduler and its last daily run.

    `state` and `detail` are the run's, `late`: today's has not begun though it should have. `limit`
    of 0 is none, `used` are today's checks so far. `needed`: how many a day the adaptive schedule
    needs; None where it is off. `asked`, `failed`: the checks of the last run, and those that
    failed on our side. `checked_at`: of the last check; some name is checked in each `round`.
    """

    on: bool
    ticked_at: datetime | None
    state: str | None
    detail: str
    late: bool
    names_in_use: int
    limit: int
    used: int = 0
    needed: int | None = None
    asked: int = 0
    failed: int = 0
    checked_at: datetime | None = None
    round: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Storage:
    """The database as it is now.

    `journal` is SQLite's mode, empty for others; `free` bytes are left where it is, None where it
    cannot be told; `problem`: why nothing can be written, in the database's words. `lost`: the file
    was deleted, replaced or emptied, as `problem` says; `damaged`: something in it cannot be read.
    """

    backend: str
    journal: str = ""
    free: int | None = None
    problem: str = ""
    lost: bool = False
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class ClockEvidence:
    """What the certificates and checks that are stored say about the clock."""

    last_check_at: datetime | None = None
    certificates: int = 0
    from_the_future: int = 0  # of them, whose not_before is yet to come
