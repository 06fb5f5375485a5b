"""The command line: `flask listing check` and `flask listing rebuild`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from webapp.customers import index_check
from webapp.words import listings


@click.group("listing")
def listing() -> None:
    """Check the rows that lists are sorted by, or write them again."""


@listing.command("check")
def check() -> None:
    """Compare the row of each service and domain with what it copies. Changes nothing.

    Exit code: 0 all rows are right, 1 some are not.
    """
    with _bar("Checking") as progress:
        count = index_check.drifted(datetime.now(UTC), progress)
    click.echo(listings.drift_text(count))
    sys.exit(1 if count else 0)


@listing.command("rebuild")
def rebuild() -> None:
    """Write the row of each service and domain again, while the site runs."""
    with _bar("Writing") as progress:
        index_check.rebuild(datetime.now(UTC), progress)
    click.echo(listings.rebuilt())


@contextmanager
def _bar(label: str) -> Iterator[index_check.Progress]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    bar: Any
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress
