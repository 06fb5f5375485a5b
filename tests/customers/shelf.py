"""Services and domains full of ties and gaps, and the two plans by which pages are found."""

from datetime import UTC, date, datetime, timedelta

import pytest

from webapp.customers import index_check
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.listing import plan
from webapp.monitor.models import Target
from webapp.probe import Reason

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DATES = (None, date(2027, 1, 1), date(2026, 1, 1), None, date(2027, 1, 1))
REASONS = (Reason.OK, None, Reason.EXPIRED, Reason.TIMEOUT, Reason.OK)


@pytest.fixture
def shelf(in_app):
    """Services and domains full of ties and gaps: the same names, dates and states again and
    again."""
    with writing():
        clients = [Client(name=name, created_at=NOW) for name in ("Zoe", "anna", "Zoe")]
        for number in range(90):
            client = clients[number % 3]
            reason = REASONS[number % 5]
            ends = NOW + timedelta(days=(-1, 5, 60)[number % 3])
            known = {
                "issuer": ("", "R11")[number % 2],
                "checked_at": NOW - timedelta(days=number) if number % 7 else None,
                "browsers_refuse": number % 5 == 4,
            }
            row = (
                Target(hostname=f"n{number}.example", reason=reason, not_after=ends, **known)
                if number % 4
                else None
            )
            service = {"product": "AXax"[number % 4], "next_due_on": DATES[number % 5]}
            status = list(ServiceStatus)[number % 7]
            db.session.add(
                Service(
                    client=client, domain=f"D{number % 8}", target=row, status=status, **service
                )
            )
            domain = {"registered_on": DATES[number % 5], "expires_on": DATES[-number % 5]}
            status = list(DomainStatus)[number % 11]
            db.session.add(
                Domain(client=client, name=f"d{number}", target=row, status=status, **domain)
            )
    index_check.rebuild(NOW)


@pytest.fixture(params=["gathered", "walked"])
def way(request, monkeypatch):
    """How the rows of a page are found."""
    monkeypatch.setattr(plan, "MOST_COUNTED", 5000 if request.param == "gathered" else 0)


def ada():
    return db.session.scalar(db.select(User).filter_by(email="ada@example.com"))


def all_pages(list_rows):
    """The rows of all pages, one after the other; `list_rows` gets a cursor."""
    found = []
    at = ""
    while True:
        shown = list_rows(at)
        assert shown.page.first == len(found) + 1
        found += shown.rows
        at = shown.page.following
        if not at:
            return found
