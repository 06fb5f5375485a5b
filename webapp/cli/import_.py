"""The command line: `flask import FILE`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import click
from flask import current_app

from webapp.imports import importer
from webapp.imports.csv_reader import NotATable
from webapp.imports.staging import open_staging
from webapp.words import cli as say
from webapp.words.counts import import_text
from webapp.words.imports import DOING


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Import without asking first.")
def import_file(file: Path, yes: bool) -> None:
    """Import the clients, services and domains in FILE, a CSV file: all of it or nothing.

    docs/import.md says how it has to look. Importing it again updates instead of doubling.
    Ctrl-C stops it, and nothing was changed then.
    Exit code: 0 done, 1 the file has problems and nothing was changed, 2 wrong usage, 130 stopped.
    """
    if not file.is_file():
        raise click.UsageError(say.file_wanted())
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError(say.no_terminal())
    stop = _Stop()
    with (
        TemporaryDirectory(prefix="import-", dir=current_app.instance_path) as folder,
        stop.on_signals(),
    ):
        staged = Path(folder) / "rows"
        try:
            _check(file, staged, stop)
            if not yes:
                with stop.at_once():
                    click.confirm(say.import_now(), abort=True, err=True)
            with _bar(stop) as progress:
                counts = importer.write(staged, None, file.name, datetime.now(UTC), progress)
        except NotATable as error:
            raise click.ClickException(say.not_a_table(str(error))) from None
        except importer.ChangedMeanwhile:
            raise click.ClickException(say.changed_meanwhile()) from None
        except importer.Stopped:
            click.echo(say.stopped(), err=True)
            sys.exit(128 + stop.signal)
    click.echo(say.imported(counts))


class _Stop:
    """Whether Ctrl-C was pressed. It is looked at between two chunks of rows: what is committed was
    not stopped, and what was stopped is not committed."""

    def __init__(self) -> None:
        self.signal = 0
        self._at_once = False

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self._note)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While a question waits for its answer, Ctrl-C ends it."""
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signal = number
        if self._at_once:
            raise importer.Stopped

    def look(self) -> None:
        if self.signal:
            raise importer.Stopped


def _check(file: Path, staged: Path, stop: _Stop) -> None:
    """Says what is in the file and what is wrong with it; ends the command with 1 where it cannot
    be imported."""
    with _bar(stop) as progress:
        checked = importer.check(file, staged, progress)
    for text in checked.notes:
        click.echo(f"note: {text}", err=True)
    with open_staging(staged) as staging:
        for problem in staging.problems():
            column = f", {problem.column}" if problem.column else ""
            weight = "" if problem.serious else "note: "
            click.echo(
                f"{file.name}, line {problem.line}{column}: {weight}{problem.text}", err=True
            )
    if checked.problems:
        raise click.ClickException(say.has_problems(checked.problems))
    click.echo(f"{file.name}: {import_text(checked.counts)}.", err=True)


@contextmanager
def _bar(stop: _Stop) -> Iterator[importer.Progress]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda doing, done, total: stop.look()
        return
    bar: Any
    with click.progressbar(length=100, file=sys.stderr) as bar:

        def progress(doing: str, done: int, total: int) -> None:
            stop.look()
            bar.label = DOING[doing]
            bar.update(100 * done // max(1, total) - bar.pos)

        yield progress
