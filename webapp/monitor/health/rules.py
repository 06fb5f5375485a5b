"""Rules of System Health: plain facts go in, flags with words and a fix come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from webapp.monitor.health import releases
from webapp.monitor.health.facts import ClockEvidence, Clockwork, Flag, Level, Storage
from webapp.probe import Roots
from webapp.words import health as say
from webapp.words import jobs as job_words
from webapp.words import refreshes

if TYPE_CHECKING:
    from webapp.probe.resolver import ServerAnswer  # it brings a DNS client along

YEAR = timedelta(days=365)
SLOW_LOOKUP_SECONDS = 1.0  # seconds for a lookup
SILENT = timedelta(minutes=10)  # without a tick of the scheduler, which looks once a minute
SKEW = timedelta(minutes=5)
# bytes free where the database is
LOW = 500 * 2**20
EMPTY = 20 * 2**20
# Days a round through all host names may take: a certificate's last week must not go unseen
MAX_ROUND_DAYS = 7
OVERDUE = timedelta(hours=2)  # of all checks


def is_blind(flags: Iterable[Flag]) -> bool:
    """Whether the monitor is so ill that nothing it sees is reported."""
    return any(flag.blinds for flag in flags)


def libraries(versions: Mapping[str, str], today: date) -> list[Flag]:
    """Whether what shakes hands is supported still, and no older than a year where that can be told
    without asking."""
    found = [flag for name, version in versions.items() if (flag := _library(name, version, today))]
    return found or [Flag("Libraries", Level.OK, say.libraries_are_new())]


def _library(name: str, version: str, today: date) -> Flag | None:
    # The package that brings it along
    fix = say.update_library("cryptography" if name == "OpenSSL" else name)
    until = releases.supported_until(name, version)
    released = releases.released(name, version)
    if until is not None and until < today:
        return Flag(name, Level.BAD, say.library_unsupported(version, until), fix)
    if released is not None and today - released > YEAR:
        return Flag(name, Level.WARNING, say.library_old(version), fix)
    return None


def trust(roots: Roots) -> Flag:
    """Whether there is anything to verify against."""
    name = "Trusted roots"
    if roots.problem:
        words = say.roots_unusable(roots.path, roots.problem)
        return Flag(name, Level.BAD, words, say.replace_roots())
    return Flag(name, Level.OK, say.roots_text(roots.count, roots.path, roots.sha256[:16]))


def resolver(name: str, answers: Sequence[ServerAnswer]) -> list[Flag]:
    """Whether the name servers of this machine answer for this name ("." is the root of all names),
    and soon."""
    flag = "Resolver"
    fix = say.check_name_server()
    if not answers:
        return [Flag(flag, Level.BAD, say.no_name_server(), fix, blinds=True)]
    told = [(_resolver_fault(name, answer), answer) for answer in answers]
    faults = [fault for fault, _ in told if fault]
    well = [answer.server for fault, answer in told if not fault]
    if faults:
        others = [say.name_servers_answer(well)] if well else []
        level = Level.WARNING if well else Level.BAD
        return [Flag(flag, level, " ".join([*faults, *others]), fix, blinds=not well)]
    slowest = max(answers, key=lambda answer: answer.seconds)
    if slowest.seconds > SLOW_LOOKUP_SECONDS:
        words = say.name_server_slow(slowest.server, slowest.seconds)
        return [Flag(flag, Level.WARNING, words, say.replace_slow_name_server())]
    milliseconds = max(1, round(slowest.seconds * 1000))
    return [Flag(flag, Level.OK, say.name_servers_quick(", ".join(well), milliseconds))]


def resolver_unused() -> Flag:
    """Where a setting says at which address every name is asked."""
    return Flag("Resolver", Level.OK, say.resolver_unused())


def _resolver_fault(name: str, answer: ServerAnswer) -> str:
    if answer.outcome == "silent":
        return say.name_server_silent(answer.server, max(1, round(answer.seconds)))
    if answer.outcome == "not reached":
        return say.name_server_not_reached(answer.server, answer.detail)
    if answer.outcome == "failed":
        return say.name_server_failed(answer.server, answer.detail)
    if answer.outcome == "no such name":
        return say.name_server_denies(answer.server, name)
    return ""


def controls(asked: Sequence[str], failed: Sequence[str]) -> list[Flag]:
    """Whether the names that should always answer do; nothing where there are none."""
    if not asked:
        return []
    if not failed:
        return [Flag("Control names", Level.OK, say.controls_answered(", ".join(asked)))]
    none = len(failed) == len(asked)
    level = Level.BAD if none else Level.WARNING
    words = say.controls_silent(", ".join(failed))
    return [Flag("Control names", level, words, say.check_network(), blinds=none)]


def scheduler(clockwork: Clockwork, now: datetime) -> list[Flag]:
    """Whether the daily refresh runs, how the last run went, and whether it gets round."""
    return [_ticking(clockwork, now), *refresh(clockwork, now), _budget(clockwork)]


def days_a_round(names_in_use: int, limit: int) -> int:
    """In how many days each host name is refreshed once, at so many a day; 0 is no limit."""
    return -(-names_in_use // limit) if limit else min(names_in_use, 1)


def is_silent(ticked_at: datetime | None, now: datetime) -> bool:
    """Whether no scheduler has looked for so long that there is none.

    A look that is yet to come is none: the clock has been set back since, and nothing is known of
    how long ago it was.
    """
    return ticked_at is None or now - ticked_at > SILENT or ticked_at - now > SKEW


def _ticking(clockwork: Clockwork, now: datetime) -> Flag:
    name = "Scheduler"
    ticked = clockwork.ticked_at
    if ticked is not None and ticked - now > SKEW:
        words = say.scheduler_in_the_future(ticked)
        return Flag(name, Level.BAD, words, say.wait_for_the_clock(), blinds=True)
    if ticked is None or is_silent(ticked, now):
        fix = say.restart_the_site() if clockwork.on else say.switch_the_scheduler_on()
        return Flag(name, Level.BAD, say.scheduler_silent(ticked, now), fix, blinds=True)
    return Flag(name, Level.OK, say.scheduler_active(ticked, now))


def refresh(clockwork: Clockwork, now: datetime) -> list[Flag]:
    """How the last daily run went, and whether names are checked at all."""
    name = "Daily refresh"
    state = clockwork.state
    checked_at = clockwork.checked_at
    if checked_at is not None and now - checked_at > clockwork.round + OVERDUE:
        words = say.nothing_checked(checked_at, now)
        return [Flag(name, Level.BAD, words, say.see_scheduler(), blinds=True)]
    if state == "offline":
        words = say.refresh_offline()
        return [Flag(name, Level.BAD, words, say.wait_for_the_network(), blinds=True)]
    if clockwork.late:
        return [Flag(name, Level.WARNING, say.refresh_late(), say.see_scheduler())]
    if state == "failed":
        words = say.refresh_failed(clockwork.detail)
        return [Flag(name, Level.BAD, words, say.look_in_the_log())]
    if clockwork.failed:
        level = (
            Level.BAD if refreshes.many_failed(clockwork.asked, clockwork.failed) else Level.WARNING
        )
        told = refreshes.failed_checks(clockwork.asked, clockwork.failed)
        return [Flag(name, level, say.checks_failed(told), say.look_for_the_reason())]
    words = say.refresh_succeeded() if state == "done" else say.refresh_running()
    return [Flag(name, Level.OK, words)] if state else []


def _budget(clockwork: Clockwork) -> Flag:
    """How much of the day's checks is used, and whether they are enough."""
    name = "Daily limit"
    names_in_use = clockwork.names_in_use
    limit = clockwork.limit
    needed = clockwork.needed
    used = say.checks_used(clockwork.used, limit)
    if needed is not None and limit and needed > limit:
        words = f"{used} {say.too_few_checks(needed)}"
        return Flag(name, Level.WARNING, words, say.raise_the_limit(needed))
    if needed is not None:
        return Flag(name, Level.OK, f"{used} {say.checks_needed(needed)}")
    days = days_a_round(names_in_use, limit)
    if days <= MAX_ROUND_DAYS:
        return Flag(name, Level.OK, used)
    words = f"{used} {say.long_round(limit, names_in_use, days)}"
    return Flag(name, Level.WARNING, words, say.raise_the_limit(names_in_use))


def storage(storage: Storage) -> list[Flag]:
    """Whether the database can be written, has room, and works as it should."""
    name = "Database"
    problem = storage.problem
    if storage.lost:
        flag = Flag(name, Level.BAD, say.database_lost(problem), say.replace_the_file())
    elif storage.damaged:
        flag = Flag(name, Level.BAD, say.database_damaged(problem), say.restore_the_backup())
    elif "locked" in problem:
        flag = Flag(name, Level.BAD, say.database_locked(), say.end_the_lock())
    elif problem:
        flag = Flag(name, Level.BAD, say.database_read_only(problem), say.make_it_writable())
    elif storage.free is not None and storage.free < LOW:
        level = Level.BAD if storage.free < EMPTY else Level.WARNING
        flag = Flag(name, level, say.little_room(storage.free), say.free_room())
    else:
        flag = Flag(name, Level.OK, say.database_well(storage.backend, storage.free))
    if not storage.journal or storage.journal == "wal":
        return [flag]
    words = say.journal_mode(storage.journal)
    return [flag, Flag("SQLite mode", Level.WARNING, words, say.use_a_local_disk())]


def search(backend: str, *, many: bool, indexed: bool, possible: bool) -> list[Flag]:
    """Whether searches go by an index; nothing where there are few rows to look through.

    `possible`: the database has what the index takes.
    """
    name = "Search"
    if not many:
        return []
    if indexed:
        return [Flag(name, Level.OK, say.search_indexed())]
    fix = say.make_search_index(backend, possible=possible)
    return [Flag(name, Level.WARNING, say.search_slow(), fix)]


def jobs(failed: int, late: int) -> Flag:
    """Whether background jobs, such as mails, are done in time."""
    name = "Background jobs"
    told = job_words.backlog_text(failed, late)
    if not told:
        return Flag(name, Level.OK, say.jobs_well())
    return Flag(name, Level.WARNING, told, say.see_jobs())


def unreadable(name: str, problem: str) -> Flag:
    """What the database would have told, had it answered."""
    return Flag(name, Level.BAD, say.database_unreadable(problem), say.see_database())


def site(*, debug: bool, secure_cookies: bool, only_here: bool) -> list[Flag]:
    """Whether the site is set up as one that others reach.

    `only_here`: only this machine itself does.
    """
    flags = []
    if debug:
        flags.append(Flag("Debug mode", Level.BAD, say.debug_is_on(), say.start_without_debug()))
    if not secure_cookies and not only_here:
        words = say.cookies_in_the_open()
        flags.append(Flag("Cookies", Level.WARNING, words, say.serve_over_https()))
    return flags or [Flag("Site", Level.OK, say.site_well())]


def broker(wanted: bool, problem: str, workers: int) -> list[Flag]:
    """Whether several machines can work together; nothing where one does it all.

    `problem`: why the broker cannot be used.
    """
    name = "Broker"
    if not wanted:
        return []
    if problem:
        return [Flag(name, Level.BAD, say.broker_unusable(problem), say.start_redis())]
    if not workers:
        return [Flag(name, Level.WARNING, say.no_worker(), say.start_workers())]
    return [Flag(name, Level.OK, say.workers_text(workers))]


def clock(seen: ClockEvidence, versions: Mapping[str, str], now: datetime) -> Flag:
    """Whether the clock can be right.

    What is stored and what is installed cannot be from the future.
    """
    name = "Clock"
    fix = say.set_the_clock()
    made = [
        day for kind in ("certifi", "OpenSSL") if (day := releases.released(kind, versions[kind]))
    ]
    if made and max(made) > now.date() + timedelta(days=1):
        return Flag(name, Level.BAD, say.clock_behind(), fix, blinds=True)
    if seen.last_check_at is not None and seen.last_check_at - now > SKEW:
        words = say.clock_set_back(seen.last_check_at)
        return Flag(name, Level.BAD, words, fix, blinds=True)
    if seen.from_the_future >= 3 and 20 * seen.from_the_future > seen.certificates:
        words = say.certificates_from_the_future(seen.from_the_future, seen.certificates)
        return Flag(name, Level.WARNING, words, fix)
    return Flag(name, Level.OK, say.clock_well(now))
