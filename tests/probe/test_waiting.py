import os
import threading
import time
from concurrent.futures import Future
from contextlib import closing
from queue import Empty, SimpleQueue

import pytest

from webapp.probe import waiting
from webapp.probe.waiting import READ, Crew, Wait, drive


def until(seconds):
    return time.monotonic() + seconds


def reads(descriptor, seconds=5.0):
    ready = yield Wait(until(seconds), ((descriptor, READ),))
    return bool(ready)


def hears(future, seconds=5.0):
    yield Wait(until(seconds), future=future)
    return future.done()


def fails():
    yield Wait(until(0))
    raise KeyError("gone")


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture(params=["alone", "in a crew"])
def run(request):
    """Runs a probe to its end, in this thread or in a crew's."""
    if request.param == "alone":
        yield drive
        return
    with closing(Crew(4, "test")) as crew:
        yield lambda probe: crew.submit(probe).result(10)


def test_a_probe_goes_on_when_its_descriptor_is_ready(run, pipe):
    os.write(pipe[1], b"!")
    assert run(reads(pipe[0])) is True


def test_a_probe_goes_on_when_its_time_is_up(run, pipe):
    assert run(reads(pipe[0], 0.05)) is False


def test_a_probe_goes_on_when_its_future_is_done(run):
    future = Future()
    threading.Timer(0.05, future.set_result, [None]).start()
    assert run(hears(future)) is True


def test_a_future_that_is_done_already_is_not_waited_for(run):
    future = Future()
    future.set_result(None)
    assert run(hears(future)) is True


def test_a_future_may_take_too_long(run):
    assert run(hears(Future(), 0.05)) is False


def test_what_a_probe_raises_reaches_whoever_asked(run):
    with pytest.raises(KeyError):
        run(fails())


def test_more_probes_than_fit_stand_in_line(pipe):
    with closing(Crew(2, "test")) as crew:
        answers = [
            crew.submit(reads(pipe[0])),
            crew.submit(hears(future := Future())),
            crew.submit(fails()),
        ]
        assert not answers[2].done()
        future.set_result(None)
        assert answers[1].result(10) is True
        with pytest.raises(KeyError):
            answers[2].result(10)
        assert not answers[0].done()
        os.write(pipe[1], b"!")
        assert answers[0].result(10) is True


def test_a_closed_crew_leaves_no_thread_and_tells_its_probes(pipe):
    begun = threading.Event()
    told = threading.Event()

    def waits():
        begun.set()
        try:
            yield from reads(pipe[0])
        finally:
            told.set()

    crew = Crew(1, "short-lived")
    crew.submit(waits())
    crew.submit(fails())  # stands in line
    assert begun.wait(10)
    crew.close()
    assert "short-lived" not in {thread.name for thread in threading.enumerate()}
    assert told.is_set()


def test_a_future_that_is_done_after_the_crew_has_gone_touches_nobody_elses_file(tmp_path):
    future = Future()
    crew = Crew(1, "gone")
    crew.submit(hears(future))
    crew.close()
    # They get the pipe's numbers
    with (tmp_path / "a").open("w+b") as first, (tmp_path / "b").open("w+b") as second:
        future.set_result(None)
        assert first.read() == second.read() == b""


def test_a_dismissed_crew_takes_no_more_probes():
    crew = Crew(1, "dismissed")
    crew.close()
    with pytest.raises(RuntimeError):
        crew.submit(fails())


def test_a_crew_whose_thread_could_not_start_can_be_tried_again(monkeypatch, pipe):
    def no_thread(self):
        raise RuntimeError("can't start new thread")

    with closing(Crew(1, "test")) as crew:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", no_thread)
            with pytest.raises(RuntimeError):
                crew.submit(reads(pipe[0]))
        os.write(pipe[1], b"!")
        assert crew.submit(reads(pipe[0])).result(10) is True


def test_nobody_can_cancel_a_probe_under_way_and_stop_the_crew(pipe):
    with closing(Crew(1, "test")) as crew:
        answer = crew.submit(reads(pipe[0]))
        assert answer.cancel() is False
        os.write(pipe[1], b"!")
        assert answer.result(10) is True


def test_waits_that_are_over_do_not_pile_up_on_the_clock():
    def long_waits(times):
        for _ in range(times):
            future = Future()
            future.set_result(None)
            yield Wait(until(3600), future=future)

    with closing(Crew(4, "test")) as crew:
        crew.submit(long_waits(1000)).result(10)
        assert len(crew._clock) < 100


def test_probes_that_only_wait_leave_their_place_to_others_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(waiting, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(waiting, "COUNT_SECONDS", 0.02)
    begun, end = SimpleQueue(), Future()

    def silent(number):
        begun.put(number)
        return (yield from hears(end, 60))

    with closing(Crew(2, "test", 5)) as crew:
        answers = [crew.submit(silent(number)) for number in range(7)]
        assert [begun.get(timeout=10) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(Empty):
            begun.get(timeout=0.5)
        end.set_result(None)
        assert all(answer.result(10) for answer in answers)
