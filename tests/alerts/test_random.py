"""Histories that no one has thought of: what always holds."""

import json
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from tests.alerts.history import History, day

GAPS = (1 / 86400, 1 / 1440, 1 / 288, 1 / 24, 1, 5)  # days
STATES = {
    "valid": ["ok"],
    "invalid": ["refused", "expired", "chain_expired"],
    "unknown": ["timeout"],
}


def made_up(random):
    """Four names, everything that can happen to them, and the outages."""
    history, now, leaves = History(), 0.0, dict.fromkeys("abcd", (-20, 90))
    for _ in range(random.randrange(10, 200)):
        now += random.choice(GAPS) * random.random()
        name = random.choice("abcd")
        if random.random() < 0.15:
            leaves[name] = (now - random.random() * 60, random.choice([6, 47, 90]))
        chance = random.random()
        if chance < 0.75:
            state = random.choice(["valid", "valid", "valid", "invalid", "unknown"])
            address = random.choice(["192.0.2.1", "192.0.2.2"])
            reason = random.choice(STATES[state])
            history.look(day(now), name, state, reason, leaves[name], address=address)
        elif chance < 0.82:
            history.monitor(day(now), random.choice(["offline", "online"]))
        elif chance < 0.88:
            history.add(day(now), name=name, mute_until=day(now + random.random() * 5).isoformat())
        elif chance < 0.94:
            history.add(day(now), name=name, acknowledge=True)
        else:
            history.add(day(now), name=name, item=random.choice(["inactive", "active"]))
    return history, day(now) + timedelta(days=random.choice([0, 30, 200]))


def outages(history):
    """From, to, of each outage."""
    since = None
    for at, line in history.lines:
        word = json.loads(line).get("monitor")
        if word == "offline":
            since = since or at
        elif word == "online" and since is not None:
            yield since, at
            since = None
    if since is not None:
        yield since, day(9999)


@pytest.mark.parametrize("seed", range(40))
def test_what_always_holds(seed):
    history, until = made_up(Random(seed))  # noqa: S311 - made-up facts, no secrets
    messages = history.messages(until)
    assert [message.at for message in messages] == sorted(message.at for message in messages)
    ill = list(outages(history))
    reminded, troubled = Counter(), set()
    for message in messages:
        assert not any(begin <= message.at < end for begin, end in ill)
        assert len({event.name for event in message.events}) <= 4
        for event in message.events:
            told = (message.to, event.name)
            if message.reminder:
                reminded[told, message.at.date()] += 1
            elif event.kind == "recovered":
                assert told in troubled
                troubled.remove(told)
            elif event.kind in ("invalid", "expired", "unknown"):
                troubled.add(told)
    assert max(reminded.values(), default=1) == 1
