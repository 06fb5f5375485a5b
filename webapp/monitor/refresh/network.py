"""Whether the monitor's own network is down, rather than so many servers at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from flask import current_app
from sqlalchemy import select

from webapp.extensions import db
from webapp.monitor.models import Target
from webapp.monitor.probing import findings_of
from webapp.monitor.refresh import selection
from webapp.probe import Finding, Reason, State, authority

MOST_CONTROLS = 5  # control names of the site's own
MOST_REMEMBERED = 2000  # of them that are looked through
SUSPICIOUS = 10  # names of a batch from which on it can tell that it is the monitor that is ill

# What looks the same whether the far side is gone or our own network is. A firewall on our side may
# refuse as well.
NETWORK = frozenset(
    {Reason.DNS_NOT_FOUND, Reason.DNS_FAILED, Reason.TIMEOUT, Reason.UNREACHABLE, Reason.REFUSED},
)


class MachineBusy(Exception):
    """This machine had so little time for us that a silence says nothing of the network."""


def is_suspicious(doubtful: list[Finding], size: int) -> bool:
    """Whether so many of a batch of this size have no answer that the fault may be ours."""
    return size >= SUSPICIOUS and 2 * len(doubtful) > size


def is_offline(
    doubtful: list[Finding], size: int, stop: Event, glance: Callable[[], object]
) -> bool:
    """Whether it is our own network that is down, now that so many of a batch of this size have no
    answer.

    The control names tell; where none is set, those of the site's own names that answered last, at
    other addresses. Where there are none of these either, it is ours if nothing at all answers and
    either no name gets past our resolver and our router, or several servers that have answered
    before are gone at the same moment. Raises `MachineBusy` where the control names could not be
    asked for want of time or means.
    """
    known = _answered_before()
    names = {finding.authority for finding in doubtful}
    places = {(finding.address, finding.address_port) for finding in doubtful}
    others = {
        where: name for name, where in known.items() if name not in names and where not in places
    }
    controls = current_app.config["PADLOCK_CONTROL_NAMES"] or list(others.values())[:MOST_CONTROLS]
    if controls:
        reasons = {finding.reason for finding in findings_of(controls, stop, glance)}
        if reasons <= NETWORK:
            return True
        if reasons <= NETWORK | {Reason.MONITOR_ERROR}:
            raise MachineBusy
        return False
    not_past_us = all(
        finding.reason in (Reason.DNS_FAILED, Reason.UNREACHABLE) for finding in doubtful
    )
    several = len({where for name, where in known.items() if name in names}) > 1
    return len(doubtful) == size and (not_past_us or several)


def _answered_before() -> dict[str, tuple[str | None, int | None]]:
    """The names that had something to say when last asked, and where: the latest of them."""
    answered = Target.state.in_((State.VALID, State.INVALID)) & (Target.reason != Reason.REFUSED)
    columns = (Target.hostname, Target.port, Target.address, Target.address_port)
    rows = select(*columns).where(answered, selection.in_use())
    latest = db.session.execute(rows.order_by(Target.checked_at.desc()).limit(MOST_REMEMBERED))
    found = {
        authority(hostname, port): (address, address_port)
        for hostname, port, address, address_port in latest
    }
    db.session.rollback()  # no transaction is open while we wait
    return found
