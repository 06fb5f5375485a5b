"""When renewals are regular, and when one is late."""

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.alerts.history import History, day
from webapp.alerts.facts import Certificate
from webapp.alerts.rhythm import renewal, usual_share

HALF_AN_HOUR = timedelta(minutes=30)


def leaf(begin, days, issuer="R11, Let's Encrypt"):
    return Certificate(str(begin), day(begin), day(begin + days), issuer)


def usual(*begins, days=90, last_issuer="R11, Let's Encrypt"):
    """The usual share of the last of certificates that begin on these days."""
    leaves = [leaf(begin, days) for begin in begins[:-1]] + [leaf(begins[-1], days, last_issuer)]
    past = [
        renewal(old, new, old.not_before, day(begins[-1] + 999)) for old, new in pairwise(leaves)
    ]
    return usual_share(past, leaves[-1])


def test_two_renewals_near_each_other_are_a_rhythm():
    assert usual(0, 60, 121) == pytest.approx(60.5 / 90)
    assert usual(0, 60) is None


def test_renewals_at_odd_times_are_none():
    assert usual(0, 70, 157) is None  # 20 and 3 days before the end
    assert usual(0, 60, 125) is None  # more than 5 % of the lifetime apart
    assert usual(0, 3.2, 7.2, days=160 / 24) == pytest.approx(0.54)  # within a day


def test_renewals_just_before_the_end_or_after_it_are_none():
    assert usual(0, 83, 166) == pytest.approx(83 / 90)
    assert usual(0, 88, 176) is None  # 2.7 days are the limit
    assert usual(0, 95, 190) is None


def test_a_new_issuer_begins_a_new_rhythm():
    assert usual(0, 60, 120, last_issuer="R10, Let's Encrypt") is not None
    assert usual(0, 60, 120, last_issuer="E1, ZeroSSL") is None
    assert usual(0, 20, 80, 140) is not None  # only the last ones count


def test_a_renewal_is_when_the_new_certificate_begins_or_is_installed():
    old, new = leaf(0, 90), leaf(50, 90)
    assert renewal(old, new, day(49), day(52)).share == pytest.approx(50 / 90)
    assert renewal(old, new, day(80), day(81)).share == pytest.approx(80 / 90)
    assert renewal(old, new._replace(not_before=None), day(80), day(81)) is None


def test_a_broken_rhythm_is_told_as_late_well_before_the_threshold():
    history = History().renews(90, 60, 60, 60, 90)
    told = history.told(day(269))
    # Late after 64.5 days, seen at 00:30 of the next, told with the digest
    assert told[0] == (day(180 + 65) + 16 * HALF_AN_HOUR, "late", "a")
    assert [kind for _, kind, _ in told] == ["late", "urgent"]
    assert told[1][0] == day(180 + 90 - 2.7)


def test_late_needs_a_look_that_still_saw_the_old_certificate():
    history = History().renews(90, 60, 60, 60)
    history.shows((180, 90), 180, 240)
    assert history.kinds(day(266)) == []


def test_a_late_rhythm_is_quiet_until_the_last_limit_once_it_is_learned():
    history = History().renews(90, 83, 83, 83, 83, 90)
    told = history.told(day(4 * 83 + 89))
    learning = [kind for at, kind, _ in told if at < day(170)]
    learned = [(kind, at) for at, kind, _ in told if at > day(170)]
    assert learning == ["expiring", "urgent"] * 2
    assert learned == [("urgent", day(4 * 83 + 90 - 2.7))]


def test_late_goes_to_the_digest_only_before_the_threshold():
    history = History().renews(47, 32, 32, 32, 47)
    # Seen after 35 days; the threshold is at 35.25, and the next digest later
    late = [at for at, kind, _ in history.told(day(140)) if kind == "late"]
    assert late == [day(96 + 35) + HALF_AN_HOUR]


def test_never_late_before_half_of_the_life():
    history = History().renews(90, 20, 20, 20, 60)
    late = [at for at, kind, _ in history.told(day(119)) if kind == "late"]
    assert late == [day(60 + 45) + 16 * HALF_AN_HOUR]


def test_an_older_certificate_that_is_still_shown_in_turn_does_not_break_the_rhythm():
    history = History()
    for number in range(0, 180):
        begin = number - number % 60
        history.look(day(number) + HALF_AN_HOUR, leaf=(begin, 90))
        if begin and number % 60 < 7:
            history.look(day(number) + 2 * HALF_AN_HOUR, leaf=(begin - 60, 90))
    history.shows((180, 90), 180, 250)
    assert history.kinds(day(251)) == ["late"]


def test_dates_at_the_ends_of_time_are_taken():
    history = History().look(day(0), leaf=(0, 90), not_after="9999-12-31T23:59:59Z")
    history.look(day(1), leaf=(1, 90), not_before="0001-01-01T00:00:00Z")
    history.look(day(2), leaf=(2, 90), not_before="9999-12-31T23:59:59Z")
    history.look(day(3), leaf=(3, 90), not_before=None)
    assert history.kinds(day(4)) == []
