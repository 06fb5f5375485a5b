"""The command line: `flask alerts rehearse FACTS`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from webapp.alerts.facts import is_in_range, read_instant
from webapp.alerts.messages import Message
from webapp.alerts.rehearsal import BadLine, rehearse
from webapp.alerts.rules import BadRule, RuleBook, read_rules
from webapp.probe.clean_text import clean
from webapp.words import alerts as say


class _Wrong(click.ClickException):
    """The input cannot be used."""

    exit_code = 2


def _until(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    try:
        at = None if text is None else read_instant(text)
    except ValueError:
        raise click.BadParameter(say.bad_until()) from None
    if at is not None and not is_in_range(at):
        raise click.BadParameter(say.bad_until())
    return at


@click.group("alerts")
def alerts() -> None:
    """Which messages about certificates are sent, and when."""


@alerts.command("rehearse")
@click.argument("facts", type=click.File("rb"))
@click.option(
    "--rules",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file; docs/alerts.md lists its keys.",
)
@click.option("--until", callback=_until, help="Continue up to this time, past the last line.")
@click.option("--json", "as_json", is_flag=True, help="Print each message as one line of JSON.")
def rehearse_facts(
    facts: BinaryIO, rules: Path | None, until: datetime | None, as_json: bool
) -> None:
    """Show which messages a history of checks would have caused. Nothing is sent, and no
    database is used.

    FACTS has one JSON object per line, sorted by time; - reads standard input. docs/alerts.md lists
    its keys.

    Exit code: 0 done, 2 wrong usage, a wrong line or a wrong rule.
    """
    book = _rules(rules)
    show = json_line if as_json else _line
    try:
        lines = [show(message) for message in rehearse(facts, book, until)]
    except BadLine as error:
        raise _Wrong(say.bad_line(error.number, error.wrong, error.key)) from None
    for line in lines:
        click.echo(line)
    if not as_json:
        click.echo(say.message_count(len(lines)), err=True)


def _rules(file: Path | None) -> RuleBook:
    try:
        return read_rules({} if file is None else json.loads(file.read_text(encoding="utf-8")))
    except BadRule as error:
        raise _Wrong(say.bad_rule(clean(error.path), error.mistake)) from None
    except (ValueError, RecursionError):
        raise _Wrong(say.rules_no_json()) from None


def _line(message: Message) -> str:
    events = [say.event_text(*event) for event in message.events]
    told = say.message_text(message.to, events, reminder=message.reminder)
    return f"{_iso(message.at)}  {clean(told, len(told))}"


def json_line(message: Message) -> str:
    """A message as a line of JSON."""
    return json.dumps(
        {
            "at": _iso(message.at),
            "to": message.to,
            "urgent": message.urgent,
            "events": [event._asdict() for event in message.events],
            "incident": message.incident,
            "reminder": message.reminder,
        }
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
