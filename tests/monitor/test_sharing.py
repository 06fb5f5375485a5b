"""Two processes of one site beside each other, as two sites of this process with one database and
one Redis."""

import threading

import pytest

from tests.monitor.processes import wait_for
from webapp import create_app
from webapp.extensions import db
from webapp.monitor import checks, live
from webapp.monitor.diagnosis import diagnoses
from webapp.monitor.diagnosis.diagnoses import Diagnoses
from webapp.monitor.diagnosis.model import Diagnosis
from webapp.monitor.diagnosis.showing import Showing
from webapp.probe import Reason, State
from webapp.probe.steps import NameUnderstood, Verdict
from webapp.site import site_of

SERVER = "192.0.2.1"


@pytest.fixture
def two(site, redis):
    """The site, and a second process of it."""
    site.config["PADLOCK_BROKER_URL"] = redis.url
    live.register(site)
    other = create_app(
        {name: value for name, value in site.config.items() if name.startswith("PADLOCK_")}
    )
    yield site, other
    site_of(other).checks.close()
    with other.app_context():
        db.engine.dispose()


def test_a_name_that_another_process_asks_is_not_asked_again(two, hostname, lab, now):
    row = hostname("slow")
    before = lab.contacts(row.hostname)
    here, there = two
    check = site_of(here).checks.start(row.hostname, 1)
    with there.app_context():
        same = db.session.get(type(row), row.id)
        assert live.ask(same, active=True, viewer=2, now=now)
        stands = live.known(same, active=True, viewer=2, now=now)
    assert (stands.checking, stands.state, stands.poll_seconds) == (
        True,
        State.UNKNOWN,
        checks.ELSEWHERE_POLL_SECONDS,
    )
    assert check.done.wait(10)
    # And has been given back
    assert site_of(there).shared.lease(f"check:{row.hostname}", 1)
    db.session.rollback()
    assert (row.reason, lab.contacts(row.hostname)) == (Reason.OK, before + 1)


def test_without_redis_each_process_asks_for_itself(two, hostname, redis, now):
    row = hostname("ok")
    redis.kill()
    assert live.ask(row, active=True, viewer=1, now=now)
    db.session.rollback()
    assert live.known(row, active=True, viewer=1, now=now).state is State.VALID


def test_a_diagnosis_is_read_along_in_every_process(two, monkeypatch, lab):
    held = threading.Event()
    real = diagnoses.diagnose

    def slowly(*arguments):
        for step in real(*arguments):
            yield step
            assert held.wait(10)

    monkeypatch.setattr(diagnoses, "diagnose", slowly)
    here, there = (Diagnoses(app) for app in two)
    assert here.start("expired.lab.example", SERVER, 1, lambda _: None)
    wait_for(lambda: there.of("expired.lab.example", SERVER).steps)
    assert there.of("expired.lab.example", SERVER).running
    assert there.start("expired.lab.example", SERVER, 2, lambda _: None)  # joins
    assert not there.start("expired.lab.example", None, 2, lambda _: None)
    held.set()
    wait_for(lambda: not there.of("expired.lab.example", SERVER).running)
    both = [board.of("expired.lab.example", SERVER) for board in (here, there)]
    assert both[0].steps == both[1].steps
    assert isinstance(both[1].steps[-1], Verdict)
    assert both[1].fresh


def test_a_diagnosis_whose_process_has_died_has_failed(two, now):
    here, there = (Showing(site_of(app).shared) for app in two)
    assert here.begin(Diagnosis("a.example", None, 1, now))
    assert there.of("a.example", None).running
    assert not there.begin(Diagnosis("a.example", SERVER, 2, now))
    site_of(two[0]).shared.give_back(here._leases["a.example"])  # as when it runs out
    seen = there.of("a.example", None)
    assert (seen.running, seen.failed) == (False, True)


def test_a_diagnosis_that_redis_has_half_forgotten_is_shown_to_nobody(two, now):
    here, there = (Showing(site_of(app).shared) for app in two)
    diagnosis = Diagnosis("a.example", None, 1, now)
    step = NameUnderstood("a.example", "a.example")
    assert here.begin(diagnosis)
    site_of(two[0]).shared.redis.flushall()
    here.add(diagnosis, step)
    here.end(diagnosis)
    assert there.of("a.example", None) is None
    assert there.begin(diagnosis)


def test_a_lease_whose_answer_was_lost_can_be_given_back(two, redis):
    first, second = (site_of(app).shared for app in two)
    assert first.problem() == ""
    with redis.stopped():
        lease = first.lease("a", 60)  # nobody waits for it
    assert lease is not None
    wait_for(lambda: second.redis.exists("padlock:a"))
    first._silent_until = 0.0
    first.give_back(lease)
    assert second.lease("a", 60) is not None
