"""Collects the facts about the monitor that `rules` judges, and says whether the site can serve."""

from __future__ import annotations

import logging
import platform
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from webapp import probe, sqlite_file
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.monitor import adaptive_schedule
from webapp.monitor.health import rules
from webapp.monitor.health.facts import ClockEvidence, Clockwork, Flag, Level, Storage
from webapp.monitor.models import RunState, Target
from webapp.monitor.probing import probe_settings
from webapp.monitor.refresh import network, runs, selection
from webapp.probe.address import overridden
from webapp.site import this_site

log = logging.getLogger(__name__)

MOST_OVERRIDDEN = 1000  # names that are looked at for where a setting sends them
DOUBTED_FOR = timedelta(minutes=15)  # after checks without an answer
MOST_LATEST = 100  # checks that are looked at
KEPT_FOR = timedelta(minutes=1)  # a result, for pages that show no more
HEALTH_TIMEOUT_SECONDS = 2.0  # seconds for whatever has to be asked: a person waits for the page


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found: the flags, the worst first, what everything is made of, by name, and the
    background jobs that need a person's attention."""

    flags: list[Flag]
    versions: Mapping[str, str]
    jobs: list[Job]

    @property
    def level(self) -> Level:
        """How the worst of it is."""
        return min(flag.level for flag in self.flags)


@dataclass(frozen=True, slots=True)
class CheckupResult:
    """How many flags of each level a checkup has raised."""

    at: datetime
    flags: Counter[Level]

    @property
    def level(self) -> Level:
        return min(self.flags)


def run_checks(now: datetime) -> Checkup:
    """The whole checkup. Takes three seconds at most, whatever is wrong."""
    config = current_app.config
    versions = probe.versions()
    names = config["PADLOCK_CONTROL_NAMES"]
    jobs: list[Job] = []
    with ThreadPoolExecutor(2) as side:
        looks_up = _looks_names_up(probe_settings(config).connect_to)
        resolver = side.submit(ask_resolver, names) if looks_up else None
        silent = side.submit(_silent, names, probe_settings(config))
        flags = [
            *_from_database("Database", lambda: rules.storage(_storage())),
            *_from_database("Scheduler", lambda: rules.scheduler(_clockwork(now), now)),
            *_from_database("Background jobs", lambda: [_jobs(jobs, now)]),
            *_from_others(now),
            *_broker(),
            rules.trust(probe.roots(config["PADLOCK_CA_BUNDLE"])),
            *_from_database("Clock", lambda: [rules.clock(_seen(now), versions, now)]),
            *rules.libraries(versions, now.date()),
            *rules.site(
                debug=current_app.debug,
                secure_cookies=config["PADLOCK_COOKIE_SECURE"],
                only_here=_only_here(config),
            ),
            *(resolver.result() if resolver else [rules.resolver_unused()]),
            *rules.controls(names, silent.result()),
        ]
    around = {"Python": platform.python_version()}
    with suppress(SQLAlchemyError):
        around |= dict([_backend()])
    return Checkup(sorted(flags, key=lambda flag: flag.level), versions | around, jobs)


def blinding(now: datetime) -> list[Flag]:
    """The flags of a checkup that say whether what checks see can be relied on. Made each minute:
    the network is asked only while most of the latest checks had no answer."""
    found = rules.refresh(_clockwork(now, counted=False), now)
    found.append(rules.clock(ClockEvidence(_checked_at()), probe.versions(), now))
    latest = select(Target.reason).where(Target.checked_at.between(now - DOUBTED_FOR, now))
    reasons = list(db.session.scalars(latest.order_by(Target.checked_at.desc()).limit(MOST_LATEST)))
    if 2 * sum(reason in network.NETWORK for reason in reasons) > len(reasons):
        names = current_app.config["PADLOCK_CONTROL_NAMES"]
        settings = probe_settings(current_app.config)
        looks_up = _looks_names_up(settings.connect_to)
        db.session.rollback()  # no transaction is open while we wait
        found += ask_resolver(names) if looks_up else []
        found += rules.controls(names, _silent(names, settings))
    return found


def last_result(now: datetime) -> CheckupResult:
    """What a checkup finds, not older than a minute."""
    site = this_site()
    last = site.last_checkup
    if last is None or not timedelta() <= now - last.at < KEPT_FOR:
        flags = Counter(flag.level for flag in run_checks(now).flags)
        last = site.last_checkup = CheckupResult(now, flags)
    return last


def _from_database(name: str, read: Callable[[], list[Flag]]) -> list[Flag]:
    """These flags; one that says why where the database does not answer."""
    try:
        return read()
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("System Health could not read the database: %s", error)
        return [rules.unreadable(name, str(getattr(error, "orig", None) or error))]


def _from_others(now: datetime) -> list[Flag]:
    """What rooms above this one have to tell."""
    readers = this_site().health_flags
    return [flag for read in readers for flag in _from_database("Database", partial(read, now))]


def ready(now: datetime) -> dict[str, str]:
    """What a machine is told that asks whether to send visitors here: "ok", or what is wrong, of
    each part."""
    if problem := file_problem(0.25):
        return {"database": problem}
    try:
        ticked_at = runs.last_tick()
    except SQLAlchemyError:
        log.exception("The database does not answer.")
        return {"database": file_problem(0.25) or "no answer"}
    # On a full disk the scheduler cannot say that it ticks, and readers can be served all the same.
    ticks_here = current_app.config["PADLOCK_SCHEDULER"] and not this_site().not_saved
    silent = ticks_here and rules.is_silent(ticked_at, now)
    return {"database": "ok", "scheduler": "silent" if silent else "ok"}


def file_problem(seconds: float) -> str:
    """What has become of the file of the database: "deleted", "replaced", "emptied" or "damaged",
    as far as `seconds` suffice to see it; "" where it is well, or there is no file."""
    file = sqlite_file.of(db.engine)
    if file is None:
        return ""
    return file.change() or ("damaged" if file.damage_found(seconds) else "")


def _clockwork(now: datetime, *, counted: bool = True) -> Clockwork:
    """How the scheduler does, and its last daily run; `counted`: with the numbers of all names."""
    run = runs.last_daily()
    offline = RunState.OFFLINE if runs.offline_since() else None
    today = runs.todays(now)
    config = current_app.config
    return Clockwork(
        on=config["PADLOCK_SCHEDULER"],
        ticked_at=runs.last_tick(),
        state=offline or (run.state.value if run else None),
        detail=run.detail if run else "",
        late=runs.is_late(now),
        names_in_use=selection.names_in_use() if counted else 0,
        limit=config["PADLOCK_REFRESH_DAILY_LIMIT"],
        used=today.asked if today else 0,
        needed=selection.needed(now) if counted and selection.adaptive() else None,
        asked=run.asked if run else 0,
        failed=run.failed if run else 0,
        checked_at=_checked_at(),
        round=adaptive_schedule.SELDOM if selection.adaptive() else adaptive_schedule.DAY,
    )


def _checked_at() -> datetime | None:
    """When a host name was last checked."""
    return db.session.scalar(select(func.max(Target.checked_at)))


def _jobs(listed: list[Job], now: datetime) -> Flag:
    """How background jobs do; those that need attention are added to `listed`."""
    backlog = queue.backlog(now)
    listed += backlog.jobs
    return rules.jobs(backlog.failed, backlog.late)


def _broker() -> list[Flag]:
    """The broker and the workers, where there are any to be."""
    redis = this_site().redis
    problem = redis.problem() if redis else ""
    return rules.broker(bool(redis), problem, 0 if problem or not redis else redis.workers())


def _looks_names_up(connect_to: Sequence[probe.ConnectTo]) -> bool:
    """Whether any host name of the site is looked up; none is in the demo, which says for each
    where to ask."""
    if not connect_to:
        return True
    if any(entry.pattern == "*" for entry in connect_to):
        return False
    try:
        columns = select(Target.hostname, Target.port)
        targets = db.session.execute(columns.limit(MOST_OVERRIDDEN)).all()
    except SQLAlchemyError:
        return True  # a flag of its own says so
    few = 0 < len(targets) < MOST_OVERRIDDEN
    return not (few and all(overridden(name, connect_to, port) for name, port in targets))


def ask_resolver(names: tuple[str, ...]) -> list[Flag]:
    """Whether the name servers of this machine answer for the first control name, or for the root
    where there is none."""
    from webapp.probe import resolver  # it brings a DNS client along, which no other page needs

    name = names[0] if names else resolver.ROOT
    return rules.resolver(name, resolver.ask_servers(name, HEALTH_TIMEOUT_SECONDS))


def _silent(names: tuple[str, ...], settings: probe.Settings) -> list[str]:
    """Those of the control names that no server answers for just now."""
    found = probe.check_many(
        names, replace(settings, timeout=HEALTH_TIMEOUT_SECONDS), len(names) or 1
    )
    return [finding.input for finding in found if finding.state is probe.State.UNKNOWN]


def _storage() -> Storage:
    engine = db.engine
    if engine.dialect.name != "sqlite":
        return Storage(" ".join(_backend()), problem=_write_problem())
    file = sqlite_file.of(engine)
    if file is not None and (lost := file.change()):
        return Storage("SQLite", problem=lost, lost=True)
    if file is not None and (damage := file.damage_found(1.0)):
        return Storage("SQLite", problem=damage, damaged=True)
    journal = str(db.session.connection().exec_driver_sql("PRAGMA journal_mode").scalar())
    path = engine.url.database
    free = shutil.disk_usage(Path(path).parent).free if path else None
    return Storage("SQLite", journal, free, _write_problem())


def _backend() -> tuple[str, str]:
    """The database that is behind the site, and its version."""
    if db.engine.dialect.name == "sqlite":
        return "SQLite", sqlite3.sqlite_version
    version = db.session.connection().dialect.server_version_info or ()
    return "PostgreSQL", ".".join(map(str, version))


def _write_problem() -> str:
    """Why nothing can be written, as the user who tries is told.

    It is only noticed when something really is.
    """
    try:
        with writing(patience=1.0):
            connection = db.session.connection()
            if connection.dialect.name == "sqlite":
                version = connection.exec_driver_sql("PRAGMA user_version").scalar()
                connection.exec_driver_sql(f"PRAGMA user_version = {version}")
            else:
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
    except SQLAlchemyError as error:
        return str(getattr(error, "orig", None) or error)
    return ""


def _seen(now: datetime) -> ClockEvidence:
    future = func.count().filter(Target.not_before > now + timedelta(days=1))
    columns = (func.max(Target.checked_at), func.count(Target.not_before), future)
    return ClockEvidence(*db.session.execute(select(*columns)).one())


def _only_here(config: Mapping[str, Any]) -> bool:
    """Whether only this machine itself reaches this site."""
    local = config["PADLOCK_LISTEN"].startswith(("127.", "localhost:", "[::1]"))
    behind = config["PADLOCK_TRUSTED_PROXIES"] or config["PADLOCK_SITE_URL"]
    return local and not behind
