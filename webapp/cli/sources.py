"""The command line for billing systems: `flask sources add`, `list`, `sync`, `change`, `pause`,
`resume` and `remove`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from webapp.customers import concurrency
from webapp.errors import NotFound
from webapp.sources import registry, sync
from webapp.sources.kinds import SOURCE_KINDS
from webapp.sources.models import GONE_PERCENT, PROPERTY_KEY, TOO_MANY_GONE, Source
from webapp.sources.summary import of_each_kind
from webapp.words import cli as say
from webapp.words.activity import COMMAND_LINE
from webapp.words.counts import sync_text
from webapp.words.sources import fault_text, paused, resumed

_PERCENT = click.IntRange(0, 100)
MOST_CREDENTIALS = 4000  # characters of the file


@click.group("sources")
def sources() -> None:
    """Billing systems that clients, services and domains are read from."""


@sources.command("add")
@click.argument("name")
@click.option("--kind", type=click.Choice(SOURCE_KINDS), required=True)
@click.option(
    "--url", required=True, help="The address of the panel, or of the CSV; https:// is needed."
)
@click.option(
    "--credentials",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="A JSON file; docs/sources.md lists its keys. It is stored encrypted.",
)
@click.option("--watch-other", is_flag=True, help='Check products of type "other" of WHMCS, too.')
@click.option(
    "--add-users", is_flag=True, help="Add a user for each client, by the client's e-mail address."
)
@click.option(
    "--property-key",
    default=PROPERTY_KEY,
    show_default=True,
    help="The property that holds the domain of a service at Paymenter.",
)
@click.option(
    "--gone-limit",
    type=_PERCENT,
    default=GONE_PERCENT,
    show_default=True,
    help="How many percent of the services or of the domains may be gone at once.",
)
def add(
    name: str,
    kind: str,
    url: str,
    credentials: Path,
    watch_other: bool,
    add_users: bool,
    property_key: str,
    gone_limit: int,
) -> None:
    """Add the billing system NAME. Nothing is read yet.

    From then on it is read every hour by the scheduler. `flask sources sync NAME --preview` shows
    what that would change. Exit code: 0 added, 2 wrong usage.
    """
    settings = registry.Settings(
        name=name,
        kind=kind,
        url=url,
        credentials=_credentials(kind, credentials),
        watch_other=watch_other,
        add_users=add_users,
        property_key=property_key,
        gone_percent=gone_limit,
    )
    try:
        source = registry.add(None, settings, datetime.now(UTC))
    except registry.BadValue as error:
        raise click.BadParameter(str(error), param_hint=error.field) from None
    except concurrency.Taken as error:
        raise click.BadParameter(str(error), param_hint="name") from None
    click.echo(say.source_added(source.name))


def _credentials(kind: str, file: Path) -> Mapping[str, str]:
    """What the file holds. What is wrong with it is said without it."""
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        raise click.BadParameter(say.no_json_object(), param_hint="--credentials") from None
    needed, optional = registry.CREDENTIALS[kind]
    known = {*needed, *optional}
    if not isinstance(found, dict):
        raise click.BadParameter(say.no_json_object(), param_hint="--credentials")
    texts = all(isinstance(value, str) and value for name, value in found.items() if name in known)
    if not texts or needed - found.keys() or found.keys() - known:
        words = say.credentials_wanted(sorted(needed), sorted(optional))
        raise click.BadParameter(words, param_hint="--credentials")
    if sum(map(len, found.values())) > MOST_CREDENTIALS:
        raise click.BadParameter(say.credentials_too_long(), param_hint="--credentials")
    return found


@sources.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def list_sources(as_json: bool) -> None:
    """List the billing systems. Credentials are not shown."""
    found = registry.listed()
    if as_json:
        click.echo(json.dumps([_facts(source) for source in found]))
        return
    for source in found:
        told = _facts(source)
        click.echo("  ".join(told.values()))
    if not found:
        click.echo(say.no_sources(), err=True)


def _facts(source: Source) -> dict[str, str]:
    state = say.source_paused() if source.paused else say.source_next(source.next_at)
    run = registry.last_run(source)
    last = say.source_never()
    if run is not None:
        last = say.source_last(run.ended_at, fault_text(run.fault, run.fault_parameters))
    facts = {"name": source.name, "kind": source.kind, "url": source.url, "state": state}
    return facts | {"last": last}


@sources.command("sync")
@click.argument("name")
@click.option("--preview", is_flag=True, help="Only show what would change. Nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@click.option(
    "--gone-limit",
    type=_PERCENT,
    help="How many percent may be gone, this time. 100 agrees to any number.",
)
def sync_source(name: str, preview: bool, as_json: bool, gone_limit: int | None) -> None:
    """Read the billing system NAME now, and write what has changed there.

    Exit code: 0 complete, 1 stopped and nothing was written, 2 wrong usage.
    """
    source = _named(name)
    agreed = of_each_kind(gone_limit)
    order = sync.Order(None, COMMAND_LINE, datetime.now(UTC), preview, agreed)
    summary = sync.run(source, order, lambda doing, done, total: None)
    if as_json:
        click.echo(json.dumps(_as_json(summary)))
    else:
        _show(summary, preview)
    sys.exit(0 if summary.fault is None else 1)


def _as_json(summary: sync.Summary) -> dict[str, Any]:
    problems = [
        {"row": one.row, "field": one.field, "words": one.words} for one in summary.problems
    ]
    listed = {
        "source": summary.source,
        "complete": summary.fault is None,
        "stopped": summary.stopped,
        "clients": summary.counts["client"],
        "services": summary.counts["service"],
        "domains": summary.counts["domain"],
        "problems": problems,
    }
    cut = summary.problem_count > len(problems)
    return listed | ({"problem_count": summary.problem_count} if cut else {})


def _show(summary: sync.Summary, preview: bool) -> None:
    for one in summary.problems:
        weight = "" if one.serious else "note: "
        place = f"{one.row}, {one.field}" if one.field else one.row
        click.echo(f"{place}: {weight}{one.words}", err=True)
    if summary.stopped is not None:
        click.echo(say.sync_stopped(summary.source, summary.stopped), err=True)
        if summary.fault is not None and summary.fault.code == TOO_MANY_GONE:
            click.echo(say.agree_to_gone(), err=True)
    if summary.stopped is None or preview:
        click.echo(f"{summary.source}: {sync_text(summary.counts)}.")


@sources.command("change")
@click.argument("name")
@click.option("--url", help="Another address. For another server, --credentials is needed, too.")
@click.option(
    "--credentials",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file with all of the new credentials.",
)
@click.option("--watch-other/--no-watch-other", default=None, help="As with add.")
@click.option("--add-users/--no-add-users", default=None, help="As with add.")
@click.option("--property-key", help="As with add.")
@click.option("--gone-limit", type=_PERCENT, help="As with add.")
def change(
    name: str,
    url: str | None,
    credentials: Path | None,
    watch_other: bool | None,
    add_users: bool | None,
    property_key: str | None,
    gone_limit: int | None,
) -> None:
    """Change the billing system NAME. What is not said stays as it is.

    Exit code: 0 changed, 2 wrong usage.
    """
    source = _named(name)
    settings = registry.Settings(
        name=source.name,
        kind=source.kind,
        url=url or source.url,
        credentials=_credentials(source.kind, credentials) if credentials else None,
        watch_other=source.watch_other if watch_other is None else watch_other,
        add_users=source.add_users if add_users is None else add_users,
        property_key=property_key or source.property_key,
        gone_percent=source.gone_percent if gone_limit is None else gone_limit,
    )
    try:
        registry.change(None, source.id, settings, datetime.now(UTC))
    except registry.BadValue as error:
        raise click.BadParameter(str(error), param_hint=error.field) from None
    click.echo(say.source_changed(name))


@sources.command("pause")
@click.argument("name")
def pause(name: str) -> None:
    """Stop the hourly syncs of the billing system NAME, until `resume`.

    Exit code: 0 paused, 2 wrong usage.
    """
    registry.pause(None, _named(name).id, datetime.now(UTC), paused=True)
    click.echo(paused(name))


@sources.command("resume")
@click.argument("name")
def resume(name: str) -> None:
    """Sync the billing system NAME every hour again.

    Exit code: 0 resumed, 2 wrong usage.
    """
    registry.pause(None, _named(name).id, datetime.now(UTC), paused=False)
    click.echo(resumed(name))


@sources.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Remove the billing system NAME. Its clients, services and domains stay, and are kept by hand
    from then on.

    Exit code: 0 removed, 2 wrong usage.
    """
    source = _named(name)
    click.echo(say.source_removed(registry.remove(None, source.id, datetime.now(UTC))))


def _named(name: str) -> Source:
    try:
        return registry.by_name(name)
    except NotFound:
        raise click.BadParameter(say.no_such_source(), param_hint="NAME") from None
