"""Standing in line at an address."""

import time
from contextlib import closing
from dataclasses import replace

from webapp.probe import AddressLimits, Reason, assessment, engine, probe
from webapp.probe.address import Endpoint
from webapp.probe.contact import Contact, Ending
from webapp.probe.waiting import Crew, drive

HERE = Endpoint("127.0.0.1", 443)
THERE = Endpoint("127.0.0.2", 443)


def test_a_turn_that_is_free_is_taken_at_once():
    limits = AddressLimits(1, pause=1, patience=1)
    started = time.monotonic()
    assert drive(limits.take([THERE, HERE, HERE])) == [HERE, THERE]
    assert time.monotonic() - started < 0.9


def test_after_a_turn_comes_a_pause():
    limits = AddressLimits(1, pause=0.1, patience=1)
    limits.give_back(drive(limits.take([HERE])))
    started = time.monotonic()
    drive(limits.take([HERE]))
    assert time.monotonic() - started > 0.09


def test_whoever_stands_in_line_for_too_long_is_nobodys_fault_over_there(lab_settings):
    limits = AddressLimits(1, pause=0, patience=0.05)
    where = next(entry for entry in lab_settings.connect_to if entry.pattern == "ok.lab.example")
    drive(limits.take([Endpoint(where.address, where.port)]))
    assert drive(probe("ok.lab.example", lab_settings, limits)).reason is Reason.MONITOR_ERROR


def test_the_time_in_line_does_not_count(lab_settings):
    limits = AddressLimits(1, pause=2, patience=10)
    settings = replace(lab_settings, timeout=1.5)
    for _ in range(2):
        finding = drive(probe("ok.lab.example", settings, limits))
    assert finding.reason is Reason.OK
    assert finding.elapsed_seconds < 1.5


def test_between_its_two_tries_a_refused_name_lets_another_have_its_turn(lab_settings):
    limits = AddressLimits(1, pause=0, patience=engine.RETRY_SECONDS / 2)
    with closing(Crew(2, "refused")) as crew:
        asked = [crew.submit(probe("refused.lab.example", lab_settings, limits)) for _ in range(2)]
        assert [answer.result().reason for answer in asked] == [Reason.REFUSED] * 2


def test_an_address_is_down_after_as_many_silences_in_a_row_as_are_asked_at_once():
    limits = AddressLimits(3, pause=0, patience=1)
    limits.silent([HERE])
    limits.silent([HERE])
    assert not limits.down([HERE])
    limits.answered(HERE)
    seen = []
    for _ in range(3):
        limits.silent([HERE])
        seen.append(limits.down([HERE]))
    assert seen == [False, False, True]
    assert not limits.down([HERE, THERE])


def test_an_address_that_was_down_for_a_while_is_asked_again(monkeypatch):
    limits = AddressLimits(1, pause=0, patience=1)
    for _ in range(2):
        limits.silent([HERE])
    assert limits.down([HERE])
    monkeypatch.setattr("webapp.probe.address_limits.DOWN_SECONDS", 0)
    assert not limits.down([HERE])


def test_of_many_addresses_those_that_nobody_needs_are_forgotten(monkeypatch):
    monkeypatch.setattr("webapp.probe.address_limits.FORGET_FROM_ADDRESSES", 4)
    limits = AddressLimits(1, pause=0, patience=1)
    drive(limits.take([HERE]))
    limits.silent([THERE])
    for port in range(50):
        limits.give_back(drive(limits.take([Endpoint("127.0.0.3", port)])))
    assert {HERE, THERE} < limits._counters.keys()
    assert len(limits._counters) < 10


def test_a_name_at_an_address_that_is_down_is_not_asked(lab_settings, lab):
    limits = AddressLimits(1, pause=0, patience=1)
    where = next(
        entry for entry in lab_settings.connect_to if entry.pattern == "silent.lab.example"
    )
    for _ in range(2):
        limits.silent([Endpoint(where.address, where.port)])
    before = lab.contacts("silent.lab.example")
    finding = drive(probe("silent.lab.example", lab_settings, limits))
    assert (finding.reason, finding.detail) == (Reason.TIMEOUT, engine.NOT_ASKED)
    assert lab.contacts("silent.lab.example") == before


def test_a_silence_that_this_machine_slept_through_says_nothing(lab_settings, monkeypatch):
    def asleep(hostname, where, trust, deadline):
        deadline.end -= 3600
        return Contact(Ending.TIMEOUT)
        yield

    monkeypatch.setattr(engine, "confirmed", asleep)
    finding = drive(probe("ok.lab.example", lab_settings))
    assert (finding.reason, finding.detail) == (Reason.MONITOR_ERROR, assessment.LATE)
