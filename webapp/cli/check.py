"""The command line: `flask check HOST…`."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import click
from flask import current_app

from webapp import probe
from webapp.monitor.probing import probe_settings
from webapp.words import certificates, hostnames, notes, times, verdicts
from webapp.words import cli as say

PROGRESS_BAR_FROM_NAMES = 10  # names from which on a terminal shows a progress bar


@click.command()
@click.argument("hosts", nargs=-1, metavar="HOST...")
@click.option(
    "--file",
    "names",
    type=click.File("rb"),
    help="Names to check, one per line; - reads standard input.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each result as one line of JSON.")
def check(hosts: tuple[str, ...], names: BinaryIO | None, as_json: bool) -> None:
    """Check the certificates of HOSTs now, and print the result of each.

    Exit code: 0 every name is valid, 1 some are not, 2 wrong usage.
    """
    if not hosts and names is None:
        raise click.UsageError(say.name_a_host())
    in_file = _count(names) if names is not None else 0
    total = None if in_file is None else len(hosts) + in_file
    if total == 0:
        raise click.UsageError(say.no_names_in_file())
    show = _json_line if as_json else _line
    states = set()
    findings = probe.check_many(
        _inputs(hosts, names),
        probe_settings(current_app.config),
        current_app.config["PADLOCK_PROBE_CONCURRENCY"],
    )
    for finding in _with_progress(findings, total):
        states.add(finding.state)
        click.echo(show(finding, datetime.now(UTC)))
    sys.exit(0 if states <= {probe.State.VALID} else 1)


def _inputs(hosts: Iterable[str], names: BinaryIO | None) -> Iterator[str]:
    yield from hosts
    for line in names or ():
        text = (
            line.removesuffix(b"\n")
            .removesuffix(b"\r")
            .decode("utf-8", "replace")
            .removeprefix("\ufeff")
        )
        if text.strip() and not text.lstrip().startswith("#"):
            yield text


def _count(names: BinaryIO) -> int | None:
    """How many names a file holds; None for a pipe, which can be read only once."""
    if not names.seekable():
        return None
    count = sum(1 for _ in _inputs((), names))
    names.seek(0)
    return count


def _with_progress(findings: Iterator[probe.Finding], total: int | None) -> Iterator[probe.Finding]:
    """The same findings; on a terminal a bar below the lines shows how far it is, when there are
    many."""
    if not (sys.stderr.isatty() and (total is None or total >= PROGRESS_BAR_FROM_NAMES)):
        yield from findings
        return
    bar: Any
    with click.progressbar(length=total, label=say.checking(), file=sys.stderr) as bar:
        for finding in findings:
            # The line for people takes the bar's place, the bar the next
            click.echo("\r\x1b[K", nl=False, err=True)
            yield finding
            bar.update(1)


def _line(finding: probe.Finding, now: datetime) -> str:
    certificate = finding.certificate
    parts = [verdicts.title(finding.state, finding.reason, finding)]
    if certificate is not None:
        parts += [
            certificates.issuer_text(certificate.issuer, certificate.unreadable),
            times.expiry_text(certificate.not_after, now).removesuffix("."),
        ]
        if certificate.unreadable:
            parts.append(f"not readable: {certificates.unreadable_text(certificate.unreadable)}")
    if finding.refusal is not None:
        parts.append(hostnames.refusal_text(finding.refusal, finding.allowed_ports, admin=True))
    elif finding.detail:
        parts.append(finding.detail)
    parts += [text.removesuffix(".") for text in hostnames.left_out_texts(finding.input)]
    parts += [text.removesuffix(".") for text in notes.stray_texts(finding.stray, finding.reason)]
    parts += [finding.address or "", finding.tls_version or "", f"{finding.elapsed_seconds:.2f} s"]
    parts += notes.note_texts(finding.notes, staff=True)
    name = probe.to_unicode(finding.authority) if finding.authority else repr(finding.input)
    return f"{finding.state.upper():<8} {name:<30} {' · '.join(part for part in parts if part)}"


def _json_line(finding: probe.Finding, now: datetime) -> str:
    certificate = finding.certificate or probe.Certificate(fingerprint="")
    line: dict[str, Any] = {
        "input": finding.input,
        "hostname": finding.hostname,
        "port": finding.port,
        "left_out": hostnames.left_out_texts(finding.input),
        "state": finding.state,
        "reason": finding.reason,
        "message": verdicts.finding_text(finding),
        "issuer": certificate.issuer or None,
        "names": certificate.names,
        "names_total": certificate.names_total,  # more than there are in "names" where that was cut
        "unreadable": certificate.unreadable,
        "not_before": _iso(certificate.not_before),
        "not_after": _iso(certificate.not_after),
        "days_left": times.days_left(certificate.not_after, now),
        "address": finding.address,
        "address_port": finding.address_port,
        "tls_version": finding.tls_version,
        "elapsed_seconds": round(finding.elapsed_seconds, 3),
        "checked_at": _iso(finding.checked_at),
        "problems": [verdicts.problem_text(problem) for problem in finding.problems],
        "notes": sorted(finding.notes),
        "stray": [dataclasses.asdict(stray) for stray in finding.stray],
        "staple": finding.staple.status if finding.staple is not None else None,
        "staff": verdicts.staff_text(finding),
        "fingerprint": certificate.fingerprint or None,
    }
    return json.dumps(line)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")
