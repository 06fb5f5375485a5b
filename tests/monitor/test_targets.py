"""One name at two ports is two targets: asked, claimed, remembered and diagnosed apart."""

from datetime import UTC, datetime

import pytest

from tests.conftest import NOW
from tests.monitor.processes import wait_for
from tests.monitor.refreshing import take
from tests.two_ports import NAME, OTHER, two_ports
from webapp.customers import catalog
from webapp.customers.models import Service, ServiceStatus
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.monitor import history, live
from webapp.monitor.diagnosis import diagnoses
from webapp.monitor.models import RunState
from webapp.monitor.refresh import runner, selection
from webapp.probe import Reason, State


@pytest.fixture
def both(fleet, site, lab):
    """The rows of the name at port 443, with a valid certificate, and at 8443, with an expired
    one; an item each, and no other is in use."""
    site.config["PADLOCK_CONNECT_TO"] += two_ports(lab)
    live.register(site)  # its settings are those of that moment
    ids = fleet(NAME, OTHER)
    return [db.session.scalar(db.select(Service).filter_by(domain=name)).target for name in ids]


def look(row):
    now = datetime.now(UTC)
    live.ask(row, active=True, viewer=1, now=now)
    return live.known(row, active=True, viewer=1, now=now)


def test_each_cell_asks_its_own_port(both, lab):
    before = lab.contacts(NAME), lab.contacts(OTHER)
    assert [look(row).reason for row in both] == [Reason.OK, Reason.EXPIRED]
    assert (lab.contacts(NAME), lab.contacts(OTHER)) == (before[0] + 1, before[1] + 1)
    assert [row.port for row in both] == [443, 8443]


def test_a_refresh_asks_both_and_each_has_its_own_history(both, tick):
    run = tick()
    assert (run.state, run.asked, run.valid, run.invalid) == (RunState.DONE, 2, 1, 1)
    assert [row.state for row in both] == [State.VALID, State.INVALID]
    assert [[one.new_reason for one in history.changes(row)] for row in both] == [
        [Reason.OK],
        [Reason.EXPIRED],
    ]


def test_a_batch_names_the_port(both):
    run = runner.runs.begin(runner.runs.RunKind.COMMAND, "x", 0, NOW, "", 2)
    owner = take(run.id, NOW)
    batch = selection.claim(run.id, owner, 10, NOW)
    assert set(batch.names.values()) == {NAME, OTHER}


def test_two_items_at_one_port_are_asked_once(both, lab, tick):
    with writing():
        client = db.session.scalar(db.select(Service).filter_by(domain=OTHER)).client
        again = catalog.add_service(client, "Panel", f"https://{OTHER}/x", ServiceStatus.ACTIVE)
    assert again.target is both[1]
    before = lab.contacts(OTHER)
    assert tick().asked == 2
    assert lab.contacts(OTHER) == before + 1


def test_a_diagnosis_of_the_one_says_nothing_of_the_other(both):
    for name in (OTHER, NAME):
        assert diagnoses.start(name, None, 1, {}, datetime.now(UTC))
    wait_for(lambda: not db.session.rollback() and not db.session.query(Job).count())
    assert [row.reason for row in both] == [Reason.OK, Reason.EXPIRED]
    assert diagnoses.of(OTHER, None).steps[0].port == 8443


def test_a_port_that_is_no_longer_allowed_is_told_and_asked_again_when_it_is(both, site, lab):
    before = lab.contacts(OTHER)
    site.config["PADLOCK_PORTS"] = (443,)
    live.register(site)
    assert look(both[1]).reason is Reason.NOT_CHECKABLE
    assert lab.contacts(OTHER) == before
    site.config["PADLOCK_PORTS"] = (443, 8443)
    live.register(site)
    with writing():
        both[1].checked_at = NOW
    assert look(both[1]).reason is Reason.EXPIRED


def test_a_new_target_at_a_port_that_is_not_allowed_is_known_not_to_be_checkable(both):
    with writing():
        client = db.session.get_one(Service, 1).client
        odd = catalog.add_service(client, "Odd", f"{NAME}:2222", ServiceStatus.ACTIVE)
    assert (odd.target.port, odd.target.state, odd.target.reason) == (
        2222,
        State.UNKNOWN,
        Reason.NOT_CHECKABLE,
    )
    assert odd.refusal.allowed == (443, 8443, 2083, 2087, 2096, 8006, 10000)
