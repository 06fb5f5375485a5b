"""When a reader is told: at once, in the digest of the day, or after quiet hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.alerts.delivery import Choice, Preferences, deliver_at, next_hour
from webapp.alerts.messages import Kind
from webapp.alerts.plan import Plan

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)  # 10:00 in Berlin
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
DIGEST = Preferences(dict.fromkeys(Kind, Choice.DIGEST), BERLIN, 7)
NIGHT = Preferences({}, BERLIN, 7, 22, 6)


def plan(left, ahead=timedelta(days=14)):
    """Of a certificate that is valid for this long."""
    end = NOW + left
    return Plan(end, end - 30 * DAY, end - 7 * DAY, end - 30 * DAY, ahead)


def test_an_event_is_told_when_its_reader_wants_to_hear_of_it():
    tomorrow = datetime(2026, 6, 2, 5, tzinfo=UTC)  # 07:00 in Berlin
    never = Preferences(dict.fromkeys(Kind, Choice.NEVER))
    for kind, certificate, preferences, at, told in (
        (Kind.INVALID, None, Preferences(), NOW, NOW),
        (Kind.INVALID, None, never, NOW, None),
        (Kind.INVALID, None, DIGEST, NOW, tomorrow),
        (Kind.INVALID, None, DIGEST, NOW - 3 * HOUR, NOW - 3 * HOUR),  # now is the digest
        # The digest comes too late for what is due
        (Kind.EXPIRING, plan(30 * DAY), DIGEST, NOW, tomorrow),
        (Kind.EXPIRING, plan(14.5 * DAY), DIGEST, NOW, NOW),
        (Kind.LATE, plan(40 * DAY), DIGEST, NOW, tomorrow),
        (Kind.LATE, plan(30.5 * DAY), DIGEST, NOW, NOW),
        (Kind.URGENT, plan(7 * DAY), DIGEST, NOW, tomorrow),
        (Kind.URGENT, plan(12 * HOUR), DIGEST, NOW, NOW),
        # Quiet hours are over at six in the morning
        (Kind.INVALID, None, NIGHT, NOW, NOW),
        (Kind.INVALID, None, NIGHT, NOW + 12 * HOUR, tomorrow - HOUR),
        (Kind.EXPIRED, plan(-DAY), NIGHT, NOW + 18 * HOUR, tomorrow - HOUR),
        (Kind.URGENT, plan(15 * HOUR), NIGHT, NOW + 13 * HOUR, NOW + 13 * HOUR),
    ):
        assert deliver_at(kind, certificate, preferences, at) == told, (kind, certificate, at)


def test_an_hour_of_the_day_is_that_of_the_clock_on_the_wall():
    """Clocks go back an hour on 25 October 2026."""
    evening = datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert next_hour(evening, 7, BERLIN) == datetime(2026, 10, 25, 6, tzinfo=UTC)
    assert next_hour(evening - DAY, 7, BERLIN) == datetime(2026, 10, 24, 5, tzinfo=UTC)
