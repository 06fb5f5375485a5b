"""What a running site holds besides its database, as one typed object: `site_of(app)`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

if TYPE_CHECKING:  # this module stands below the rooms whose objects it holds
    from webapp.jobs.runner import Runner
    from webapp.monitor.checks import Checks
    from webapp.monitor.health.collect import CheckupResult
    from webapp.monitor.health.facts import Flag
    from webapp.monitor.redis import RedisClient
    from webapp.monitor.refresh.dispatch import Dispatcher
    from webapp.monitor.refresh.selection import InUse


@dataclass
class LastRead:
    """An instant that every page shows, and when it was last read, by the monotonic clock."""

    instant: datetime | None = None
    read_seconds: float = -math.inf


@dataclass
class CountedRows:
    """Numbers of the report that took a while to count, and when that was."""

    numbers: Counter[tuple[int, int | None]] | None  # None: too many to count
    counted_at: datetime


@dataclass
class LiveSettings:
    """What is stored of settings, as this process has taken it over, and when it last looked."""

    read_seconds: float = -math.inf  # by the monotonic clock
    stored: dict[str, str] = field(default_factory=dict)


@dataclass
class Site:
    """Each room puts its own object here when the site is made; what has a value here already
    begins empty."""

    checks: Checks = field(init=False)
    in_use: InUse = field(init=False)
    jobs: Runner = field(init=False)
    refreshes: bool = False  # whether this process works on refresh runs
    redis: RedisClient | None = None  # where there is a broker
    dispatcher: Dispatcher | None = None  # made by the first refresh, where there is a broker
    each_tick: list[Callable[[datetime], None]] = field(default_factory=list)
    health_flags: list[Callable[[datetime], list[Flag]]] = field(default_factory=list)
    # Given the ids of targets before the listing rows that copy them are written
    before_listing: list[Callable[[set[int]], None]] = field(default_factory=list)
    last_checkup: CheckupResult | None = None
    offline_since: LastRead = field(default_factory=LastRead)
    last_tick: LastRead = field(default_factory=LastRead)
    live_settings: LiveSettings = field(default_factory=LiveSettings)
    rows_sampled_on: date | None = None  # see `customers.index_check`
    rows_written_for: int | None = None  # days, see `customers.index_check`
    counted_rows: dict[object, CountedRows] = field(default_factory=dict)
    search_indexed: bool = False  # see `customers.searches`
    warned_of_proxy: bool = False
    # Why the last write of this process failed, in the database's words; None once one succeeds
    not_saved: str | None = None
    api_document: Callable[[], dict[str, Any]] = dict  # what describes the API


def register(app: Flask) -> None:
    """Gives the app its site. Goes before whatever fills it."""
    app.extensions["padlock"] = Site()


def site_of(app: Flask) -> Site:
    """What this app holds."""
    site: Site = app.extensions["padlock"]
    return site


def this_site() -> Site:
    """What the app of this request or command holds."""
    return site_of(current_app)
