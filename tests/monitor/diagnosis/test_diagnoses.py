"""Diagnoses in memory: one a name at a time, bounded, and forgotten in time."""

import threading
import time

import pytest

from webapp.extensions import db
from webapp.monitor.diagnosis import diagnoses
from webapp.monitor.diagnosis.model import COOL_DOWN_SECONDS, KEPT_SECONDS
from webapp.monitor.models import Target
from webapp.probe import Reason
from webapp.probe.finding import Finding
from webapp.probe.steps import NameUnderstood, Origin, OriginAsked, Verdict


def forget(_origin):
    pass


@pytest.fixture
def gate(monkeypatch, now):
    """Diagnoses that begin, and end when the gate is opened."""
    gate = threading.Event()

    def slow(name, settings, server=None):
        yield NameUnderstood(name, name)
        assert gate.wait(10)
        if server:
            yield OriginAsked(server, Origin.HERE, None)
        yield Verdict(Finding(name, name, Reason.REFUSED, now, 0.1), 7)

    monkeypatch.setattr(diagnoses, "diagnose", slow)
    yield gate
    gate.set()


@pytest.fixture
def registry(app):
    return diagnoses.Diagnoses(app)


def ended(registry, name="alice.example", server=None):
    until = time.monotonic() + 10
    while registry.of(name, server).running and time.monotonic() < until:
        time.sleep(0.005)
    return registry.of(name, server)


def test_who_comes_second_joins(registry, gate):
    assert registry.start("alice.example", None, 1, forget)
    first = registry.of("alice.example", None)
    assert registry.start("alice.example", None, 2, forget)
    assert registry.of("alice.example", None) is first
    gate.set()
    assert len(ended(registry).steps) == 2


def test_one_that_has_just_been_done_is_shown_and_not_done_again(registry, gate):
    gate.set()
    registry.start("alice.example", None, 1, forget)
    first = ended(registry)
    assert registry.start("alice.example", None, 1, forget)
    assert registry.of("alice.example", None) is first
    first.ended -= COOL_DOWN_SECONDS
    registry.start("alice.example", None, 1, forget)
    assert registry.of("alice.example", None) is not first


def test_the_same_name_is_not_asked_twice_at_once_for_two_servers(registry, gate):
    assert registry.start("alice.example", None, 1, forget)
    assert not registry.start("alice.example", "192.0.2.1", 2, forget)


def test_one_viewer_has_only_so_many_and_the_others_have_room(registry, gate):
    started = [
        registry.start(f"{number}.example", None, 1, forget)
        for number in range(diagnoses.MOST_OF_VIEWER + 1)
    ]
    assert started == [True] * diagnoses.MOST_OF_VIEWER + [False]
    assert registry.start("bob.example", None, 2, forget)


def test_there_is_an_end_to_the_line(registry, gate, monkeypatch):
    monkeypatch.setattr(diagnoses, "MOST_QUEUED", 0)
    started = [registry.start(f"{viewer}.example", None, viewer, forget) for viewer in range(5)]
    assert started == [True] * diagnoses.MOST_RUNNING + [False]


def test_what_it_comes_to_is_recorded_and_where_it_leads_is_told(app, registry, gate):
    told = []
    registry.start("alice.example", "192.0.2.1", 1, told.append)
    gate.set()
    ended(registry, server="192.0.2.1")
    assert told == [Origin.HERE]
    with app.app_context():
        assert (
            db.session.scalar(db.select(Target.reason).filter_by(hostname="alice.example"))
            is Reason.REFUSED
        )


def test_a_fault_of_ours_ends_it_and_is_logged(registry, monkeypatch, caplog):
    def broken(name, settings, server=None):
        raise RuntimeError("ours")
        yield

    monkeypatch.setattr(diagnoses, "diagnose", broken)
    registry.start("alice.example", None, 1, forget)
    assert ended(registry).failed
    assert "the diagnosis of alice.example failed" in caplog.text


def test_old_ones_and_too_many_are_forgotten(registry, gate, monkeypatch):
    gate.set()
    monkeypatch.setattr(diagnoses, "MOST_KEPT", 1)
    for name in ("a.example", "b.example"):
        registry.start(name, None, 1, forget)
        ended(registry, name)
    assert registry.of("a.example", None) is None
    registry.of("b.example", None).ended -= KEPT_SECONDS + 1
    assert registry.of("b.example", None) is None
