"""The command line: `flask refresh`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import click
from flask import current_app

from webapp import probe
from webapp.customers import monitored_names
from webapp.extensions import db
from webapp.jobs import queue
from webapp.jobs.queue import Outcome
from webapp.monitor.models import RefreshRun, RunState
from webapp.monitor.refresh import runner, runs, selection
from webapp.words import cli as say
from webapp.words import hostnames, refreshes


@click.command("refresh")
@click.option(
    "--limit", type=click.IntRange(1), help="How many names to check, instead of the daily limit."
)
@click.option("--all", "everything", is_flag=True, help="Check every name in use.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Check only this name; can be given several times.",
)
def refresh_names(limit: int | None, everything: bool, hosts: tuple[str, ...]) -> None:
    """Check the stored host names again, the most urgent first, and store the results.

    Exit code: 0 all were checked, 1 some could not be (no network, or an error on our side), 2
    wrong usage.
    """
    if (limit is not None) + everything + bool(hosts) > 1:
        raise click.UsageError(say.say_which())
    only = _ids(hosts)
    daily: int = current_app.config["PADLOCK_REFRESH_DAILY_LIMIT"]
    most = 0 if everything or hosts else limit or daily
    size = len(only) if hosts else selection.names_in_use()
    job = runs.begin_here(most, datetime.now(UTC), size)
    if job is None:
        click.echo(say.nothing_to_refresh())
        return
    run_id = job.arguments["run"]
    outcome = Outcome(pause=timedelta(0))  # unless it comes to its end
    try:
        with _bar(db.session.get_one(RefreshRun, run_id).total) as progress:
            outcome = runner.work(job, Event(), only=only, progress=progress)
    finally:
        queue.finish(job, outcome, datetime.now(UTC))
    _tell(db.session.get_one(RefreshRun, run_id, populate_existing=True))


def _ids(hosts: tuple[str, ...]) -> list[int]:
    """The ids of these host names. Ends the command where one is not among those that are asked."""
    try:
        names = {probe.understand(host).authority: host for host in hosts}
    except probe.NotCheckable as error:
        raise click.UsageError(hostnames.REFUSALS[error.refusal]) from None
    known = monitored_names.ids_in_use(names)
    for name, host in names.items():
        if name not in known:
            raise click.ClickException(say.not_in_use(host))
    return list(known.values())


def _tell(run: RefreshRun) -> None:
    """One line of what came of it, and the exit code."""
    ended = run.ended_at or datetime.now(UTC)
    click.echo(refreshes.run_summary(run, ended - run.started_at))
    if run.state is RunState.OFFLINE:
        raise click.ClickException(say.monitor_offline(refreshes.monitor_offline_now()))
    if run.state is not RunState.DONE:
        raise click.ClickException(run.detail or say.not_ended())
    sys.exit(1 if run.failed else 0)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[RefreshRun], object]]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda run: None
        return
    bar: Any
    with click.progressbar(length=total, label=say.refreshing(), file=sys.stderr) as bar:
        yield lambda run: bar.update(run.asked - bar.pos)
