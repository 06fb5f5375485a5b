"""The batches of a run that are checked at the same time.

A silent server takes its whole deadline, and no batch is without one. So the next batch begins
while the last names of those before are waited for: waiting costs nothing but a connection.

A batch is claimed, renewed and released together, and tells whether our own network is down.
Batches end in the order in which they began: what the first one says of the network is known before
anything doubtful of a later one is believed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from webapp.extensions import db
from webapp.jobs.queue import ClaimedJob
from webapp.monitor.models import RefreshRun
from webapp.monitor.probing import GATHER_SECONDS, STOP_CHECK_SECONDS, ProbeBatch, Prober
from webapp.monitor.refresh import runs, selection
from webapp.monitor.refresh.batch_results import ClaimedFinding, record_together
from webapp.monitor.refresh.network import NETWORK, MachineBusy, is_offline, is_suspicious
from webapp.probe import Finding

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Progress = Callable[[RefreshRun], object]
# And a fifth of its time: a batch that was kept waiting by our own machine for longer tells nothing
LATE_SECONDS = 1.0
# Under way at once: what a stop has to let go of, and what a kill leaves claimed for a while
MOST_BATCHES = 128
# In one transaction, for which others wait with what they write: no further batch joins so many
MOST_ANSWERS = 300


@dataclass(frozen=True, slots=True)
class RunWork:
    """What a process works on: a run, with its job as `owner` where they have it, until they are to
    stop or that moment of the monotonic clock; from `turn_until` on another run goes first. `only`
    narrows it to these host names; `progress` is told how far it is; `prober` is shared with other
    work of this process."""

    run_id: int
    owner: ClaimedJob | None
    stop: Event
    clock: Clock
    only: Sequence[int] = ()
    progress: Progress | None = None
    until: float = float("inf")
    turn_until: float = float("inf")
    prober: Prober | None = None


@dataclass(slots=True)
class _UnderWay:
    """A batch, how many of it have not been heard of, and what our own network could have answered
    for them."""

    batch: selection.Batch
    left: int
    begun_at: float  # on the monotonic clock
    late_before: float  # for how many seconds this process had been kept from its work by then
    doubtful: list[ClaimedFinding] = field(default_factory=list)


class Pipeline:
    """Asks batches of a run, as many at once as there are connections for, and records what they
    answer. It holds them, and the run where a process owns it. Close it at the end: it lets go of
    what has not been answered by then."""

    def __init__(self, work: RunWork) -> None:
        self._work = work
        self._asking = ProbeBatch[tuple[str, int]](work.prober)
        self._under_way: dict[str, _UnderWay] = {}  # by claim, the oldest first
        self._renewed_at = time.monotonic()
        self._late = 0.0  # seconds by which this thread went on later than it was to
        self._dry = False  # no more names until a batch has ended
        self._well = False  # a batch has come through, and the run says so
        self.offline = False  # it has turned out that this machine has no network

    @property
    def flows(self) -> bool:
        """Whether it may go on."""
        return not self.offline and not self._work.stop.is_set()

    @property
    def busy(self) -> bool:
        """Whether a batch is under way."""
        return bool(self._under_way)

    def has_room(self) -> bool:
        """Whether another batch should be taken up: there is room in the line, and there may be
        one."""
        few = len(self._under_way) < MOST_BATCHES and self._asking.has_room()
        return few and self.flows and not self._dry

    def add(self, batch: selection.Batch) -> None:
        """Ask these names as well.

        An empty batch says that there are no more until one of those under way, here or elsewhere,
        has come to its end.
        """
        if not batch.names:
            self._dry = True
            return
        self._under_way[batch.claim] = _UnderWay(
            batch, len(batch.names), time.monotonic(), self._late
        )
        for number, name in batch.names.items():
            self._asking.ask((batch.claim, number), name)

    def listen(self) -> None:
        """Record what comes in within a moment."""
        self._glance()
        if not self._under_way:
            self._work.stop.wait(STOP_CHECK_SECONDS)  # others are at work on the last of them
            self._dry = False
            return
        sure: list[ClaimedFinding] = []
        listened_at = time.monotonic()
        heard = self._asking.heard(self._work.stop)
        self._late += max(0.0, time.monotonic() - listened_at - STOP_CHECK_SECONDS - GATHER_SECONDS)
        for (claim, number), finding in heard:
            under_way = self._under_way[claim]
            under_way.left -= 1
            kept = under_way.doubtful if finding.reason in NETWORK else sure
            kept.append(ClaimedFinding(number, claim, finding))
        self._record(sure)

    def close(self) -> None:
        """Drop who has not answered, and let go of all that is claimed."""
        self._asking.close()
        for claim in self._under_way:
            selection.release(claim)
        self._tell()

    def _record(self, sure: list[ClaimedFinding]) -> None:
        """Record these answers, and what is doubtful of the batches that have ended, in one
        transaction.

        All but a suspicious batch: before that is examined, what is known so far is stored. It
        tells which names have answered, and holds whatever comes of the examination.
        """
        answers = sure
        ended: list[_UnderWay] = []
        for batch in list(self._under_way.values()):
            if batch.left or len(answers) >= MOST_ANSWERS or not self.flows:
                break
            findings = [answer.finding for answer in batch.doubtful]
            if is_suspicious(findings, len(batch.batch.names)):
                self._store(answers, ended)
                answers = []
                ended = []
                if not self._is_believed(batch, findings):
                    break
            answers = [*answers, *batch.doubtful]
            ended.append(batch)
        self._store(answers, ended)

    def _store(self, answers: list[ClaimedFinding], ended: list[_UnderWay]) -> None:
        record_together(answers, self._work.run_id, self._work.clock())
        if not ended:
            return
        if not self._well:
            runs.went_well(self._work.run_id)
            self._well = True
        for batch in ended:
            del self._under_way[batch.batch.claim]
        self._dry = False

    def _is_believed(self, suspicious: _UnderWay, findings: list[Finding]) -> bool:
        """Whether it is servers that do not answer. Not where we have no network, which is noted on
        the run, nor where a stop came before that was known. Raises MachineBusy."""
        if self._was_busy(suspicious):
            self._asking.forget()
            raise MachineBusy
        names = len(suspicious.batch.names)
        offline = is_offline(findings, names, self._work.stop, self._glance)
        if self._work.stop.is_set():
            return False
        if offline:
            run_id = self._work.run_id
            log.warning(
                "this machine has no network: the refresh %d stores nothing and is tried again",
                run_id,
            )
            runs.went_offline(run_id, self._work.clock())
            self._asking.forget()
            self.offline = True
        return not offline

    def _was_busy(self, batch: _UnderWay) -> bool:
        """Whether our own machine kept us waiting for much of the time that this batch took:
        suspended, or starved."""
        late = self._late - batch.late_before
        return late > max(LATE_SECONDS, (time.monotonic() - batch.begun_at) / 5)

    def _glance(self) -> None:
        """Hold what is claimed, and show how far it is."""
        if time.monotonic() - self._renewed_at > selection.lease().total_seconds() / 3:
            self._renewed_at = time.monotonic()
            for claim in self._under_way or [""]:
                selection.renew(claim, self._work.owner, self._work.clock())
        self._tell()

    def _tell(self) -> None:
        if self._work.progress is not None:
            self._work.progress(
                db.session.get_one(RefreshRun, self._work.run_id, populate_existing=True)
            )
        db.session.rollback()  # no transaction is open while we wait
