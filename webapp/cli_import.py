"""The command line: `flask import FILE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from flask import current_app

from webapp.customers import imports
from webapp.customers.staging import open_staging
from webapp.customers.tables import NotATable


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Import without asking first.")
def import_file(file: Path, yes: bool) -> None:
    """Import the clients, services and domains in FILE, a CSV file: all of it or nothing.

    docs/import.md says how it has to look. Importing it again updates instead of doubling.
    Exit code: 0 done, 1 the file has problems and nothing was changed, 2 wrong usage.
    """
    if not file.is_file():
        raise click.UsageError("FILE has to be a file: it is read more than once, as no pipe can be.")
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Nobody is here to be asked whether to import: say --yes.")
    with TemporaryDirectory(prefix="import-", dir=current_app.instance_path) as folder:
        staged = Path(folder) / "rows"
        try:
            _check(file, staged)
            if not yes:
                click.confirm("Import now?", abort=True, err=True)
            with _bar() as progress:
                counts = imports.write(staged, None, file.name, datetime.now(UTC), progress)
        except NotATable as error:
            raise click.ClickException(f"{error} Nothing was changed.") from None
        except imports.ChangedMeanwhile:
            raise click.ClickException("Something else was changed at the same time. Nothing was imported.") from None
    click.echo(f"Imported: {imports.summary(counts)}.")


def _check(file: Path, staged: Path) -> None:
    """Says what is in the file and what is wrong with it; ends the command with 1 where it cannot be imported."""
    with _bar() as progress:
        checked = imports.check(file, staged, progress)
    for text in checked.notes:
        click.echo(f"note: {text}", err=True)
    with open_staging(staged) as staging:
        for problem in staging.problems():
            column = f", {problem.column}" if problem.column else ""
            weight = "" if problem.serious else "note: "
            click.echo(f"{file.name}, line {problem.line}{column}: {weight}{problem.text}", err=True)
    if checked.problems:
        count = f"{checked.problems:,} problem{'' if checked.problems == 1 else 's'}"
        raise click.ClickException(f"The file has {count}. Nothing was changed.")
    click.echo(f"{file.name}: {imports.summary(checked.counts)}.", err=True)


@contextmanager
def _bar() -> Iterator[imports.Progress]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda doing, done, total: None
        return
    bar: Any
    with click.progressbar(length=100, file=sys.stderr) as bar:

        def progress(doing: str, done: int, total: int) -> None:
            bar.label = doing
            bar.update(100 * done // max(1, total) - bar.pos)

        yield progress
