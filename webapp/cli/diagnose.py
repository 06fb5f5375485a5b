"""The command line: `flask diagnose HOST`."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from flask import current_app

from webapp.monitor.probing import probe_settings
from webapp.probe.address import literal
from webapp.probe.diagnosis import diagnose
from webapp.probe.finding import State
from webapp.probe.steps import NameUnderstood, Step, Verdict
from webapp.words import (
    certificates,
    chain_faults,
    diagnosis,
    diagnosis_verdict,
    hostnames,
    notes,
    told,
    transcript,
    verdicts,
)
from webapp.words import cli as say

_SIGNS = {told.GOOD: "✓", told.BAD: "✗", told.UNSURE: "?", told.NOTE: "!", told.PLAIN: "·"}
_COLOURS = {told.GOOD: "green", told.BAD: "red", told.UNSURE: "yellow", told.NOTE: "yellow"}


def _address(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else literal(text)
    except ValueError:
        raise click.BadParameter(say.address_wanted()) from None


@click.command("diagnose")
@click.argument("host")
@click.option(
    "--server", callback=_address, help="The IP address of the server that HOST should point to."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print each step as one line of JSON.",
)
def diagnose_host(host: str, server: str | None, as_json: bool) -> None:
    """Check HOST in detail, step by step, and say how to fix what is wrong.

    Exit code: 0 it is valid at every address and in every browser, 1 it is not, 2 wrong usage.
    """
    steps: list[Step] = []
    for step in diagnose(host, probe_settings(current_app.config), server):
        steps.append(step)
        if as_json:
            click.echo(json.dumps(_json(step, steps)))
        else:
            _say(diagnosis.tell(step, staff=True))
    verdict = transcript.verdict_of(steps)
    if not as_json:
        _say_texts(steps)
    valid = verdict is not None and verdict.finding.state is State.VALID
    sys.exit(
        0 if verdict is not None and valid and not verdict.odd and not verdict.second_is_bad else 1
    )


def _say(told: told.StepText, indent: int = 0) -> None:
    """One step. click leaves the colours out where they are not seen."""
    space = "  " * indent
    click.echo(
        f"{space}{click.style(_SIGNS[told.mark], _COLOURS.get(told.mark))}"
        f" {click.style(told.heading, bold=True)}"
    )
    if told.text:
        click.echo(f"{space}  {told.text}")
    width = max((len(label) for label, _ in told.facts), default=0)
    for label, value in told.facts:
        click.echo(f"{space}  {click.style(f'{label:<{width}}', dim=True)}  {value}")
    for note in told.notes:
        click.echo(f"{space}  - {note}")
    for part in told.parts:
        _say(part, indent + 1)


def _say_texts(steps: Sequence[Step]) -> None:
    for heading, text in (
        (say.what_curl_shows(), transcript.transcript(steps)),
        (say.what_to_send(), transcript.support_text(steps, staff=True)),
    ):
        if text:
            click.echo(f"\n{click.style(heading, bold=True)}\n")
            click.echo(text)


def _json(step: Step, steps: Sequence[Step]) -> dict[str, Any]:
    line = {"step": type(step).__name__, **_plain(step)}
    if isinstance(step, NameUnderstood):
        line |= {"left_out": hostnames.left_out_texts(step.text)}
    if isinstance(step, Verdict):
        line |= {
            "state": step.finding.state.value,
            "message": verdicts.finding_text(step.finding),
            "cure": verdicts.cure_text(step.finding.reason, step.finding),
            "what_to_do": diagnosis_verdict.what_to_do(step),
            "notes": [
                *([certificates.second_text(step.second)] if step.second is not None else []),
                *(chain_faults.weakness_text(remark) for remark in step.remarks),
                *notes.note_texts(step.finding.notes, staff=True),
            ],
            "curl_command": diagnosis.command(step.finding) or None,
            "transcript": transcript.transcript(steps) or None,
            "support_text": transcript.support_text(steps, staff=True) or None,
        }
    return line


def _plain(value: Any) -> Any:
    """A value of the engine's in what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, frozenset):
        return sorted(_plain(each) for each in value)
    return round(value, 3) if isinstance(value, float) else value
