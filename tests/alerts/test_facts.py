"""What a line of a history says, and which lines are refused."""

import json

import pytest

from tests.alerts.history import at
from webapp.alerts.facts import Acknowledge, Activity, BadFact, Monitor, Mute, read_fact
from webapp.probe.finding import State

AT = {"at": "2026-01-01T02:00:00Z"}
LOOK = AT | {"name": "a", "state": "valid"}


def fact(**line):
    return read_fact(json.dumps(AT | line))


def test_each_kind_of_line_is_read():
    now = at("02:00")
    assert fact(monitor="offline") == Monitor(now, online=False)
    assert fact(name="a", mute_until="2026-01-01T03:00:00+01:00") == Mute(now, "a", now)
    assert fact(name="a", acknowledge=True) == Acknowledge(now, "a")
    assert fact(name="a", item="inactive") == Activity(now, "a", active=False)


def test_a_look_takes_nulls_and_ignores_what_it_does_not_know():
    look = read_fact(json.dumps(LOOK | {"client": None, "not_after": None, "elapsed": [1]}))
    assert (look.state, look.client, look.certificate) == (State.VALID, None, None)


def test_an_issuer_is_a_common_name_and_an_organisation():
    look = read_fact(
        json.dumps(LOOK | {"fingerprint": "f", "issuer": "G2, GoDaddy.com, Inc.", "names": ["a"]})
    )
    assert look.certificate.organisation == "godaddy.com, inc."
    assert look.certificate._replace(issuer="Only One").organisation == "only one"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("{", ""),
        ("[" * 100_000, ""),
        ("[]", ""),
        (AT, ""),
        ({"name": "a", "state": "valid"}, "at"),
        (LOOK | {"at": "yesterday"}, "at"),
        (LOOK | {"at": 5}, "at"),
        (LOOK | {"at": "0001-01-01T00:00:00+14:00"}, "at"),
        (LOOK | {"at": "9999-12-31T00:00:00Z"}, "at"),
        (LOOK | {"name": ""}, "name"),
        (LOOK | {"state": "green"}, "state"),
        (LOOK | {"state": []}, "state"),
        (LOOK | {"client": 7}, "client"),
        (LOOK | {"not_after": "2026-13-01"}, "not_after"),
        (LOOK | {"names": ["a", 1]}, "names"),
        (AT | {"monitor": "ill"}, "monitor"),
        (AT | {"name": "a", "acknowledge": 1}, "acknowledge"),
        (AT | {"name": "a", "mute_until": None}, "mute_until"),
        (AT | {"item": "active"}, "name"),
    ],
)
def test_a_wrong_line_is_refused_with_its_key(line, key):
    with pytest.raises(BadFact) as refused:
        read_fact(line if isinstance(line, str) else json.dumps(line))
    assert refused.value.key == key
