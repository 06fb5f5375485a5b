"""What a run writes, and what it does not."""

import os
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from tests import forked
from tests.sources.conftest import clients, counts, domains, services
from tests.sources.panels import PLANTED, SECRET, Whmcs
from webapp import create_app
from webapp.customers import catalog, index_check
from webapp.customers.models import Activity, Client, Domain, DomainStatus, Service
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.sources import lock, registry, schedule, sync
from webapp.sources.fault import Fault
from webapp.sources.models import JOB_KIND, Source, SourceRun


def stored():
    db.session.rollback()
    models = (Client, Service, Domain)
    return [db.session.scalar(select(func.count()).select_from(model)) for model in models]


def test_a_preview_writes_nothing(whmcs, add, run):
    source = add(whmcs)
    before = stored()
    found = run(source, preview=True)
    assert counts(found) == {"client added": 2, "service added": 2, "domain added": 2}
    assert stored() == before
    assert db.session.scalar(select(func.count()).select_from(SourceRun)) == 0
    assert db.session.get(Source, source.id).next_at is None, "no one has agreed yet"


def test_what_is_gone_after_a_second_reading_is_cancelled_and_told_once(whmcs, add, run):
    source = add(whmcs)
    for number in range(30, 38):
        whmcs.service(number, 1, f"s{number}.example")
        whmcs.domain(number, 1, f"s{number}.example")
    run(source)
    gone = whmcs.services.pop(), whmcs.domains.pop(), whmcs.clients.pop()
    del whmcs.services[1], whmcs.domains[1]  # those of the client that has gone
    found = run(source)
    assert counts(found) == {"service gone": 2, "domain gone": 2}
    assert (services(source)["37"].status, domains(source)["37"].status) == ("Cancelled",) * 2
    assert clients(source)["2"].name == "Bob & Sons", "clients stay"
    assert counts(run(source)) == {}
    whmcs.services.append(gone[0])
    assert counts(run(source)) == {"service changed": 1}
    assert services(source)["37"].status == "Active"
    assert index_check.drifted(datetime.now(UTC)) == 0


def test_what_only_the_first_reading_misses_is_not_gone(whmcs, add, run):
    source = add(whmcs)
    run(source)
    missed = whmcs.services[0] | {"status": "Suspended"}
    rest = whmcs.services[1:]
    whmcs.services[:] = rest

    def come_back(asked):
        if asked.fields["action"] == "GetClientsDomains":
            whmcs.services[:] = [missed, *rest]

    whmcs.trap = come_back
    assert counts(run(source)) == {"service changed": 1}
    assert services(source)["11"].status == "Suspended"


def test_too_many_gone_at_once_stop_the_run_and_ask(whmcs, add, run):
    source = add(whmcs)
    whmcs.clients[0]["companyname"] = "New name"
    for number in range(30, 33):
        whmcs.service(number, 1, f"s{number}.example")
    run(source)
    whmcs.clients[0]["companyname"] = "Newer name"
    del whmcs.services[3:]
    preview = run(source, preview=True)
    assert counts(preview) == {"client changed": 1, "service gone": 2}
    assert "2 of 5 services are gone" in preview.stopped
    assert "Among them: s31.example, s32.example." in preview.stopped
    found = run(source)
    assert (counts(found), found.stopped) == ({}, preview.stopped)
    assert clients(source)["1"].name == "New name"
    agreed = run(source, gone_percent=40)
    assert (agreed.stopped, counts(agreed)) == (None, counts(preview))


def test_twenty_percent_may_be_gone(whmcs, add, run):
    source = add(whmcs)
    for number in range(30, 33):
        whmcs.service(number, 1, f"s{number}.example")
    run(source)
    whmcs.services.pop()
    assert counts(run(source)) == {"service gone": 1}


def test_nothing_is_taken_over_by_its_name_alone(whmcs, add, run, now):
    with writing():
        same = catalog.add_client("Bob & Sons", now)
        catalog.add_domain(same, "bob.example", DomainStatus.ACTIVE)
    run(add(whmcs))
    db.session.rollback()
    named = select(Client).where(Client.name == "Bob & Sons").order_by(Client.id)
    assert len(db.session.scalars(named).all()) == 3  # that of the cast is one of them
    assert db.session.get(Client, same.id).source_id is None


def test_a_source_that_was_removed_leaves_its_items_and_takes_them_up_again(whmcs, add, run, now):
    source = add(whmcs)
    run(source)
    before = stored()
    assert registry.remove(None, source.id, now) == "billing"
    assert stored() == before
    assert db.session.scalar(select(func.count()).where(Service.source_id.is_not(None))) == 0
    again = add(whmcs)
    found = run(again)
    assert counts(found) == {"client changed": 2, "service changed": 2, "domain changed": 2}
    assert stored() == before
    assert counts(run(again)) == {}


def test_each_of_two_removed_sources_takes_up_its_own_items_again(whmcs, add, run, now):
    with Whmcs().cast().running() as other:
        other.clients[0]["companyname"] = "Carol"
        for name, panel in (("one", whmcs), ("two", other)):
            run(add(panel, name=name))
        before = stored()
        for source in registry.listed():
            registry.remove(None, source.id, now)
        for name, panel in (("two", other), ("one", whmcs)):
            assert counts(run(add(panel, name=name)))["client changed"] == 2
    assert stored() == before


def test_a_source_can_be_removed_where_a_client_has_a_name_twice(whmcs, add, run, now):
    whmcs.domain(23, 1, "old.example", status="Expired")
    source = add(whmcs)
    run(source)
    whmcs.domains[2]["domainname"] = "alice.example"  # beside 21, which is stored as well
    whmcs.domains[2]["status"], whmcs.domains[0]["status"] = "Active", "Cancelled"
    assert run(source, gone_percent=100).stopped is None
    number = source.id
    registry.remove(None, number, now)
    found = db.session.scalars(select(Domain).where(Domain.name == "alice.example"))
    assert {(one.status, one.source_id) for one in found} == {
        ("Active", None),
        ("Cancelled", number),
    }


def test_a_source_that_is_removed_while_it_is_read_writes_nothing(whmcs, add, run, now):
    source = add(whmcs)
    number = source.id

    def remove(doing, done, total):
        if doing == "reading" and registry.listed():
            registry.remove(None, number, now)

    before = stored()
    found = sync.run(source, sync.Order(None, "command line", now), remove)
    assert (found.fault.code, stored()) == ("removed", before)


def test_two_sources_have_clients_with_the_same_id(whmcs, add, run):
    run(add(whmcs))
    found = run(add(whmcs, name="other"))
    assert counts(found) == {"client added": 2, "service added": 2, "domain added": 2}


def test_a_change_by_hand_gives_way_and_a_note_stays(whmcs, add, run):
    source = add(whmcs)
    run(source)
    with writing():
        service = db.session.scalars(select(Service).where(Service.source_key == "11")).one()
        service.product, service.note = "By hand", "Call first"
    assert counts(run(source)) == {"service changed": 1}
    service = services(source)["11"]
    assert (service.product, service.note) == ("R&D Hosting", "Call first")


def test_two_runs_of_a_source_are_never_at_once(whmcs, add, run):
    source = add(whmcs)
    with lock.only_run(source.id):
        found = run(source)
        assert found.fault.code == "running"
    assert run(source).stopped is None


def test_no_secret_is_stored_or_told(whmcs, add, run, caplog):
    whmcs.services[0]["status"] = "Nonsense"
    source = add(whmcs)
    run(source)
    assert not list((lock.file_of(source.id, "x").parent).glob("*.rows"))
    everything = " ".join(
        str(db.session.execute(text(f'SELECT * FROM "{table.name}"')).all())  # noqa: S608
        for table in db.metadata.sorted_tables
    )
    for secret in (PLANTED, SECRET):
        assert secret not in everything + caplog.text


def test_a_run_is_kept_and_a_change_is_in_the_activity_log(whmcs, add, run):
    source = add(whmcs)
    whmcs.services[1]["status"] = "Nonsense"
    run(source)
    run(source)
    whmcs.credentials = {}
    runs = db.session.scalars(select(SourceRun).order_by(SourceRun.id)).all()
    assert [one.counts["service"]["added"] for one in runs] == [1, 0]
    assert [(one.problem_count, len(one.problems)) for one in runs] == [(1, 0), (1, 1)]
    assert runs[1].problems[0]["row"] == "service 12"
    synced = select(Activity).where(Activity.action == "synced")
    (line,) = db.session.scalars(synced)
    assert line.detail == "2 clients, 1 service, 2 domains new"


def sync_and_die(database, instance, source_id, doing, times):
    """Is killed when it tells for the nth time that it does this."""
    os.environ |= {"PADLOCK_DATABASE_URL": database, "PADLOCK_SECRET_KEY": SITE_KEY}
    app = create_app()
    app.instance_path = instance
    told = Counter()

    def deadly(now_doing, *_):
        told[now_doing] += 1
        if told[doing] == times:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        source = db.session.get(Source, source_id)
        order = sync.Order(None, "command line", datetime.now(UTC))
        sync.run(source, order, deadly)


SITE_KEY = "a secret of this test, and of no other place"
# After a page, a part of the rows, the clients, the domains, and all but the lists
MOMENTS = (("reading", 2), ("comparing", 2), ("writing", 2), ("writing", 4), ("listing", 1))


def test_a_killed_run_leaves_nothing_half_written(whmcs, add, run, instance, database):
    source = add(whmcs)
    before = stored()
    for moment in MOMENTS:
        arguments = database, instance.instance_path, source.id, *moment
        process = forked.start(sync_and_die, *arguments)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, moment
        assert stored() == before, moment
        left = lock.file_of(source.id, "rows").read_bytes()
        assert not [secret for secret in (PLANTED, SECRET) if secret.encode() in left]
    assert counts(run(source)) == {"client added": 2, "service added": 2, "domain added": 2}
    assert not lock.file_of(source.id, "rows").exists()
    assert index_check.drifted(datetime.now(UTC)) == 0


def test_the_scheduler_reads_what_is_due_and_agreed(whmcs, add, run, now):
    source = add(whmcs)

    def due(at):
        schedule.add_due(at)
        return queue.claim([JOB_KIND], at)

    assert due(now + timedelta(days=1)) is None, "no one has agreed"
    run(source)
    assert due(now + timedelta(minutes=59)) is None
    later = now + timedelta(minutes=61)
    whmcs.services[0]["status"] = "Suspended"
    job = due(later)
    queue.finish(job, schedule.run(job), later)
    assert services(source)["11"].status == "Suspended"
    assert due(later) is None
    with writing():
        db.session.get(Source, source.id).paused = True
    assert due(later + timedelta(days=1)) is None


def test_credentials_of_another_secret_key_are_told(whmcs, add, run, instance):
    source = add(whmcs)
    instance.config["SECRET_KEY"] = "another key"
    assert "secret key of the site" in run(source).stopped


def test_the_test_says_what_is_wrong(whmcs, add):
    assert sync.test(add(whmcs)) is None
    wrong = add(whmcs, name="wrong", credentials={"identifier": "x", "secret": "y"})
    assert isinstance(sync.test(wrong), Fault)
    assert sync.test(wrong).code == "secret"


@pytest.mark.parametrize("path", ["/billing/", "/billing/includes/api.php"])
def test_the_address_may_have_the_path_of_the_api(whmcs, add, run, path):
    assert run(add(whmcs, path=path)).stopped is None
