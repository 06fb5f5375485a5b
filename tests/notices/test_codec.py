"""What is stored and loaded again between two facts tells the same as what was kept in memory."""

import json

from tests.alerts.fleet import Fleet
from webapp.alerts.evaluation import Evaluation
from webapp.alerts.incidents import Incidents
from webapp.alerts.memory import Memory
from webapp.alerts.rehearsal import in_order, rehearse
from webapp.alerts.rules import RuleBook
from webapp.notices import codec
from webapp.notices.codec import Common


def through_json(value, dump, load):
    return load(json.loads(json.dumps(dump(value))))


def stored_and_loaded(memory, book):
    """The memory as the next process has it."""
    common = Common(memory.outage, held=memory.held, held_incidents=memory.held_incidents)
    common = through_json(common, codec.dump_common, codec.load_common)
    loaded = Memory(
        memory.now,
        {
            name: through_json(one, codec.dump_name, lambda state: codec.load_name(state, book))
            for name, one in memory.names.items()
        },
        Incidents(
            [
                through_json(one, codec.dump_incident, codec.load_incident)
                for one in memory.incidents
            ],
            memory.incidents.last_id,
        ),
        common.outage,
        held=common.held,
        held_incidents=common.held_incidents,
    )
    for key in (*loaded.names, *(one.id for one in loaded.incidents), None):
        loaded.agenda.set(key, memory.agenda.moment_of(key))
    return loaded


def sorted_messages(messages):
    """Names of one moment may come in another order."""
    return sorted(
        (message._replace(events=tuple(sorted(message.events, key=str))) for message in messages),
        key=str,
    )


def test_a_memory_that_was_stored_tells_the_same():
    lines = [line.encode() for line in Fleet(60, 200, 3, catch_up=True).lines()]
    book = RuleBook()
    memory = Memory()
    told = []
    for number, fact in enumerate(in_order(lines)):
        if number % 500 == 0:
            memory = stored_and_loaded(memory, book)
        evaluation = Evaluation(book, memory)
        told += evaluation.advance(fact.at)
        evaluation.take(fact)
        told += evaluation.finish()
    assert len(told) > 100
    assert sorted_messages(told) == sorted_messages(rehearse(lines, book))
