"""The report about shorter lifetimes counts names by lifetime and by whether they renew."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tests.conftest import NOW
from webapp.alerts.facts import Certificate
from webapp.alerts.rhythm import Renewal
from webapp.alerts.rules import RuleBook
from webapp.alerts.watched import Watched, make_plan
from webapp.customers import catalog
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.notices import counts, readiness
from webapp.notices.store import Store

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def fleet(in_app):
    """Two names of Alice, one renewing by itself; one of Bob; one that is not active."""
    certificates = {
        "alice.example": (398 * DAY, "R11, Let’s Encrypt"),
        "auto.example": (90 * DAY, "R10, Let’s Encrypt"),
        "bob.example": (200 * DAY - SECOND, ""),
        "over.example": (300 * DAY, ""),
    }
    with writing():
        alice = db.session.get(Client, 1)
        catalog.add_service(alice, "Shop", "auto.example", ServiceStatus.ACTIVE, None)
        catalog.add_service(alice, "Shop", "over.example", ServiceStatus.FRAUD, None)
    with writing():
        for name, (lifetime, issuer) in certificates.items():
            dates = {"not_before": NOW, "not_after": NOW + lifetime, "issuer": issuer}
            db.session.execute(update(Target).where(Target.hostname == name).values(**dates))
    with writing():
        store = Store(RuleBook(), NOW)
        watched = Watched("auto.example")
        watched.certificate = Certificate("1", NOW, NOW + 90 * DAY, "R10, Let’s Encrypt")
        watched.renewals = 2 * (Renewal(0.66, True, "let’s encrypt"),)
        make_plan(watched, RuleBook())
        store.memory.names["auto.example"] = watched
        target = db.session.query(Target).filter_by(hostname="auto.example").one()
        store.note_check("auto.example", target.id, NOW)
        store.save(NOW)
    return in_app


ALICE = ["Alice’s Bakery", 2, 1, 1, 1, 1, 1, 2, 1]


def lines():
    """The CSV without the kinds of lists."""
    return [[title, *numbers] for _, title, *numbers in readiness.rows()]


def test_names_are_counted_by_lifetime_and_rhythm(fleet):
    assert lines() == [
        # names, manual, over 200 days and manual, over 100 days, over 47 days
        ["", 3, 2, 1, 1, 2, 2, 3, 2],
        ["Let’s Encrypt", 2, 1, 1, 1, 1, 1, 2, 1],
        ["Issuer without a name", 1, 1, 0, 0, 1, 1, 1, 1],
        ["Domains", 2, 2, 1, 1, 2, 2, 2, 2],
        ["Starter Hosting", 2, 2, 1, 1, 2, 2, 2, 2],
        ["Shop", 1, 0, 0, 0, 0, 0, 1, 0],
        ALICE,
        ["Bob & Sons", 1, 1, 0, 0, 1, 1, 1, 1],
    ]


def test_numbers_are_counted_once_an_hour(fleet):
    counts.count_again(readiness.COUNT, NOW)
    with writing():
        db.session.execute(update(Service).values(status=ServiceStatus.CANCELLED))
        db.session.execute(update(Domain).values(status=DomainStatus.CANCELLED))

    def names(at):
        db.session.remove()
        shown = readiness.report(at)
        return shown.numbers.everything.names, shown.counted_at

    soon = NOW + timedelta(minutes=59)
    assert names(soon) == (3, NOW)
    assert names(NOW + timedelta(hours=3)) == (0, NOW + timedelta(hours=3))  # no scheduler runs
    counts.count_again(readiness.COUNT, NOW + timedelta(hours=1))
    assert names(NOW + timedelta(hours=1)) == (0, NOW + timedelta(hours=1))


def test_the_pages_say_when_each_limit_starts(fleet, visit):
    for path in ("/admin/reports/readiness", "/admin/reports/readiness/print"):
        page = visit("sam").get(path).get_text(" ", strip=True)
        assert "Over 200 days 33 % 1 of 3 host names has a longer lifetime." in page
        for days, year in ((200, 2026), (100, 2027), (47, 2029)):
            on = " on" if datetime.now(UTC) < datetime(year, 3, 15, tzinfo=UTC) else ""
            assert f"15 Mar {year}{on} new certificates last {days} days" in page
        assert "Alice’s Bakery 2 1 50 % 1 50 % 2 100 % 1 50 %" in page
    text = visit("sam").client.get("/admin/reports/readiness.csv").data.decode("utf-8-sig")
    heads, *rows = csv.reader(io.StringIO(text))
    assert len(heads) == len(rows[0]) == 10
    assert ["Client", *map(str, ALICE)] in rows
