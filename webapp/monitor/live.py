"""Cells: the stored result where it is fresh, else a check of the server, started now."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import Flask, current_app

from webapp.config import broker
from webapp.monitor.checks import (
    COOL_DOWN,
    ELSEWHERE_POLL_SECONDS,
    MOST_CHECKS_OF_ADMINISTRATOR,
    Checks,
)
from webapp.monitor.models import Standing, Target, standing
from webapp.probe import Reason, State
from webapp.site import site_of, this_site

if TYPE_CHECKING:
    from webapp.monitor.redis import RedisClient

# An answer this young is final whatever the setting says, or no cell would ever settle
SETTLED = timedelta(seconds=5)


def register(app: Flask) -> None:
    """Give the site its checks. No thread starts before the first of them."""
    site = site_of(app)
    site.redis = _redis(app)
    site.checks = Checks(app)


def _redis(app: Flask) -> RedisClient | None:
    url = app.config["PADLOCK_BROKER_URL"]
    if not url:
        return None
    from webapp.monitor.redis import RedisClient  # Redis is loaded by those who have a broker only

    return RedisClient(url, broker.broker_tls(app.config))


def known(target: Target | None, *, active: bool, viewer: int, now: datetime) -> Standing:
    """What the cell of an item says from what is stored, at once.

    `due`: nothing fresh is known, a cell may ask. `checking`: it is being asked, or will be when
    there is room; look again in `poll_seconds`.
    """
    stands = standing(target, active=active, now=now)
    if not active or target is None:
        return stands
    checks = _checks()
    name = target.authority
    check = checks.of(name)
    if check is not None:
        age = time.monotonic() - check.started
        return replace(
            stands, due=True, checking=True, poll_seconds=check.jitter * min(max(0.7, age / 2), 3.0)
        )
    stale = _stale(target, now)
    if stale and checks.elsewhere(name):
        return replace(stands, due=True, checking=True, poll_seconds=ELSEWHERE_POLL_SECONDS)
    if checks.failed(name):
        return replace(stands, state=State.UNKNOWN, reason=Reason.MONITOR_ERROR)
    if not stale:
        return stands
    full = checks.full_for(viewer)
    return replace(
        stands, due=True, checking=full, poll_seconds=checks.queue_seconds(viewer) if full else 0.0
    )


def ask(target: Target | None, *, active: bool, viewer: int, now: datetime) -> bool:
    """Start or join the check of an item about which nothing fresh is known, and wait for it,
    `WEB_WAIT_SECONDS` at most.

    Whether it is done or was waited for: the transaction has ended then, and what was read is to be
    read again.
    """
    return (
        active
        and target is not None
        and _stale(target, now)
        and _start_and_wait(target.authority, viewer)
    )


def ask_now(target: Target | None, *, active: bool, viewer: int, now: datetime) -> bool:
    """The same, but what is stored counts as fresh for `COOL_DOWN` only: a person has asked."""
    return (
        active
        and target is not None
        and not _younger(target, COOL_DOWN, now)
        and _start_and_wait(target.authority, viewer)
    )


def start(
    targets: Iterable[Target],
    *,
    viewer: int,
    now: datetime,
    most: int = MOST_CHECKS_OF_ADMINISTRATOR,
) -> int:
    """Starts or joins the checks of these host names and waits for none of them: how many are in
    progress now; at most `most` are this viewer's. A person has asked for each, so what is
    younger than `COOL_DOWN` is left as it is."""
    names = [target.authority for target in targets if not _younger(target, COOL_DOWN, now)]
    checks = _checks()
    return sum(
        checks.start(name, viewer, most) is not None for name in names if not checks.failed(name)
    )


def _start_and_wait(name: str, viewer: int) -> bool:
    checks = _checks()
    check = None if checks.failed(name) else checks.start(name, viewer)
    return check is not None and checks.wait_for(check)


def _checks() -> Checks:
    return this_site().checks


def _stale(target: Target, now: datetime) -> bool:
    fresh = timedelta(seconds=current_app.config["PADLOCK_FRESH_SECONDS"])
    return not _younger(target, max(fresh, SETTLED), now)


def _younger(target: Target, age: timedelta, now: datetime) -> bool:
    # An answer from the future was written under another clock, which may have been set back since.
    return target.checked_at is not None and abs(now - target.checked_at) < age
