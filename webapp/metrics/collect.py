"""The numbers of the whole site.

All of them come from the database, so that every web process gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy import case, func, or_, select

from webapp.customers.listing_row import INACTIVE, SEVERITIES, ListingRow
from webapp.extensions import db
from webapp.jobs.models import Job
from webapp.monitor import check_counts
from webapp.monitor.models import RefreshRun, RunKind, Target
from webapp.monitor.refresh import runs, selection
from webapp.notices.models import AlertClock, AlertIncident
from webapp.probe import Reason, State
from webapp.sources.models import Mode, Source, SourceRun
from webapp.words.metrics import HELP, OTHER_ISSUERS
from webapp.words.report_filters import NEVER_ASKED

MOST_ISSUERS = 100
DAYS = (0, 1, 3, 7, 14, 30, 60, 90)  # within which a certificate expires
WAITS_FOR = timedelta(hours=25)
# What the number in `ListingRow.reason` stands for
REASONS = {number: word for word, number in SEVERITIES.items()}


class _Families(Collector):
    """Metrics that are there already, as `prometheus_client` takes them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def written(families: Iterable[Metric]) -> bytes:
    """These metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(list(families)))
    return generate_latest(registry)


def site_metrics(now: datetime) -> bytes:
    """All numbers that are not about a single host name, as text."""
    parts: tuple[Callable[[datetime], Iterator[Metric]], ...] = (
        _items,
        _checks,
        _names,
        _refreshes,
        _syncs,
        _jobs,
        _alerts,
    )
    return written(family for part in parts for family in part(now))


def gauge(name: str, *labels: str) -> GaugeMetricFamily:
    """A metric that has no numbers yet."""
    return GaugeMetricFamily(name, HELP[name], labels=labels)


def _items(now: datetime) -> Iterator[Metric]:
    items = gauge("padlock_items", "kind", "state", "reason")
    grouped = (ListingRow.kind, ListingRow.reason)  # an index has just these
    for kind, severity, number in _rows(select(*grouped, func.count()).group_by(*grouped)):
        reason = REASONS.get(severity, "")
        items.add_metric([kind, state_of(reason), reason], number)
    yield items

    issuers = gauge("padlock_issuer_items", "issuer")
    # The rows of lists have it in lower case
    counts = select(Target.issuer, func.count()).join(ListingRow, ListingRow.target_id == Target.id)
    some = counts.where(ListingRow.rank != INACTIVE, Target.issuer != "")
    each = _rows(some.group_by(Target.issuer).order_by(func.count().desc(), Target.issuer))
    for issuer, number in each[:MOST_ISSUERS]:
        issuers.add_metric([issuer], number)
    if others := sum(number for _, number in each[MOST_ISSUERS:]):
        issuers.add_metric([OTHER_ISSUERS], others)
    yield issuers

    ending = gauge("padlock_ending_items", "kind", "days")
    ends = [
        func.count().filter(ListingRow.not_after <= now + timedelta(days=days)) for days in DAYS
    ]
    active = select(ListingRow.kind, *ends).where(
        ListingRow.rank != INACTIVE,
        ListingRow.not_after <= now + timedelta(days=DAYS[-1]),
    )
    for kind, *numbers in _rows(active.group_by(ListingRow.kind)):
        for days, number in zip(DAYS, numbers, strict=True):
            ending.add_metric([kind, str(days)], number)
    yield ending


def _checks(_now: datetime) -> Iterator[Metric]:
    name = "padlock_checks"
    checks = CounterMetricFamily(name, HELP[name], labels=["state"])
    name = "padlock_check_duration_seconds"
    durations = HistogramMetricFamily(name, HELP[name], labels=["state"])
    for state, found in check_counts.durations().items():
        upto = [*accumulate(found.checks)]
        checks.add_metric([state], upto[-1])
        ends = [*map(str, check_counts.BUCKETS), "+Inf"]
        durations.add_metric([state], [*zip(ends, upto, strict=True)], found.seconds)
    yield checks
    yield durations


def _names(now: datetime) -> Iterator[Metric]:
    yield _one("padlock_names_in_use", selection.names_in_use())
    old = or_(Target.asked_at.is_(None), Target.asked_at < now - WAITS_FOR)
    waiting = select(func.count()).select_from(Target).where(old, selection.in_use())
    yield _one("padlock_names_waiting", db.session.scalar(waiting) or 0)


def _refreshes(_now: datetime) -> Iterator[Metric]:
    started = gauge("padlock_refresh_started_timestamp_seconds")
    ended = gauge("padlock_refresh_ended_timestamp_seconds")
    names = gauge("padlock_refresh_names", "result")
    for last in runs.latest(1):
        started.add_metric([], last.started_at.timestamp())
        for result in ("valid", "invalid", "unknown", "failed"):
            names.add_metric([result], getattr(last, result))
    refreshes = RefreshRun.kind != RunKind.RECHECK
    done = db.session.scalar(select(func.max(RefreshRun.ended_at)).where(refreshes))
    if done is not None:
        ended.add_metric([], done.timestamp())
    yield from (started, ended, names)

    stored = gauge("padlock_refresh_runs", "kind", "state")
    grouped = (RefreshRun.kind, RefreshRun.state)
    for kind, state, number in _rows(select(*grouped, func.count()).group_by(*grouped)):
        stored.add_metric([kind, state], number)
    yield stored


def _syncs(_now: datetime) -> Iterator[Metric]:
    ended = gauge("padlock_sync_ended_timestamp_seconds", "source")
    complete = gauge("padlock_sync_complete", "source")
    problems = gauge("padlock_sync_problems", "source")
    syncs = SourceRun.mode == Mode.SYNC
    last = select(func.max(SourceRun.id)).where(syncs).group_by(SourceRun.source_id)
    runs_ = select(Source.name, SourceRun).join(Source, Source.id == SourceRun.source_id)
    for name, run in _rows(runs_.where(SourceRun.id.in_(last))):
        ended.add_metric([name], run.ended_at.timestamp())
        complete.add_metric([name], not run.fault)
        problems.add_metric([name], run.problem_count)
    yield from (ended, complete, problems)


def _jobs(now: datetime) -> Iterator[Metric]:
    jobs = gauge("padlock_jobs", "kind", "state")
    state = case(
        (Job.failed_at.is_not(None), "failed"),
        (Job.claimed_until > now, "running"),
        (Job.run_at > now, "paused"),
        else_="due",
    ).label("state")
    oldest = gauge("padlock_job_oldest_timestamp_seconds", "kind")
    each = select(Job.kind, state, func.count(), func.min(Job.run_at))
    for kind, word, number, first in _rows(each.group_by(Job.kind, state)):
        jobs.add_metric([kind, word], number)
        if word == "due":
            oldest.add_metric([kind], first.timestamp())
    yield from (jobs, oldest)


def _alerts(_now: datetime) -> Iterator[Metric]:
    open_ones = select(func.count()).select_from(AlertIncident).filter_by(ended_at=None)
    yield _one("padlock_incidents_open", db.session.scalar(open_ones) or 0)
    evaluated_at = db.session.scalar(select(AlertClock.evaluated_at))
    yield _moment("padlock_alerts_evaluated_timestamp_seconds", evaluated_at)
    yield _moment("padlock_scheduler_tick_timestamp_seconds", runs.last_tick())


def state_of(reason: str) -> State:
    """The state of items with this reason in their rows; "" is that of inactive ones."""
    if reason == NEVER_ASKED:
        return State.UNKNOWN
    return Reason(reason).state if reason else State.INACTIVE


def _one(name: str, number: float) -> Metric:
    family = gauge(name)
    family.add_metric([], number)
    return family


def _moment(name: str, at: datetime | None) -> Metric:
    """No number at all where it never was."""
    return gauge(name) if at is None else _one(name, at.timestamp())


def _rows(statement: Any) -> list[Any]:
    return list(db.session.execute(statement))
