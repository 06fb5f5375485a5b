"""What would have been told of a history, under these rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from webapp.alerts.evaluation import Evaluation
from webapp.alerts.facts import BadFact, Check, Fact, Wrong, read_fact
from webapp.alerts.messages import Message
from webapp.alerts.rules import RuleBook

# How much later than others of its time a line may come
DISORDER = timedelta(minutes=5)


class BadLine(Exception):
    """A line that cannot be taken. `key` is the one that is wrong; empty: the line as a whole."""

    def __init__(self, number: int, wrong: Wrong, key: str = "") -> None:
        super().__init__(number, wrong, key)
        self.number = number
        self.wrong = wrong
        self.key = key


def rehearse(
    lines: Iterable[bytes], book: RuleBook, until: datetime | None = None
) -> Iterator[Message]:
    """The messages that these facts, a JSON object a line, lead to, up to `until` or the last of
    them. Raises `BadLine`."""
    return told_of(in_order(lines), book, until)


def told_of(
    facts: Iterable[Fact], book: RuleBook, until: datetime | None = None
) -> Iterator[Message]:
    """The same of facts in the order of their time."""
    evaluation = Evaluation(book)
    end = until
    for fact in facts:
        if until is not None and fact.at > until:
            break
        yield from evaluation.advance(fact.at)
        evaluation.take(fact)
        end = until or fact.at
    if end is not None:
        yield from evaluation.advance(end, through=True)
        yield from evaluation.finish()


def in_order(lines: Iterable[bytes]) -> Iterator[Fact]:
    """The facts of these lines, by their time. Few are held at once. Raises `BadLine`."""
    waiting: list[tuple[datetime, int, Fact]] = []
    newest = latest = datetime.min.replace(tzinfo=UTC)  # of all that were read, and given out
    last: dict[str, Check] = {}  # that were given out
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fact = read_fact(line.decode().removeprefix("\ufeff"))
        except UnicodeDecodeError:
            raise BadLine(number, Wrong.NO_JSON) from None
        except BadFact as error:
            raise BadLine(number, error.wrong, error.key) from None
        if fact.at < latest:
            if isinstance(fact, Check) and fact == last.get(fact.name):
                continue  # a repeat
            raise BadLine(number, Wrong.NO_ORDER, "at")
        heappush(waiting, (fact.at, number, fact))
        newest = max(newest, fact.at)
        while waiting[0][0] < newest - DISORDER:
            latest, _, fact = heappop(waiting)
            if isinstance(fact, Check):
                last[fact.name] = fact
            yield fact
    while waiting:
        yield heappop(waiting)[2]
