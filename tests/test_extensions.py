from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from webapp.customers.models import Client
from webapp.extensions import db, writing


def clients():
    return set(db.session.scalars(db.select(Client.name)))


def test_a_write_is_all_or_nothing(in_app, now):
    def write_half():
        with writing():
            db.session.add(Client(name="Half a client", created_at=now))
            db.session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert "Half a client" not in clients()


def test_a_write_inside_a_write_is_refused_and_nothing_is_lost_in_silence(in_app, now):
    with writing():
        db.session.add(Client(name="Outer", created_at=now))
        with pytest.raises(RuntimeError), writing():
            db.session.add(Client(name="Inner", created_at=now))
    assert "Outer" in clients()
    assert "Inner" not in clients()


def test_after_a_failed_write_the_next_one_works(in_app, now):
    with pytest.raises(ZeroDivisionError), writing():
        raise ZeroDivisionError
    with writing():
        db.session.add(Client(name="Next", created_at=now))
    assert "Next" in clients()


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 28, 12, tzinfo=UTC),
        datetime(2026, 11, 28, 3, 0, 0, 5, tzinfo=ZoneInfo("Asia/Kolkata")),
        datetime(1, 1, 2, tzinfo=UTC),
    ],
)
def test_a_moment_is_found_from_any_zone_and_comes_back_in_utc(in_app, at):
    with writing():
        db.session.add(Client(name="Founded then", created_at=at))
    there = at.astimezone(ZoneInfo("Pacific/Auckland"))
    found = db.session.scalar(db.select(Client.created_at).filter_by(created_at=there))
    assert found == at
    assert found.tzinfo is UTC


@pytest.mark.sqlite("PostgreSQL has a type for it")
def test_the_stored_form_of_a_moment_is_unchanged(in_app):
    """Another form would not compare with what is stored."""
    with writing():
        at = datetime(2026, 11, 28, 3, 0, 0, 5, tzinfo=ZoneInfo("Asia/Kolkata"))
        db.session.add(Client(name="Founded then", created_at=at))
        db.session.add(Client(name="Early", created_at=datetime(1, 1, 2, tzinfo=UTC)))
    made = db.text("SELECT created_at FROM client WHERE name IN ('Founded then', 'Early')")
    stored = db.session.scalars(made.columns(db.column("created_at", db.String))).all()
    assert sorted(stored) == ["0001-01-02 00:00:00.000000", "2026-11-27 21:30:00.000005"]
