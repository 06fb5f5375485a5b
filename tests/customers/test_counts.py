"""What is counted is remembered for a while; what is shown never is."""

from datetime import UTC, date, datetime

import pytest

from webapp.customers import audit_log, catalog, counts, lists
from webapp.customers.lists import ListQuery
from webapp.customers.models import Client, DomainStatus, Service, ServiceStatus, User
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.site import site_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def memory(in_app, monkeypatch):
    """A memory that keeps every count for a minute, however quick it was."""
    monkeypatch.setattr(counts, "SLOW_COUNT_SECONDS", 0)
    site_of(in_app).counts = counts.Memory(60)
    return site_of(in_app).counts


def add(count):
    with writing():
        client = db.session.scalar(db.select(Client))
        for number in range(count):
            catalog.add_service(client, "Hosting", f"s{number:02}.example", ServiceStatus.ACTIVE)


def listing(**question):
    ada = db.session.scalar(db.select(User).filter_by(email="ada@example.com"))
    return lists.list_services(ada, ListQuery(**question), NOW)


def behind_its_back(statement):
    db.session.execute(statement)
    db.session.commit()


def test_a_count_is_remembered(memory):
    assert listing().total == 2
    behind_its_back(
        db.insert(Service).from_select(
            ["client_id", "product", "domain", "status", "version"],
            db.select(
                Service.client_id, Service.product, Service.domain, Service.status, Service.version
            ),
        )
    )
    assert listing().total == 2
    counts.forget()
    assert listing().total == 4


def test_what_is_written_is_counted_at_once(memory):
    assert listing().total == 2
    add(3)
    assert listing().total == 5
    with writing():
        db.session.delete(db.session.get(Service, 1))
    assert listing().total == 4


def test_a_new_line_of_the_log_is_there_at_once(memory):
    before = audit_log.list_activity({}).total
    with writing():
        audit_log.note(None, "changed", "service", 1, "alice.example", NOW)
    assert audit_log.list_activity({}).total == before + 1


def test_a_check_does_not_make_it_forget(memory):
    listing()
    kept = dict(memory._kept)
    with writing():
        db.session.get(Target, 1).detail = "asked"
    assert memory._kept == kept != {}


def test_what_is_rolled_back_is_no_change(memory):
    listing()
    db.session.get(Service, 1).product = "Other"
    db.session.flush()
    db.session.rollback()
    db.session.commit()
    assert memory._kept


def test_a_page_that_is_gone_is_counted_anew(memory):
    add(60)
    assert (listing(page="3").pages, len(listing(page="3").rows)) == (3, 12)
    behind_its_back(db.delete(Service).where(Service.id > 5))
    shown = listing(page="3")
    assert (shown.page, shown.total, len(shown.rows)) == (1, 5, 5)


@pytest.mark.parametrize("list_rows", [lists.list_services, lists.list_domains])
def test_no_sort_takes_the_counts_of_another(memory, list_rows):
    with writing():
        client = db.session.scalar(db.select(Client))
        status = DomainStatus.ACTIVE
        catalog.add_domain(client, "new.example", status, registered_on=date(2026, 1, 1))
        catalog.add_service(client, "Hosting", "new.example", ServiceStatus.ACTIVE)
    ada = db.session.scalar(db.select(User).filter_by(email="ada@example.com"))
    for sort in (*lists.SERVICE_SORTS, *lists.DOMAIN_SORTS, "ssl", "-ssl", "-due", "-expires"):
        shown = list_rows(ada, ListQuery(sort=sort), NOW)
        assert {row.id for row in shown.rows} == {1, 2, 3}


def test_a_count_among_rows_from_before_a_change_is_not_kept(memory):
    db.session.get(Service, 1)  # from here on this transaction sees what there is now
    with db.engine.begin() as another:
        another.execute(db.delete(Service).where(Service.id == 2))
    counts.forget()
    assert (listing().total, memory._kept) == (2, {})
    db.session.rollback()
    assert listing().total == 1


def test_a_quick_count_is_not_kept(memory, monkeypatch):
    monkeypatch.setattr(counts, "SLOW_COUNT_SECONDS", 1000)
    listing()
    assert memory._kept == {}


def test_a_count_is_kept_for_its_seconds_only(memory, monkeypatch):
    memory.keep("key", (1,), took=1, generation=memory.generation)
    assert memory.recall("key") == (1,)
    monkeypatch.setattr(counts.time, "monotonic", lambda: 1e12)
    assert memory.recall("key") is None


def test_what_it_is_told_to_forget_while_it_keeps_it_is_forgotten(memory, monkeypatch):
    # As another thread might
    monkeypatch.setattr(counts.time, "monotonic", lambda: memory.forget() or 0.0)
    memory.keep("key", (1,), took=1, generation=memory.generation)
    assert memory._kept == {}
