"""The command line: `flask import FILE`."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import click
from flask import current_app

from webapp import csv_writer
from webapp.imports import guessing, importer, mapping, remembered
from webapp.imports.encodings import CHOICES
from webapp.imports.staging import ROW_KINDS, open_staging
from webapp.imports.table_errors import NotATable
from webapp.words import cli as say
from webapp.words.counts import import_text
from webapp.words.imports import DOING


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Import without asking first.")
@click.option(
    "--client", default="", help="The client of rows that have none. A new name adds a client."
)
@click.option(
    "--kind", type=click.Choice(ROW_KINDS), help="What the rows are, if the file does not say."
)
@click.option(
    "--map",
    "columns",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='A JSON file that maps our columns to yours: {"domain": "Domain Name", "client": "User'
    ' ID"}.',
)
@click.option(
    "--encoding", type=click.Choice(CHOICES), help="The encoding of the file. Guessed if not given."
)
@click.option(
    "--dates",
    type=click.Choice(("day-first", "month-first")),
    help="How to read dates such as 01/02/2026.",
)
@click.option(
    "--skip-bad",
    is_flag=True,
    help="Import the other rows of a file with problems; its bad rows go to FILE.not-imported.csv.",
)
def import_file(
    file: Path,
    yes: bool,
    client: str,
    kind: str | None,
    columns: Path | None,
    encoding: str | None,
    dates: str | None,
    skip_bad: bool,
) -> None:
    """Import the clients, services and domains in FILE, a CSV file or a billing export.

    Rows with a problem stop the import, unless --skip-bad skips them. docs/import.md says how files
    are read. Importing a file again updates what is there instead of duplicating it. Ctrl-C stops
    the import, and nothing is changed. Exit code: 0 done, 1 the file has problems and nothing was
    changed, 2 wrong usage, 130 stopped.
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
            how = _mapping(file, columns, encoding or "")
            how = replace(
                how, client=client, kind=kind or how.kind, dates=(dates or "").replace("-", " ")
            )
            if how.missing:
                raise click.ClickException(say.cannot_be_read(how.missing))
            _check(file, staged, how, stop, skip_bad=skip_bad)
            if not yes:
                with stop.at_once():
                    click.confirm(say.import_now(), abort=True, err=True)
            with _bar(stop) as progress:
                counts = importer.write(
                    staged, None, file.name, datetime.now(UTC), progress, skip_bad=skip_bad
                )
            if skip_bad:
                _write_bad_rows(file, staged, how)
        except NotATable as error:
            raise click.ClickException(say.not_a_table(str(error))) from None
        except importer.AskDates as error:
            raise click.ClickException(say.say_dates(error.order.example)) from None
        except importer.PreviewOutdated:
            raise click.ClickException(say.changed_meanwhile()) from None
        except importer.Stopped:
            click.echo(say.stopped(), err=True)
            sys.exit(128 + stop.signal)
    click.echo(say.imported(counts))


def _mapping(file: Path, columns: Path | None, encoding: str) -> mapping.Mapping:
    """How the file is read: as the file `columns` says, or else as its headings do."""
    sample = guessing.sample_file(file, encoding)
    if columns is None:
        found, _ = remembered.proposed(sample)
        return replace(found, encoding=encoding)
    try:
        named = json.loads(columns.read_text(encoding="utf-8"))
    except ValueError:
        named = None
    if not isinstance(named, dict) or not all(isinstance(text, str) for text in named.values()):
        raise click.UsageError(say.bad_map(columns.name))
    guessed = guessing.guess(sample)
    numbers = mapping.named_by_person(sample.headings, named)
    return mapping.Mapping(numbers, kind=guessed.kind, encoding=encoding)


def _write_bad_rows(file: Path, staged: Path, how: mapping.Mapping) -> None:
    """Writes the rows that were left out beside the file, under a name that is free."""
    rows = importer.bad_rows(file, staged, how)
    lines = csv_writer.lines(next(rows), rows)
    heading = next(lines)
    first = next(lines, "")
    if not first:
        return
    for number in count(1):
        path = file.with_name(f"{file.stem}.not-imported{f'-{number}' if number > 1 else ''}.csv")
        try:
            with path.open("x", encoding="utf-8", newline="") as left:
                left.writelines([heading, first, *lines])
        except FileExistsError:
            continue
        click.echo(say.bad_rows_in(str(path)), err=True)
        return


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

    def check(self) -> None:
        if self.signal:
            raise importer.Stopped


def _check(file: Path, staged: Path, how: mapping.Mapping, stop: _Stop, *, skip_bad: bool) -> None:
    """Says what is in the file and what is wrong with it; ends the command with 1 where it cannot
    be imported."""
    with _bar(stop) as progress:
        checked = importer.check(file, staged, progress, how)
    for text in checked.notes:
        click.echo(f"note: {text}", err=True)
    with open_staging(staged) as staging:
        for problem in staging.problems():
            column = f", {problem.column}" if problem.column else ""
            weight = "" if problem.serious else "note: "
            click.echo(
                f"{file.name}, line {problem.line}{column}: {weight}{problem.text}", err=True
            )
    if checked.problems and not (skip_bad and checked.good_rows):
        raise click.ClickException(say.has_problems(checked.problems))
    click.echo(f"{file.name}: {import_text(checked.counts)}.", err=True)


@contextmanager
def _bar(stop: _Stop) -> Iterator[importer.Progress]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda doing, done, total: stop.check()
        return
    bar: Any
    with click.progressbar(length=100, file=sys.stderr) as bar:

        def progress(doing: str, done: int, total: int) -> None:
            stop.check()
            bar.label = DOING[doing]
            bar.update(100 * done // max(1, total) - bar.pos)

        yield progress
