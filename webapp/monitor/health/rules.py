"""Rules of System Health: plain facts go in, flags with words and a fix come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from webapp.monitor.health import releases
from webapp.probe import Roots
from webapp.words import jobs as job_words
from webapp.words import refreshes, times
from webapp.words.translation import ngettext

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

UPDATE = "Update it: .venv/bin/pip install --upgrade {}, then restart the site."


class Level(IntEnum):
    """How bad it is; the worst sorts first."""

    BAD = 0
    WARNING = 1
    OK = 2


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that was looked at: how it is, and what to do about it; `fix` is empty where all is
    well."""

    name: str
    level: Level
    words: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """The scheduler and its last daily run.

    `state` and `detail` are the run's, `late`: today's has not begun though it should have. `limit`
    of 0 is none, `used` are today's checks so far. `needed`: how many a day the adaptive schedule
    needs; None where it is off. `asked`, `failed`: the checks of the last run, and those that
    failed on our side.
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


@dataclass(frozen=True, slots=True)
class Storage:
    """The database as it is now.

    `journal` is SQLite's mode, empty for others; `free` bytes are left where it is, None where it
    cannot be told; `problem`: why nothing can be written, in the database's words. `lost`: the file
    was deleted, replaced or emptied; `damaged`: something in it cannot be read.
    """

    backend: str
    journal: str = ""
    free: int | None = None
    problem: str = ""
    lost: bool = False
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What the certificates and checks that are stored say about the clock."""

    last_check_at: datetime | None = None
    certificates: int = 0
    from_the_future: int = 0  # of them, whose not_before is yet to come


def libraries(versions: Mapping[str, str], today: date) -> list[Flag]:
    """Whether what shakes hands is supported still, and no older than a year where that can be told
    without asking."""
    found = [flag for name, version in versions.items() if (flag := _library(name, version, today))]
    words = "TLS libraries are supported and less than a year old."
    return found or [Flag("Libraries", Level.OK, words)]


def _library(name: str, version: str, today: date) -> Flag | None:
    # The package that brings it along
    fix = UPDATE.format("cryptography" if name == "OpenSSL" else name)
    until = releases.supported_until(name, version)
    released = releases.released(name, version)
    if until is not None and until < today:
        words = f"{version}: its branch has been unsupported since {times.day_text(until)}."
        return Flag(name, Level.BAD, words, fix)
    if released is not None and today - released > YEAR:
        return Flag(name, Level.WARNING, f"{version} is more than a year old.", fix)
    return None


def trust(roots: Roots) -> Flag:
    """Whether there is anything to verify against."""
    name = "Trusted roots"
    if roots.problem:
        fix = (
            "Put a readable PEM file there, or leave PADLOCK_CA_BUNDLE empty to use certifi's"
            " roots."
        )
        return Flag(name, Level.BAD, f"{roots.path} cannot be used: {roots.problem}.", fix)
    words = ngettext(
        "{count:,} root in {path}, SHA-256 {digest}…",
        "{count:,} roots in {path}, SHA-256 {digest}…",
        roots.count,
        path=roots.path,
        digest=roots.sha256[:16],
    )
    return Flag(name, Level.OK, words)


def resolver(name: str, answers: Sequence[ServerAnswer]) -> list[Flag]:
    """Whether the name servers of this machine answer for this name ("." is the root of all names),
    and soon."""
    flag = "Resolver"
    fix = "Check /etc/resolv.conf and that name server. Every check starts with a DNS lookup."
    if not answers:
        return [
            Flag(
                flag,
                Level.BAD,
                "This machine has no name server, so no name can be looked up.",
                fix,
            )
        ]
    told = [(_resolver_fault(name, answer), answer) for answer in answers]
    faults = [fault for fault, _ in told if fault]
    well = [answer for fault, answer in told if not fault]
    if faults:
        others = f" {', '.join(answer.server for answer in well)} answers." if well else ""
        return [
            Flag(flag, Level.WARNING if well else Level.BAD, f"{' '.join(faults)}{others}", fix)
        ]
    slowest = max(answers, key=lambda answer: answer.seconds)
    if slowest.seconds > SLOW_LOOKUP_SECONDS:
        fix = (
            "Check that name server, or set a faster one in /etc/resolv.conf. A slow one slows"
            " every check."
        )
        words = f"{slowest.server} is slow: it took {slowest.seconds:.1f} seconds to answer."
        return [Flag(flag, Level.WARNING, words, fix)]
    milliseconds = max(1, round(slowest.seconds * 1000))
    return [
        Flag(
            flag,
            Level.OK,
            f"{', '.join(answer.server for answer in answers)}: {milliseconds:,} ms.",
        )
    ]


def resolver_unused() -> Flag:
    """Where a setting says at which address every name is asked."""
    words = "Not used: PADLOCK_CONNECT_TO names the address to ask for every host name."
    return Flag("Resolver", Level.OK, words)


def _resolver_fault(name: str, answer: ServerAnswer) -> str:
    if answer.outcome == "silent":
        return f"{answer.server} did not answer within {max(1, round(answer.seconds))} seconds."
    if answer.outcome == "not reached":
        return f"This machine cannot send to {answer.server}: {answer.detail}."
    if answer.outcome == "failed":
        return (
            f"{answer.server} answers, but can't look up names"
            f" ({answer.detail or 'no valid answer'})."
        )
    if answer.outcome == "no such name":
        what = "the DNS root" if name == "." else name
        return f"{answer.server} answers that {what} does not exist."
    return ""


def controls(asked: Sequence[str], failed: Sequence[str]) -> list[Flag]:
    """Whether the names that should always answer do; nothing where there are none."""
    if not asked:
        return []
    if not failed:
        return [Flag("Control names", Level.OK, f"{', '.join(asked)} answered.")]
    level = Level.BAD if len(failed) == len(asked) else Level.WARNING
    fix = (
        "Check that this machine reaches the internet (DNS and port 443). Stored states are kept"
        " until then."
    )
    return [Flag("Control names", level, f"No answer from {', '.join(failed)}.", fix)]


def scheduler(clockwork: Clockwork, now: datetime) -> list[Flag]:
    """Whether the daily refresh runs, how the last run went, and whether it gets round."""
    return [_ticking(clockwork, now), *_last_run(clockwork), _budget(clockwork)]


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
    since = (
        f"Last active {times.age_text(ticked, now)}" if ticked is not None else "It has never run"
    )
    if ticked is not None and ticked - now > SKEW:
        words = (
            f"It was last active at {ticked:%d %b %Y, %H:%M} UTC, which is in the future. The"
            " clock was set back."
        )
        fix = (
            "Check the clock of this machine. If this message stays for two minutes, restart the"
            " site."
        )
        return Flag(name, Level.BAD, words, fix)
    if is_silent(ticked, now):
        fix = (
            "Restart the site."
            if clockwork.on
            else "Set PADLOCK_SCHEDULER=on, or start a process that has it on."
        )
        return Flag(
            name, Level.BAD, f"{since}. Nothing is refreshed, so states are out of date.", fix
        )
    return Flag(name, Level.OK, f"{since}.")


def _last_run(clockwork: Clockwork) -> list[Flag]:
    name = "Daily refresh"
    state = clockwork.state
    if clockwork.late:
        fix = "See Scheduler on this page, and the site's log."
        return [Flag(name, Level.WARNING, "Today's refresh is more than an hour late.", fix)]
    if state == "failed":
        fix = "Look in the site's log. The next refresh tries again."
        return [Flag(name, Level.BAD, f"The last refresh failed. {clockwork.detail}".strip(), fix)]
    if state == "offline":
        fix = "Check that this machine reaches the internet. The refresh is retried automatically."
        return [Flag(name, Level.BAD, "The last refresh could not reach the network.", fix)]
    if clockwork.failed:
        level = (
            Level.BAD if refreshes.many_failed(clockwork.asked, clockwork.failed) else Level.WARNING
        )
        told = refreshes.failed_checks(clockwork.asked, clockwork.failed)
        fix = "Look in the site's log for the reason. The next refresh checks these names again."
        return [Flag(name, level, f"{told} The stored states of these names were kept.", fix)]
    words = "The last refresh succeeded." if state == "done" else "A refresh is running."
    return [Flag(name, Level.OK, words)] if state else []


def _budget(clockwork: Clockwork) -> Flag:
    """How much of the day's checks is used, and whether they are enough."""
    name = "Daily limit"
    fix = "Set PADLOCK_REFRESH_DAILY_LIMIT={}, or 0 for no limit."
    names_in_use = clockwork.names_in_use
    limit = clockwork.limit
    needed = clockwork.needed
    used = ngettext(
        "{used:,} of today's {count:,} check is used",
        "{used:,} of today's {count:,} checks are used",
        limit,
        used=clockwork.used,
    )
    if not limit:
        used = f"Today's checks: {clockwork.used:,}, without a limit"
    if needed is not None:
        words = f"{used}. The adaptive schedule needs about {needed:,} a day"
        if limit and needed > limit:
            return Flag(
                name, Level.WARNING, f"{words}, so some checks are late.", fix.format(needed)
            )
        return Flag(name, Level.OK, f"{words}.")
    days = days_a_round(names_in_use, limit)
    if days <= MAX_ROUND_DAYS:
        return Flag(name, Level.OK, f"{used}.")
    words = (
        f"{used}. At {limit:,} a day, each of {names_in_use:,} host names is refreshed every"
        f" {days} days"
    )
    return Flag(
        name, Level.WARNING, f"{words}. Problems in between go unnoticed.", fix.format(names_in_use)
    )


def storage(storage: Storage) -> list[Flag]:
    """Whether the database can be written, has room, and works as it should."""
    flags = []
    if storage.lost:
        words = f"{storage.problem}. Nothing is saved any more, because it would be lost."
        fix = (
            "Stop the site, put the right file in place (see docs/running.md, “The database”),"
            " and start the site."
        )
        flags.append(Flag("Database", Level.BAD, words, fix))
    elif storage.damaged:
        fix = "Stop the site and restore the last backup: see docs/running.md, “The database”."
        flags.append(Flag("Database", Level.BAD, f"It is damaged: {storage.problem}.", fix))
    elif "locked" in storage.problem:
        fix = (
            "Find the process that holds the file, for example with lsof, and end it. Nothing can"
            " be saved until then."
        )
        flags.append(
            Flag(
                "Database", Level.BAD, "Another process has locked it for more than a second.", fix
            )
        )
    elif storage.problem:
        fix = (
            "Free disk space, and check that the site may write there. Until then nothing can be"
            " changed."
        )
        flags.append(
            Flag("Database", Level.BAD, f"Nothing can be written: {storage.problem}.", fix)
        )
    elif storage.free is not None and storage.free < LOW:
        level = Level.BAD if storage.free < EMPTY else Level.WARNING
        fix = "Free disk space. Nothing can be saved once the disk is full."
        flags.append(
            Flag("Database", level, f"Only {_size(storage.free)} of disk space left.", fix)
        )
    else:
        room = "" if storage.free is None else f" {_size(storage.free)} of disk space left."
        flags.append(
            Flag("Database", Level.OK, f"{storage.backend} can be read and written.{room}")
        )
    if storage.journal and storage.journal != "wal":
        fix = (
            "Put the file on a local disk: SQLite's write-ahead log does not work on network"
            " shares."
        )
        words = (
            f"SQLite is in journal mode “{storage.journal}”, not “wal”. Readers and writers"
            " block each other."
        )
        flags.append(Flag("SQLite mode", Level.WARNING, words, fix))
    return flags


def jobs(failed: int, late: int) -> Flag:
    """Whether background jobs, such as mails, are done in time."""
    name = "Background jobs"
    told = job_words.backlog_text(failed, late)
    if not told:
        return Flag(name, Level.OK, "None has failed, and none is late.")
    fix = "See the list of background jobs on this page. Fix the cause, then retry or end each job."
    return Flag(name, Level.WARNING, told, fix)


def unreadable(name: str, problem: str) -> Flag:
    """What the database would have told, had it answered."""
    fix = "See Database on this page, and the site's log."
    return Flag(name, Level.BAD, f"The database could not be read: {problem}.", fix)


def _size(count: int) -> str:
    return f"{count / 2**30:,.0f} GB" if count >= 10 * 2**30 else f"{count // 2**20:,} MB"


def site(*, debug: bool, secure_cookies: bool, only_here: bool) -> list[Flag]:
    """Whether the site is set up as one that others reach.

    `only_here`: only this machine itself does.
    """
    flags = []
    if debug:
        fix = "Start it with make run, and without FLASK_DEBUG."
        words = "Debug mode is on. Anyone who triggers an error can run code on this machine."
        flags.append(Flag("Debug mode", Level.BAD, words, fix))
    if not secure_cookies and not only_here:
        fix = "Serve the site over HTTPS, and set PADLOCK_COOKIE_SECURE=on."
        flags.append(Flag("Cookies", Level.WARNING, "Cookies can be sent without encryption.", fix))
    return flags or [Flag("Site", Level.OK, "Debug mode is off, and cookies are protected.")]


def broker(wanted: bool, problem: str, workers: int) -> list[Flag]:
    """Whether several machines can work together; nothing where one does it all.

    `problem`: why the broker cannot be used.
    """
    name = "Broker"
    if not wanted:
        return []
    if problem:
        words = (
            f"The broker cannot be used: {problem}. The site refreshes on its own, which takes"
            " longer."
        )
        fix = (
            "Start Redis where PADLOCK_BROKER_URL says, and see that this machine reaches it and,"
            " by rediss://, trusts its certificate (PADLOCK_BROKER_CA). Workers then go on."
        )
        return [Flag(name, Level.BAD, words.replace("..", "."), fix)]
    if not workers:
        words = (
            "The broker answers, but no worker is running. The site refreshes on its own, which"
            " takes longer."
        )
        return [Flag(name, Level.WARNING, words, "Start one or more: .venv/bin/flask worker.")]
    words = ngettext(
        "The broker answers. {count:,} worker.", "The broker answers. {count:,} workers.", workers
    )
    return [Flag(name, Level.OK, words)]


def clock(seen: Seen, versions: Mapping[str, str], now: datetime) -> Flag:
    """Whether the clock can be right.

    What is stored and what is installed cannot be from the future.
    """
    name = "Clock"
    fix = "Set this machine's clock, and keep it right with NTP. Every date is compared with it."
    made = [
        day for kind in ("certifi", "OpenSSL") if (day := releases.released(kind, versions[kind]))
    ]
    if made and max(made) > now.date() + timedelta(days=1):
        return Flag(
            name,
            Level.BAD,
            "The clock is behind. Software installed here is newer than today's date.",
            fix,
        )
    if seen.last_check_at is not None and seen.last_check_at - now > SKEW:
        last = f"{seen.last_check_at:%d %b %Y, %H:%M} UTC"
        words = f"The last check was at {last}, which is in the future. The clock was set back."
        return Flag(name, Level.BAD, words, fix)
    if seen.from_the_future >= 3 and 20 * seen.from_the_future > seen.certificates:
        told = f"{seen.from_the_future:,} of {seen.certificates:,} certificates are not valid yet"
        words = f"{told}. The clock may be behind."
        return Flag(name, Level.WARNING, words, fix)
    return Flag(name, Level.OK, f"{now:%d %b %Y, %H:%M} UTC. No sign that it is wrong.")
