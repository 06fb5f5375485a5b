"""What System health says: as a whole, and for each thing that it looks at what is wrong with it
and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from webapp.words import times
from webapp.words.counts import counted
from webapp.words.translation import Table, gettext, ngettext

# What is written over the flags of a level
LEVELS: Mapping[str, str] = Table(
    {
        "BAD": lambda: gettext("Fix now"),
        "WARNING": lambda: gettext("Warnings"),
        "OK": lambda: gettext("Passed"),
    }
)
# What a flag is about; one about a library has its name
SUBJECTS: Mapping[str, str] = Table(
    {
        "Background jobs": lambda: gettext("Background jobs"),
        "Broker": lambda: gettext("Broker"),
        "Clock": lambda: gettext("Clock"),
        "Control names": lambda: gettext("Control names"),
        "Cookies": lambda: gettext("Cookies"),
        "Daily limit": lambda: gettext("Daily limit"),
        "Daily refresh": lambda: gettext("Daily refresh"),
        "Database": lambda: gettext("Database"),
        "Debug mode": lambda: gettext("Debug mode"),
        "Libraries": lambda: gettext("Libraries"),
        "Mail texts": lambda: gettext("Mail texts"),
        "Resolver": lambda: gettext("Resolver"),
        "Scheduler": lambda: gettext("Scheduler"),
        "Search": lambda: gettext("Search"),
        "Site": lambda: gettext("Site"),
        "SQLite mode": lambda: gettext("SQLite mode"),
        "Trusted roots": lambda: gettext("Trusted roots"),
        "Warnings": lambda: gettext("Warnings"),
    }
)


def result_text(problems: int, warnings: int, checks: int) -> str:
    """ "1 problem, 2 warnings in 9 checks." """
    if not problems and not warnings:
        return ngettext("{count:,} check passed.", "All {count:,} checks passed.", checks)
    found = {"problem": problems, "warning": warnings}
    flags = ", ".join(counted(kind, count) for kind, count in found.items() if count)
    return gettext("{flags} in {checks}.", flags=flags, checks=counted("check", checks))


# --- libraries ---


def update_library(package: str) -> str:
    return gettext(
        "Update it: .venv/bin/pip install --upgrade {package}, then restart the site.",
        package=package,
    )


def libraries_are_new() -> str:
    return gettext("TLS libraries are supported and less than a year old.")


def library_unsupported(version: str, until: date) -> str:
    day = times.day_text(until)
    return gettext(
        "{version}: its branch has been unsupported since {day}.", version=version, day=day
    )


def library_old(version: str) -> str:
    return gettext("{version} is more than a year old.", version=version)


# --- trusted roots ---


def roots_text(count: int, path: Path, digest: str) -> str:
    return ngettext(
        "{count:,} root in {path}, SHA-256 {digest}…",
        "{count:,} roots in {path}, SHA-256 {digest}…",
        count,
        path=path,
        digest=digest,
    )


def roots_unusable(path: Path, problem: str) -> str:
    return gettext("{path} cannot be used: {problem}.", path=path, problem=problem)


def replace_roots() -> str:
    return gettext(
        "Put a readable PEM file there, or leave PADLOCK_CA_BUNDLE empty to use certifi's roots."
    )


# --- name servers ---


def no_name_server() -> str:
    return gettext("This machine has no name server, so no name can be looked up.")


def check_name_server() -> str:
    return gettext(
        "Check /etc/resolv.conf and that name server. Every check starts with a DNS lookup."
    )


def name_servers_answer(servers: Sequence[str]) -> str:
    named = ", ".join(servers)
    return ngettext("{servers} answers.", "{servers} answer.", len(servers), servers=named)


def name_servers_quick(servers: str, milliseconds: int) -> str:
    return gettext("{servers}: {milliseconds:,} ms.", servers=servers, milliseconds=milliseconds)


def name_server_slow(server: str, seconds: float) -> str:
    return gettext(
        "{server} is slow: it took {seconds:.1f} seconds to answer.",
        server=server,
        seconds=seconds,
    )


def replace_slow_name_server() -> str:
    return gettext(
        "Check that name server, or set a faster one in /etc/resolv.conf. A slow one slows every"
        " check."
    )


def name_server_silent(server: str, seconds: int) -> str:
    return ngettext(
        "{server} did not answer within {count} second.",
        "{server} did not answer within {count} seconds.",
        seconds,
        server=server,
    )


def name_server_not_reached(server: str, detail: str) -> str:
    return gettext("This machine cannot send to {server}: {detail}.", server=server, detail=detail)


def name_server_failed(server: str, detail: str) -> str:
    return gettext(
        "{server} answers, but can't look up names ({detail}).",
        server=server,
        detail=detail or gettext("no valid answer"),
    )


def name_server_denies(server: str, name: str) -> str:
    if name == ".":
        return gettext("{server} answers that the DNS root does not exist.", server=server)
    return gettext("{server} answers that {name} does not exist.", server=server, name=name)


def resolver_unused() -> str:
    return gettext("Not used: PADLOCK_CONNECT_TO names the address to ask for every host name.")


# --- control names ---


def controls_answered(names: str) -> str:
    return gettext("{names} answered.", names=names)


def controls_silent(names: str) -> str:
    return gettext("No answer from {names}.", names=names)


def check_network() -> str:
    return gettext(
        "Check that this machine reaches the internet (DNS and port 443). Stored states are kept"
        " until then."
    )


# --- the scheduler and the daily refresh ---


def scheduler_active(ticked_at: datetime, now: datetime) -> str:
    return gettext("Last active {ago}.", ago=times.age_text(ticked_at, now))


def scheduler_silent(ticked_at: datetime | None, now: datetime) -> str:
    if ticked_at is None:
        return gettext("It has never run. Nothing is refreshed, so states are out of date.")
    return gettext(
        "Last active {ago}. Nothing is refreshed, so states are out of date.",
        ago=times.age_text(ticked_at, now),
    )


def scheduler_in_the_future(ticked_at: datetime) -> str:
    return gettext(
        "It was last active at {moment}, which is in the future. The clock was set back.",
        moment=times.instant_text(ticked_at),
    )


def wait_for_the_clock() -> str:
    return gettext(
        "Check the clock of this machine. If this message stays for two minutes, restart the site."
    )


def restart_the_site() -> str:
    return gettext("Restart the site.")


def switch_the_scheduler_on() -> str:
    return gettext("Set PADLOCK_SCHEDULER=on, or start a process that has it on.")


def refresh_late() -> str:
    return gettext("Today's refresh is more than an hour late.")


def warnings_held_back() -> str:
    return gettext(
        "No warnings are sent, because checks can't be relied on. What is due is sent in one"
        " message when the monitor works again."
    )


def see_other_problems() -> str:
    return gettext("Fix the other problems on this page.")


def nothing_checked(checked_at: datetime, now: datetime) -> str:
    return gettext(
        "The last check of a host name was {ago}, so states are out of date.",
        ago=times.age_text(checked_at, now),
    )


def see_scheduler() -> str:
    return gettext("See Scheduler on this page, and the site's log.")


def refresh_failed(detail: str) -> str:
    if not detail:
        return gettext("The last refresh failed.")
    return gettext("The last refresh failed. {detail}", detail=detail)


def look_in_the_log() -> str:
    return gettext("Check the site's log. The next refresh tries again.")


def refresh_offline() -> str:
    return gettext("The last refresh could not reach the network.")


def wait_for_the_network() -> str:
    return gettext(
        "Check that this machine reaches the internet. The refresh is retried automatically."
    )


def checks_failed(told: str) -> str:
    return gettext("{told} The stored states of these names were kept.", told=told)


def look_for_the_reason() -> str:
    return gettext(
        "Check the site's log for the reason. The next refresh checks these names again."
    )


def refresh_succeeded() -> str:
    return gettext("The last refresh succeeded.")


def refresh_running() -> str:
    return gettext("A refresh is running.")


# --- the daily limit ---


def checks_used(used: int, limit: int) -> str:
    if not limit:
        return gettext("Today's checks: {used:,}. There is no limit.", used=used)
    return ngettext(
        "{used:,} of today's {count:,} check is used.",
        "{used:,} of today's {count:,} checks are used.",
        limit,
        used=used,
    )


def checks_needed(needed: int) -> str:
    return gettext("The adaptive schedule needs about {needed:,} a day.", needed=needed)


def too_few_checks(needed: int) -> str:
    return gettext(
        "The adaptive schedule needs about {needed:,} a day, so some checks are late.",
        needed=needed,
    )


def long_round(limit: int, names_in_use: int, days: int) -> str:
    return gettext(
        "At {limit:,} a day, each of {names:,} host names is refreshed every {days} days. Problems"
        " in between go unnoticed.",
        limit=limit,
        names=names_in_use,
        days=days,
    )


def raise_the_limit(limit: int) -> str:
    return gettext("Set PADLOCK_REFRESH_DAILY_LIMIT={limit}, or 0 for no limit.", limit=limit)


# --- the database ---


# What became of the file
_LOST: Mapping[str, str] = Table(
    {
        "deleted": lambda: gettext("The database file was deleted while the site was running."),
        "replaced": lambda: gettext(
            "The database file was replaced by another one while the site was running."
        ),
        "emptied": lambda: gettext("The database file was emptied while the site was running."),
    }
)


def database_lost(change: str) -> str:
    return gettext(
        "{lost} Nothing is saved any more, because it would be lost.", lost=_LOST[change]
    )


def replace_the_file() -> str:
    return gettext(
        "Stop the site, put the right file in place (see docs/running.md, “The database”), and"
        " start the site."
    )


def database_damaged(problem: str) -> str:
    return gettext("It is damaged: {problem}.", problem=problem)


def restore_the_backup() -> str:
    return gettext(
        "Stop the site and restore the last backup: see docs/running.md, “The database”."
    )


def database_locked() -> str:
    return gettext("Another process has locked it for more than a second.")


def end_the_lock() -> str:
    return gettext(
        "Find the process that uses the file, for example with lsof, and end it. Nothing can be"
        " saved until then."
    )


def database_read_only(problem: str) -> str:
    return gettext("Nothing can be written: {problem}.", problem=problem)


def make_it_writable() -> str:
    return gettext(
        "Free disk space, and check that the site can write there. Until then nothing can be"
        " changed."
    )


def little_room(free: int) -> str:
    return gettext("Only {size} of disk space left.", size=_size(free))


def free_room() -> str:
    return gettext("Free disk space. Nothing can be saved once the disk is full.")


def database_well(backend: str, free: int | None) -> str:
    if free is None:
        return gettext("{backend} can be read and written.", backend=backend)
    return gettext(
        "{backend} can be read and written. {size} of disk space left.",
        backend=backend,
        size=_size(free),
    )


def journal_mode(journal: str) -> str:
    return gettext(
        "SQLite is in journal mode “{journal}”, not “wal”. Readers and writers block each other.",
        journal=journal,
    )


def use_a_local_disk() -> str:
    return gettext(
        "Put the file on a local disk: SQLite's write-ahead log does not work on network shares."
    )


def database_unreadable(problem: str) -> str:
    return gettext("The database could not be read: {problem}.", problem=problem)


def see_database() -> str:
    return gettext("See Database on this page, and the site's log.")


def _size(count: int) -> str:
    return f"{count / 2**30:,.0f} GB" if count >= 10 * 2**30 else f"{count // 2**20:,} MB"


# --- searches ---


def search_indexed() -> str:
    return gettext("Searches use an index.")


def search_slow() -> str:
    return gettext("Searches have no index. Each one scans all rows.")


def make_search_index(backend: str, *, possible: bool) -> str:
    """`possible`: the database has what the index takes."""
    command = "flask listing rebuild"
    if backend == "sqlite" and not possible:
        return gettext(
            "Use a Python whose SQLite is 3.35 or newer and has FTS5. Then run `{command}`.",
            command=command,
        )
    if backend == "sqlite":
        return gettext("Run `{command}` at a quiet time.", command=command)
    if not possible:
        return gettext(
            "Install PostgreSQL's additional modules (postgresql-contrib) on the database server."
            " Then run `{command}`.",
            command=command,
        )
    return gettext(
        "Run `{command}`. If that is not permitted, have the database administrator run `CREATE"
        " EXTENSION pg_trgm` in this database first.",
        command=command,
    )


# --- background jobs ---


def jobs_well() -> str:
    return gettext("No job has failed, and none is late.")


def see_jobs() -> str:
    return gettext(
        "See the list of background jobs on this page. Fix the cause, then retry or end each job."
    )


# --- how the site is set up ---


def debug_is_on() -> str:
    return gettext("Debug mode is on. Anyone who triggers an error can run code on this machine.")


def start_without_debug() -> str:
    return gettext("Start the site with make run, and without FLASK_DEBUG.")


def cookies_in_the_open() -> str:
    return gettext("Cookies can be sent without encryption.")


def serve_over_https() -> str:
    return gettext("Serve the site over HTTPS, and set PADLOCK_COOKIE_SECURE=on.")


def site_well() -> str:
    return gettext("Debug mode is off, and cookies are protected.")


# --- the broker ---


def broker_unusable(problem: str) -> str:
    return gettext(
        "The broker cannot be used: {problem}. The site refreshes without workers, which takes"
        " longer.",
        problem=problem.removesuffix("."),
    )


def start_redis() -> str:
    return gettext(
        "Start Redis at PADLOCK_BROKER_URL, and make sure that this machine can reach it. With"
        " rediss:// this machine must trust its certificate, too (PADLOCK_BROKER_CA). Workers then"
        " continue."
    )


def no_worker() -> str:
    return gettext(
        "The broker answers, but no worker is running. The site refreshes without workers, which"
        " takes longer."
    )


def start_workers() -> str:
    return gettext("Start one or more: .venv/bin/flask worker.")


def workers_text(count: int) -> str:
    return ngettext(
        "The broker answers. {count:,} worker.", "The broker answers. {count:,} workers.", count
    )


# --- the clock ---


def clock_behind() -> str:
    return gettext("The clock is behind. Software installed here is newer than today's date.")


def clock_set_back(last_check_at: datetime) -> str:
    return gettext(
        "The last check was at {moment}, which is in the future. The clock was set back.",
        moment=times.instant_text(last_check_at),
    )


def certificates_from_the_future(count: int, total: int) -> str:
    return gettext(
        "{count:,} of {total:,} certificates are not valid yet. The clock may be behind.",
        count=count,
        total=total,
    )


def clock_well(now: datetime) -> str:
    return gettext("{moment}. No sign that it is wrong.", moment=times.instant_text(now))


def set_the_clock() -> str:
    return gettext(
        "Set this machine's clock, and keep it right with NTP. Every date is compared with it."
    )
