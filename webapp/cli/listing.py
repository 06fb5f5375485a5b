"""The command line: `flask listing check` and `flask listing rebuild`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from webapp.customers import index_check, search_index
from webapp.notices import expiring
from webapp.words import cli as say
from webapp.words import listings


@click.group("listing")
def listing() -> None:
    """Check or rebuild the rows that lists are sorted by."""


@listing.command("check")
def check() -> None:
    """Compare the row of each service and domain with its source, and the search index with the
    rows. Changes nothing.

    Exit code: 0 all are correct, 1 some are not.
    """
    with _bar(say.checking()) as progress:
        count = expiring.drifted() + index_check.drifted(datetime.now(UTC), progress)
    click.echo(listings.drift_text(count))
    flawed = search_index.flawed()
    if flawed:
        click.echo(listings.search_index_flawed())
    sys.exit(1 if count or flawed else 0)


@listing.command("rebuild")
def rebuild() -> None:
    """Rebuild the row of each service and domain, while the site runs.

    Also creates the search index if it, or a part of it, is missing. On SQLite nothing can be saved
    in the meantime: about 15 seconds for a million rows.
    """
    with _bar(say.writing()) as progress:
        expiring.rewrite()
        index_check.rebuild(datetime.now(UTC), progress)
    click.echo(listings.rebuilt())
    if not search_index.exists():
        click.echo(listings.no_search_index())


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
