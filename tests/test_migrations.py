"""What a migration does to the rows that are there."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from tests import postgresql
from tests.conftest import NOW, _site
from webapp.accounts import sign_ins
from webapp.customers import audit_log, catalog, index, index_check, search_index
from webapp.customers.models import (
    Activity,
    Client,
    Domain,
    DomainStatus,
    Service,
    ServiceStatus,
    User,
)
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.live_settings import StoredSetting
from webapp.monitor.diagnosis.models import Diagnosis, DiagnosisStep
from webapp.monitor.models import Change, RefreshRun, RunKind, Target
from webapp.monitor.refresh import runs
from webapp.notices import expiring, rules
from webapp.notices.models import AlertIncident, AlertIncidentStep, AlertName
from webapp.probe import Protocol, Reason, State
from webapp.site import site_of
from webapp.words import activity, refreshes

TABLES = ("client", "user", "service", "domain", "sign_in", "activity", "hostname")


@pytest.fixture
def empty(database_kind, tmp_path, monkeypatch):
    """The site with a database that has nothing in it."""
    url = f"sqlite:///{tmp_path}/empty.sqlite3"
    if database_kind == "postgresql":
        url = postgresql.database_of_worker(os.environ[postgresql.SERVER], "empty")
    app = _site(url, monkeypatch)
    yield app
    site_of(app).checks.close()
    with app.app_context():
        db.engine.dispose()


def rows(tables=TABLES):
    with db.engine.connect() as connection:
        return {
            name: connection.execute(text(f'SELECT * FROM "{name}" ORDER BY id')).all()  # noqa: S608
            for name in tables
        }


def indexes():
    with db.engine.connect() as connection:
        sqlite = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name"
        postgresql = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER"
            " BY indexname"
        )
        found = connection.execute(
            text(sqlite if connection.dialect.name == "sqlite" else postgresql)
        )
        return found.all()


def test_making_tables_anew_loses_no_row_no_index_and_no_foreign_key(in_app):
    ada = db.session.get(User, 3)
    sign_ins.sign_in(ada, NOW)
    with writing():
        audit_log.note(ada, "created", "client", 1, "Alice’s Bakery", NOW)
    db.session.remove()
    downgrade(revision="0007")
    before = rows(), indexes(), inspect(db.engine).get_foreign_keys("sign_in")
    for step in (lambda: downgrade(revision="0005"), lambda: upgrade(revision="0007")):
        step()
        assert (rows(), indexes(), inspect(db.engine).get_foreign_keys("sign_in")) == before
    if db.engine.dialect.name == "sqlite":
        assert db.session.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_sign_in_of_before_was_last_used_when_it_began_and_goes_on(in_app):
    token = sign_ins.sign_in(db.session.get(User, 1), NOW)
    downgrade(revision="0013")
    assert "security_event" not in inspect(db.engine).get_table_names()
    upgrade()
    one = sign_ins.sign_ins_of(sign_ins.signed_in(token, NOW), NOW)[0]
    assert (one.last_used_at, one.created_at, one.address, one.user_agent) == (NOW, NOW, "", "")
    assert db.session.get(User, 1).reset_epoch == 0


@pytest.mark.sqlite("PostgreSQL never gives an id again, and 0007 changes nothing there")
def test_an_id_in_the_log_is_not_given_again_by_a_database_of_before(in_app):
    downgrade(revision="0005")
    with writing():
        db.session.execute(
            text(
                "INSERT INTO activity (at, who, action, kind, item_id, item, detail)"
                " VALUES (:at, 'command line', 'deleted', 'client', 40, 'Gone before', '')"
            ),
            {"at": NOW.isoformat()},
        )
    db.session.remove()
    upgrade()
    with writing():
        client = catalog.add_client("New", NOW)
    assert client.id == 41


def test_the_id_of_what_was_deleted_is_not_given_again(in_app):
    with writing():
        gone = catalog.add_client("Gone", NOW)
    gone_id = gone.id
    with writing():
        db.session.delete(db.session.get(Client, gone_id))
    with writing():
        client = catalog.add_client("New", NOW)
    assert client.id == gone_id + 1


def test_all_the_way_down_and_up_again_the_tables_are_what_the_models_say(empty):
    with empty.app_context():
        upgrade()
        first = indexes(), compared()
        downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        upgrade()
        assert (indexes(), compared()) == first
        assert compared() == []


def compared():
    with db.engine.connect() as connection:
        options = {"include_name": search_index.is_of_a_model}
        return compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata)


@pytest.mark.postgresql("SQLite knows no other order")
def test_text_is_in_byte_order_whatever_the_locale_of_the_database(in_app):
    columns = """SELECT relname, attname FROM pg_attribute
        JOIN pg_collation ON pg_collation.oid = attcollation
        JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND collname <> 'C' AND relname <> 'alembic_version'"""
    assert db.session.execute(text(columns)).all() == []
    # Here it would matter
    assert db.session.scalar(text("SELECT lower('ÄA' COLLATE \"default\")")) == "äa"
    assert (
        db.session.scalar(text("SELECT lower(name) FROM client WHERE id = 1")) == "alice’s bakery"
    )


@pytest.mark.postgresql("SQLite's file is upgraded by whoever starts the site")
def test_of_two_upgrades_at_once_one_waits_and_finds_it_done(empty):
    up = [Path(sys.executable).with_name("flask"), "db", "upgrade"]
    both = [
        subprocess.Popen(up, cwd=Path(__file__).parent.parent, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    with empty.app_context():
        assert compared() == []


def details():
    """What the log and the refreshes say, by their item or slot."""
    lines = {line.called: line.detail for line in db.session.scalars(db.select(Activity))}
    told = {run.slot: run.detail for run in db.session.scalars(db.select(RefreshRun))}
    db.session.remove()
    return lines | told


def test_details_as_codes_go_down_to_words_and_up_again_and_can_be_read(in_app):
    moved = {"before": "Bob & Sons", "after": "Alice’s “Bakery”"}
    changed = [["status", "Active", "Expired"], ["reference", None, "17"]]
    with writing():
        audit_log.note(None, "moved", "service", 1, "moved", NOW, activity.Detail.MOVED, **moved)
        audit_log.note(
            None, "changed", "service", 1, "it", NOW, activity.Detail.CHANGES, changes=changed
        )
        audit_log.note(None, "started", "refresh", 1, "", NOW, activity.Detail.HOST_NAMES, count=9)
        audit_log.note(None, "deleted", "view", 1, "plain", NOW)
        run = runs.new(RunKind.DAILY, "2026-11-23", 0, 300, NOW, "")
        run.detail_code = refreshes.RunDetail.MANY_FAILED
        run.detail_parameters = {"asked": 300, "failed": 233}
        runs.new(RunKind.DAILY, "2026-11-24", 0, 300, NOW, "")
    before = details()
    downgrade(revision="0015")
    upgrade()
    assert (
        details()
        == before
        == {
            "moved": "from Bob & Sons to Alice’s “Bakery”",
            "it": "status Active → Expired, reference – → 17",
            "9 host names": "",
            "plain": "",
            "2026-11-23": "233 of 300 checks failed on our side. See the log.",
            "2026-11-24": "",
        }
    )
    runs.add_missing_jobs(NOW)
    assert queue.claim([runs.JOB], NOW), "a run that was under way goes on"
    assert audit_log.list_activity({"q": "“BAKERY”"}).total == 1


def test_targets_go_down_to_host_names_and_up_again_with_what_is_known_of_them(in_app):
    alice = db.session.get(Client, 1)
    with writing():
        shop = catalog.add_service(alice, "Shop", "two.example", ServiceStatus.ACTIVE)
        panel = catalog.add_service(alice, "Panel", "two.example", ServiceStatus.ACTIVE)
        mail = catalog.add_domain(alice, "mail.example", DomainStatus.ACTIVE)
        panel.target = Target(hostname="two.example", port=8443)
        mail.target.port = 2083
        for item in (shop, panel, mail):
            item.target.issuer = f"seen at {item.target.port}"
            item.target.not_after = NOW
            item.target.address_port = item.target.port
            db.session.add(
                Change(
                    target=item.target,
                    at=NOW,
                    new_state=State.VALID,
                    new_reason=Reason.OK,
                    old_issuer="",
                    new_issuer="R11",
                )
            )
    ids = shop.target_id, shop.id, panel.id
    before = indexes(), inspect(db.engine).get_foreign_keys("sign_in")
    db.session.remove()
    downgrade(revision="0017")
    upgrade()
    assert (indexes(), inspect(db.engine).get_foreign_keys("sign_in")) == before
    assert compared() == []
    shop = db.session.get(Service, ids[1])
    panel = db.session.get(Service, ids[2])
    mail = db.session.scalar(db.select(Domain).filter_by(name="mail.example"))
    assert shop.target_id == panel.target_id == ids[0]
    assert (shop.target.port, shop.target.protocol) == (443, Protocol.HTTPS)
    assert (shop.target.issuer, shop.target.not_after) == ("seen at 443", NOW)
    assert (mail.target.hostname, mail.target.port) == ("mail.example", 443)
    assert (mail.target.issuer, mail.target.reason) == ("", None)  # no one has asked there
    assert [one.target_id for one in db.session.scalars(db.select(Change))] == [ids[0]]
    with writing():
        assert catalog.add_domain(alice, "new.example", DomainStatus.ACTIVE).target.port == 443


def test_every_item_has_its_listing_row_after_the_migration(in_app):
    with writing():
        client = db.session.get(Client, 1)
        for number, reason in enumerate((None, *Reason)):
            ends = datetime.now(UTC) + timedelta(days=40 * (number % 3) - 30)
            target = Target(
                hostname=f"n{number}.example", reason=reason, not_after=ends, issuer="R1"
            )
            target.port = 8443 if number % 5 == 0 else 443
            for status in (ServiceStatus.ACTIVE, ServiceStatus.FRAUD):
                service = {"product": "Hosting", "domain": f"N{number}", "target": target}
                db.session.add(Service(client=client, status=status, **service))
            status = DomainStatus.GRACE_PERIOD if number % 2 else DomainStatus.EXPIRED
            db.session.add(Domain(client=client, name=f"n{number}", status=status, target=target))
    db.session.remove()
    downgrade(revision="0018")
    assert "listing_row" not in inspect(db.engine).get_table_names()
    upgrade()
    assert index_check.drifted(datetime.now(UTC)) == 0
    assert db.session.scalar(text("SELECT count(*) FROM listing_row")) == 4 + 3 * (len(Reason) + 1)


def test_an_item_that_was_entered_with_a_port_is_at_that_port_from_now_on(in_app):
    alice = db.session.get(Client, 1)
    with writing():
        panel = catalog.add_service(alice, "A", "https://two.example:8443/x", ServiceStatus.ACTIVE)
        plain = catalog.add_service(alice, "B", "https://two.example/", ServiceStatus.ACTIVE)
        alone = catalog.add_domain(alice, "bücher.example:2083", DomainStatus.ACTIVE)
        old = plain.target_id
    ids = panel.id, plain.id, alone.id
    db.session.remove()
    downgrade(revision="0017")
    upgrade()
    assert compared() == []
    panel, plain = (db.session.get(Service, id_) for id_ in ids[:2])
    alone = db.session.get(Domain, ids[2])
    assert (plain.target_id, plain.target.authority) == (old, "two.example")
    assert panel.target.authority == "two.example:8443"
    assert alone.target.authority == "xn--bcher-kva.example:2083"
    left = db.session.scalars(db.select(Target).where(Target.hostname.contains("bcher"))).all()
    assert left == [alone.target]


def test_contacts_and_notes_come_and_go_and_nothing_else_does(in_app):
    with writing():
        client = db.session.get(Client, 1)
        client.contact_email = "desk@alice.example"
        client.note = db.session.get(Service, 1).note = db.session.get(Domain, 1).note = "Bakes"
    db.session.remove()
    downgrade(revision="0024")
    before = rows(("client", "service", "domain"))
    upgrade()
    assert compared() == []
    client = db.session.get(Client, 1)
    assert (client.name, client.contact_email, client.note) == ("Alice’s Bakery", None, None)
    assert db.session.get(Service, 1).note is None
    db.session.remove()
    downgrade(revision="0024")
    assert rows(("client", "service", "domain")) == before


def test_diagnoses_come_and_go_with_their_jobs(in_app):
    row = {"created_at": NOW, "run_at": NOW, "give_up_at": NOW, "arguments": {}}
    with writing():
        diagnosis = Diagnosis(name="alice.example", server="", viewer=1, started_at=NOW)
        db.session.add(diagnosis)
        db.session.flush()
        db.session.add(DiagnosisStep(diagnosis_id=diagnosis.id, step={}))
        for kind in ("diagnosis", "other"):
            db.session.add(Job(kind=kind, key=str(diagnosis.id), **row))
    db.session.remove()
    downgrade(revision="0031")
    assert "diagnosis_step" not in inspect(db.engine).get_table_names()
    upgrade()
    assert compared() == []
    assert db.session.scalars(db.select(Job.kind)).all() == ["other"]
    assert db.session.query(Diagnosis).count() == 0


@pytest.mark.parametrize(("days", "moments"), [(None, (22.5, 30, 30)), ("20", (20, 20, 20))])
def test_days_that_were_set_become_the_sites_rule(in_app, days, moments):
    with writing():
        for number, lifetime in enumerate((90, 398, None)):
            begins = None if lifetime is None else NOW - timedelta(days=lifetime)
            name = f"n{number}.example"
            target = Target(hostname=name, reason=Reason.OK, not_before=begins, not_after=NOW)
            client = db.session.get(Client, 1)
            domain = Domain(client=client, name=name, target=target, status=DomainStatus.ACTIVE)
            db.session.add(domain)
        if days:
            setting = {"name": "PADLOCK_EXPIRING_DAYS", "value": days, "changed_at": NOW}
            db.session.add(StoredSetting(**setting))
    db.session.remove()
    downgrade(revision="0034")
    upgrade()
    assert compared() == []
    found = db.session.scalars(db.select(Target.expiring_at).where(Target.not_after.is_not(None)))
    assert tuple((NOW - at) / timedelta(days=1) for at in found) == moments
    assert rules.stored() == ({"site": {"expiring": {"days": 20}}} if days else {})
    assert db.session.scalar(db.select(StoredSetting)) is None
    index.move_ranks(NOW)
    assert expiring.drifted() == index_check.drifted(NOW) == 0


def test_an_incident_that_is_open_begins_its_timeline(in_app):
    state = {"id": 7, "kind": "invalid", "opened_at": NOW.isoformat(), "grown_at": NOW.isoformat()}
    state |= {"causes": [], "names": ["alice.example"], "troubled": ["alice.example"]}
    with writing():
        db.session.add(AlertIncident(id=7, state=state, readers={"staff": {"ended": True}}))
        db.session.add(AlertName(name="alice.example", target_id=1, checked_at=NOW, state={}))
    db.session.remove()
    downgrade(revision="0035")
    upgrade()
    assert compared() == []
    assert db.session.scalar(db.select(AlertName.incident_id)) == 7
    step = db.session.scalars(db.select(AlertIncidentStep)).one()
    assert (step.incident_id, step.step, step.at, step.count) == (7, "opened", NOW, 1)
    incident = db.session.scalars(db.select(AlertIncident)).one()
    assert (incident.state, incident.readers) == (state, {"staff": {"ended": True}})


def test_users_of_clients_are_counted(in_app):
    counts = db.select(Client.user_count).order_by(Client.id)
    before = db.session.scalars(counts).all()
    assert any(before)
    db.session.remove()
    downgrade(revision="0059")
    upgrade()
    assert compared() == []
    assert db.session.scalars(counts).all() == before
    assert index_check.miscounted() == 0


COUNTED = {
    "sqlite": "SELECT stat FROM sqlite_stat1 WHERE tbl = 'client'",
    "postgresql": "SELECT reltuples FROM pg_class WHERE oid = 'client'::regclass",
}


def test_after_a_migration_the_database_knows_how_full_its_tables_are(in_app):
    with writing():
        for number in range(7):
            catalog.add_client(f"Client {number}", datetime.now(UTC))
    clients = db.session.query(Client).count()
    db.session.remove()
    downgrade(revision="-1")
    upgrade()
    counted = db.session.scalar(text(COUNTED[db.engine.dialect.name]))
    assert float(str(counted).split()[0]) == clients
