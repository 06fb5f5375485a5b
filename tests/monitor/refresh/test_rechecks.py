"""What has turned invalid is checked once more, minutes later, and in measured numbers."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from webapp.demo import behaviours
from webapp.extensions import db, writing
from webapp.monitor import results
from webapp.monitor.models import RefreshRun, RunKind, RunState, Target
from webapp.monitor.refresh import rechecks, runs
from webapp.probe import State

SOON = results.CONFIRMED_AFTER + timedelta(seconds=30)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def asked():
    """How many names the rechecks of each day have asked."""
    db.session.rollback()
    of_days = select(RefreshRun.asked).filter_by(kind=RunKind.RECHECK)
    return list(db.session.scalars(of_days.order_by(RefreshRun.id)))


def test_a_name_that_has_turned_invalid_is_checked_once_more_minutes_later(fleet, tick, site, lab):
    fleet("ok.lab.example", "expired.lab.example", "silent.lab.example", "up.fleet.example")
    now = datetime.now(UTC)
    daily = tick()
    assert (daily.invalid, asked()) == (1, [])
    for _ in range(3):
        tick(now + SOON)
    assert asked() == [1]
    assert runs.latest(9) == [daily]  # pages and limits know no other
    down = ("*.fleet.example", *lab.listen("down", behaviours.hangs_up))
    site.config["PADLOCK_CONNECT_TO"] = (down, *site.config["PADLOCK_CONNECT_TO"])
    for _ in range(3):
        tick(now + DAY)
        tick(now + DAY + SOON)
    assert asked() == [1, 1]


def test_names_of_a_great_outage_are_checked_again_in_parts(fleet, tick, site, monkeypatch):
    monkeypatch.setattr(rechecks, "MOST_AT_ONCE", 5)
    site.config["PADLOCK_REFRESH_BATCH"] = 3
    fleet(*(f"name{number}.fleet.example" for number in range(12)))
    now = datetime.now(UTC) + SOON
    tick(now)
    with writing():
        db.session.execute(update(Target).values(state=State.INVALID, recheck_at=now))
    parts = []
    for minutes in range(5):
        tick(now + minutes * MINUTE)
        parts += asked()
    assert parts == [5, 10, 12, 12, 12]
    assert db.session.scalar(select(RefreshRun.state).filter_by(kind=RunKind.RECHECK)) is (
        RunState.DONE
    )
