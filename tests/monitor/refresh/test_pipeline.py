"""Batches that end together: what of them is recorded, and what is believed."""

from threading import Event

import pytest
from sqlalchemy import func, select, update

from tests.monitor.refreshing import take
from webapp.extensions import db, writing
from webapp.monitor.models import RefreshRun, RunKind, RunState, Target
from webapp.monitor.refresh import batch_results, network, pipeline, runs, selection
from webapp.probe import Finding, Reason

OK = [Reason.OK]
REFUSED = [Reason.REFUSED]
NO_NAME = [Reason.DNS_FAILED]


class Batches:
    """Batches of one run that are under way, whose servers answer when the test says so."""

    def __init__(self, sizes, now):
        run = runs.begin(RunKind.DAILY, "2026-11-23", 0, now)
        owner = take(run.id, now)
        self.stop = Event()
        self.pipeline = pipeline.Pipeline(
            pipeline.RunWork(run.id, owner, self.stop, clock=lambda: now)
        )
        self.now = now
        self.claimed = [selection.claim(run.id, owner, size, now) for size in sizes]
        self.pipeline._asking.ask = lambda *_: None
        for batch in self.claimed:
            self.pipeline.add(batch)

    def answer(self, *reasons):
        """These are heard together, those of each batch."""
        heard = []
        for batch, of_batch in zip(self.claimed, reasons, strict=False):
            for (id_, name), reason in zip(batch.names.items(), of_batch, strict=False):
                address = None if reason is Reason.DNS_FAILED else "127.0.0.1"
                finding = Finding(name, name, reason, self.now, 0.1, address=address)
                heard.append(((batch.claim, id_), finding))
        self.pipeline._asking.heard = lambda _stop: heard
        self.pipeline.listen()

    @property
    def run(self):
        db.session.rollback()
        return db.session.scalar(select(RefreshRun))

    def left_claimed(self):
        self.pipeline.close()
        return db.session.scalar(select(func.count(Target.claim)))


@pytest.fixture
def batches(fleet, site, now):
    def batches(*sizes):
        fleet(*(f"name{number}.example" for number in range(sum(sizes))))
        return Batches(sizes, now)

    return batches


@pytest.fixture
def examined(monkeypatch):
    """Sets what is called to tell whether we are offline, where a batch is suspicious."""

    def examined(outcome):
        monkeypatch.setattr(pipeline, "is_offline", lambda *_: outcome())

    return examined


def test_batches_that_end_together_are_recorded_together(batches, monkeypatch):
    together = []

    def record(answers, *others):
        together.append(len(answers))
        batch_results.record_together(answers, *others)

    monkeypatch.setattr(pipeline, "record_together", record)
    under_way = batches(3, 3)
    under_way.answer(OK + 2 * REFUSED, 3 * REFUSED)
    assert (together, under_way.run.asked, under_way.left_claimed()) == ([6], 6, 0)


def test_that_we_are_offline_stays_noted_where_a_batch_before_was_well(batches, examined):
    examined(lambda: True)
    under_way = batches(3, 12)
    under_way.answer(3 * OK, 12 * REFUSED)
    run = under_way.run
    assert (run.asked, run.state, run.retry_at is None) == (3, RunState.OFFLINE, False)
    assert under_way.left_claimed() == 0


def test_names_that_have_just_answered_can_be_asked_whether_we_are_offline(
    batches, monkeypatch, now
):
    controls = []

    def findings_of(names, *_):
        controls.extend(names)
        return [Finding(name, name, Reason.OK, now, 0.1) for name in names]

    monkeypatch.setattr(network, "findings_of", findings_of)
    under_way = batches(12, 12)
    under_way.answer(12 * OK, 12 * NO_NAME)
    assert {*controls} <= {*under_way.claimed[0].names.values()}
    assert controls
    assert (under_way.run.asked, under_way.pipeline.offline) == (24, False)


def test_a_machine_that_is_too_busy_takes_nothing_back(batches, examined):
    def busy():
        raise network.MachineBusy

    examined(busy)
    under_way = batches(3, 12)
    with writing():
        db.session.execute(update(RefreshRun).values(tries=3))
    with pytest.raises(network.MachineBusy):
        under_way.answer(3 * REFUSED, OK + 11 * REFUSED)
    assert (under_way.run.asked, under_way.run.tries, under_way.left_claimed()) == (4, 0, 0)


def test_after_a_stop_nothing_doubtful_is_believed(batches, examined):
    under_way = batches(12, 3)

    def stopped():
        under_way.stop.set()
        return True

    examined(stopped)
    under_way.answer(OK + 11 * REFUSED, 3 * REFUSED)
    run = under_way.run
    assert (run.asked, run.state, under_way.left_claimed()) == (1, RunState.RUNNING, 0)


def test_a_later_batch_waits_for_those_before_it(batches):
    under_way = batches(3, 3)
    under_way.answer([], 3 * REFUSED)
    assert (under_way.run.asked, under_way.pipeline.busy) == (0, True)
    under_way.answer(3 * OK)
    assert (under_way.run.asked, under_way.pipeline.busy) == (6, False)


def test_a_run_that_stumbled_goes_well_again_once_a_batch_has_ended(batches):
    under_way = batches(3)
    with writing():
        db.session.execute(update(RefreshRun).values(tries=3))
    under_way.answer(2 * OK)
    assert (under_way.run.asked, under_way.run.tries) == (2, 3)
    names = under_way.claimed[0].names
    for id_ in [*names][:2]:
        del names[id_]
    under_way.answer(OK)
    assert (under_way.run.asked, under_way.run.tries) == (3, 0)


def test_no_batch_joins_a_transaction_that_has_enough(batches, monkeypatch):
    monkeypatch.setattr(pipeline, "MOST_ANSWERS", 4)
    under_way = batches(3, 3, 3)
    under_way.answer(3 * REFUSED, 3 * REFUSED, 3 * REFUSED)
    assert under_way.run.asked == 6
    under_way.answer()
    assert (under_way.run.asked, under_way.pipeline.busy) == (9, False)


def test_when_a_batch_has_ended_there_may_be_more_names(batches):
    under_way = batches(3, 3)
    under_way.pipeline.add(selection.Batch("", {}))
    assert not under_way.pipeline.has_room()
    under_way.answer(3 * OK)
    assert under_way.pipeline.has_room()
