"""The history of certificates: how long names were valid, and how certificates followed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import delete, func, select

from tests.conftest import NOW
from webapp.customers.models import Client, Domain, DomainStatus, Service, User
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE
from webapp.monitor.models import Change, Target
from webapp.notices import counts, history, readiness, validity
from webapp.notices.counts import StoredCount
from webapp.notices.validity import Strip
from webapp.probe import Reason, State
from webapp.site import site_of
from webapp.words import validity as say

DAY = timedelta(days=1)
FIRST = NOW - 100 * DAY
ISSUER = "R11, Let’s Encrypt"


def changed(name, at, reason=Reason.OK, leaf=None, begins=None, days=0, issuer=ISSUER):
    """From then on a name is so, with a certificate that lives for so many days."""
    target = db.session.scalar(select(Target).where(Target.hostname == name))
    facts = {"fingerprint": leaf, "not_before": begins, "serial": f"0{leaf}" if leaf else ""}
    facts["not_after"] = begins + days * DAY if begins else None
    new = {f"new_{key}": value for key, value in facts.items()}
    states = {"new_state": reason.state, "new_reason": reason}
    issuers = {"old_issuer": "", "new_issuer": issuer}
    db.session.add(Change(target_id=target.id, at=at, **states, **issuers, **new))


@pytest.fixture
def renewed(in_app):
    """Alice's name was renewed at two thirds of 90 days, and expired five days ago; Bob's refused
    for a day."""
    with writing():
        changed("alice.example", FIRST, leaf="1", begins=FIRST - 55 * DAY, days=90)
        second = FIRST + 5 * DAY
        changed("alice.example", second, leaf="2", begins=second, days=90)
        changed("bob.example", FIRST, leaf="3", begins=FIRST, days=200)
        changed("bob.example", NOW - 11 * DAY, Reason.REFUSED)
        changed("bob.example", NOW - 10 * DAY, leaf="3", begins=FIRST, days=200)
    return in_app


def user(name):
    return db.session.scalar(select(User).where(User.email == f"{name}@example.com"))


def shares(periods):
    return [say.share_text(period.valid, period.known, period.days) for period in periods]


def service(client_id):
    return db.session.scalar(select(Service).filter_by(client_id=client_id))


def test_certificates_follow_each_other(renewed):
    picture = history.of_item(service(1), NOW).picture
    second, first = picture.bars
    assert (first.life.serial, second.life.serial) == ("01", "02")
    assert say.renewed_text(first.life.renewed_at) == "renewed at 67 % of its lifetime"
    assert say.lifetime_text(first.life.certificate.lifetime) == "90 days"
    assert second.life.renewed_at is None
    # They overlap: the second begins before the first would have expired
    assert first.x < second.x < first.x + first.width
    ((seen, width),) = first.seen
    assert seen + width == pytest.approx(second.x, abs=0.2)


def test_the_share_of_valid_time(renewed):
    alice, bob = history.of_item(service(1), NOW), history.of_item(service(2), NOW)
    assert shares(alice.periods) == [
        "83.05 % valid",
        "94.41 % valid",
        "95 % valid, 101 of 365 days known",
    ]
    # Today has twelve hours so far
    assert alice.periods[0].valid == pytest.approx(24.5 / 29.5)
    assert shares(bob.periods)[2] == "99 % valid, 101 of 365 days known"
    kinds = [(bar.state, bar.width) for bar in alice.periods[0].bars]
    assert (State.INVALID, 5) in kinds
    both = history.of_site(NOW)[2].valid
    assert both == pytest.approx((95 + 99) / 200)


def test_a_client_sees_its_own_days_and_no_history_of_inactive_items(renewed):
    alice, bob = (db.session.get(Client, id_) for id_ in (1, 2))
    assert (
        shares(history.of_client(user("alice"), alice, NOW))[2]
        == "95 % valid, 101 of 365 days known"
    )
    assert shares(history.of_client(user("bob"), alice, NOW)) == 3 * ["no results"]
    assert (
        shares(history.of_client(user("sam"), bob, NOW))[2] == "99 % valid, 101 of 365 days known"
    )
    with writing():
        db.session.scalar(select(Domain).filter_by(client_id=1)).status = DomainStatus.CANCELLED
    domain = db.session.scalar(select(Domain).filter_by(client_id=1))
    assert history.of_item(domain, NOW).picture is None


def test_unknown_time_is_left_out_and_short_trouble_is_seen():
    strip = Strip(NOW, 3)
    ends = [NOW - hours * timedelta(hours=1) for hours in (60, 24, 23, 0)]
    states = (State.VALID, State.INVALID, State.UNKNOWN)
    for (start, end), state in zip(pairwise(ends), states, strict=True):
        strip.add([validity.Span(start.timestamp(), end.timestamp(), state)])
    days = strip.days()
    assert [sum(day) for day in days] == pytest.approx([1, 1, 0.5])
    assert validity.valid_share(days) == pytest.approx(36 / 37)
    invalid = [bar for bar in validity.bars(days) if bar.state is State.INVALID]
    assert [(bar.x, bar.height) for bar in invalid] == [(1, validity.LEAST_SHOWN)]
    assert say.share_text(0.99999, 90, 90) == "99.99 % valid"


def test_old_history_is_deleted_and_the_site_is_counted(renewed):
    counts.count_again(history.COUNT, NOW)
    counted = shares(history.of_site(NOW))
    with writing():
        renewed.config["PADLOCK_HISTORY_DAYS"] = 30
        changed("bob.example", NOW - DAY, Reason.REFUSED)
    assert shares(history.of_site(NOW + timedelta(hours=5))) == counted
    counts.count_again(history.COUNT, NOW)
    assert shares(history.of_site(NOW)) != counted
    # Of Alice's two changes the later one says how things were 30 days ago
    at = select(Change.at).join(Target).where(Target.hostname == "alice.example")
    assert list(db.session.scalars(at)) == [FIRST + 5 * DAY]
    assert db.session.scalar(select(func.count(Change.id))) == 5


def test_a_job_counts_what_is_old(in_app):
    runner = site_of(in_app).jobs
    works = dict(runner.works)
    runner.works.clear()  # it would run them at once

    def jobs():
        db.session.remove()
        return sorted(db.session.scalars(select(Job.kind)))

    def tick(now):
        for count in (history.COUNT, readiness.COUNT):
            assert count.name in works
            counts.add_if_due(count, now)
        return jobs()

    now = datetime.now(UTC)
    both = ["history count", "readiness count"]
    assert (tick(now), tick(now)) == (both, both)
    with writing():
        db.session.execute(delete(Job))
    for name in both:
        assert works[name].run(None) == DONE
    assert tick(now + timedelta(minutes=4)) == []
    # There was nothing to count, and a new site soon has something
    assert tick(now + timedelta(minutes=6)) == both
    with writing():
        db.session.execute(delete(Job))
        for row in db.session.scalars(select(StoredCount)):
            row.numbers = {"days": [[1, 0, 0]], "everything": {"names": 1}}
    assert tick(now + timedelta(minutes=59)) == []
    assert tick(now + timedelta(minutes=61)) == ["readiness count"]


@pytest.mark.parametrize(
    ("who", "item", "others"),
    [
        ("alice", "/services/1", ("/history",)),
        ("sam", "/admin/services/1", ("/admin/clients/1/history", "/admin/reports/history")),
    ],
)
def test_pages_of_the_history(renewed, visit, who, item, others):
    browser = visit(who)
    page = browser.get(f"{item}/history").get_text(" ", strip=True)
    assert "90 days · renewed at 67 % of its lifetime Serial number 01" in page
    for path in others:
        assert "Last 365 days" in browser.get(path).get_text(" ", strip=True)
    assert f'href="{item}/history"' in str(browser.get(item))
